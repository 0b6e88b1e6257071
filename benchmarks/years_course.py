"""What became of each request of the years: answered, closed, opened again; and what reports count of it."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from gateway.rules.periods import minutes_between, quarter_of
from gateway.rules.working_time import USUAL, WorkClock

ZONE = ZoneInfo("America/Argentina/Buenos_Aires")
EVENTS = 8
"""Numbers of events that each request has for itself."""
AGAIN, BY_ITSELF = 0.05, 0.05
"""How many of the closed are opened again and closed later; how many close by themselves."""

CLOCK = WorkClock(USUAL, ZONE)

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Closing:
    at: datetime
    by: int | None
    reopened: datetime | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """A request's way. `answer`: the message that answers it first, and when."""

    number: int
    topic: int
    client: int
    operator: int
    opened: datetime
    answer: tuple[int, datetime] | None
    closings: Sequence[Closing]

    @property
    def closed(self) -> datetime | None:
        return self.closings[-1].at if self.closings else None

    def events(self, first_message: int) -> list[Row]:
        told: list[tuple[str, int | None, int | None, datetime]] = [
            ("opened", self.client, first_message, self.opened)
        ]
        if self.answer is not None:
            told.append(("replied", self.operator, *self.answer))
        for each in self.closings:
            told.append(("closed", each.by, None, each.at))
            if each.reopened is not None:
                told.append(("reopened", self.operator, None, each.reopened))
        begin = self.number * EVENTS
        return [
            (begin + place, self.number, kind, actor, message, moment(at), "{}")
            for place, (kind, actor, message, at) in enumerate(told)
        ]

    def counted_request(self) -> Row:
        """As services/recounting would write it; a test compares."""
        answer: Row = (None, None, None, None)
        if self.answer is not None:
            at = self.answer[1]
            answer = (quarter_of(at), self.operator, *self._took(at))
        return (self.number, quarter_of(self.opened), self.topic, self.client, "web", *answer)

    def counted_closings(self) -> Iterator[Row]:
        for number, (each, after) in enumerate(pairwise([*self.closings, None]), 1):
            if each is not None:
                about = (self.number, number, quarter_of(each.at), each.by, self.topic, self.client)
                further = (each.reopened, after and after.at)
                later = (quarter_of(moment) if moment else None for moment in further)
                yield (*about, *self._took(each.at), *later)

    def _took(self, end: datetime) -> tuple[int, int]:
        return minutes_between(self.opened, end), CLOCK.minutes(self.opened, end)


def closings(chance: random.Random, at: datetime, operator: int) -> list[Closing]:
    """The closings of a request first closed at a moment."""
    by = None if chance.random() < BY_ITSELF else operator
    if chance.random() >= AGAIN:
        return [Closing(at, by)]
    reopened = at + timedelta(hours=chance.random() * 240)
    return [Closing(at, by, reopened), Closing(reopened + timedelta(hours=chance.random() * 48), operator)]


def moment(at: datetime) -> str:
    """A moment as the tables hold it."""
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")
