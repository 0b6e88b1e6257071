"""Every figure once more, from the lines of `sysmo export` alone: nothing of the program is used here.

What the words mean, in time of the zone a report is read in:

- A request counts unless its first message is automatic. It was received at its `created_at`.
- It is closed from an event "closed" until it is reopened: by an event "reopened", or by one that gives it
  to somebody ("taken", "assigned") while it is closed. Events come in the order they stand there, also
  those of one moment. Whoever closed it is the actor of "closed"; nobody: it closed by itself.
- received: requests received within the period.
- closed: requests with a closing within the period; of several the last one is meant, and who did that.
- reopened: requests that were opened again within the period, each once: of several times the last one is
  meant, and who had closed it then.
- open at end: received before the period is over, and not closed at its end.
- first answer: requests whose first public message of an operator, besides the one they were opened with,
  was written within the period. Of whoever wrote it.
- Times are whole minutes, rounded down: from the receipt to that closing, to that answer. Working time is
  that part of it which lies in working hours.
- A mean is exact; a median of an even number is the mean of the two in the middle.
- Topic, assignee and the requester's company are those the export tells, so today's. An operator's
  received and open ones are those assigned to them; the rest goes by who did it.

A figure is the requests behind it: here each is a dict of them by number, with what it says of each.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.services.reporting.own_hours import OwnHours

MINUTE = 60_000
OPENS_AGAIN = ("reopened", "taken", "assigned")


@dataclass
class Closing:
    """One closing; moments are milliseconds since 1970, in UTC, as the export rounds them."""

    at: int
    by: str | None
    reopened: int | None = None


@dataclass(frozen=True)
class Request:
    """What the export says of one request."""

    number: int
    opened: int
    topic: str
    channel: str
    company: str | None
    assignee: str | None
    answered: int | None
    answered_by: str | None
    closings: Sequence[Closing]

    def open_at(self, moment: int) -> bool:
        """Whether it is there just before a moment, and not closed."""
        if self.opened >= moment:
            return False
        before = [each for each in self.closings if each.at < moment]
        return not before or (before[-1].reopened is not None and before[-1].reopened < moment)


@dataclass(frozen=True)
class Wanted:
    """Days, both included, and what a report is narrowed to. `company`: a CUIT, "" for people of none."""

    first: date
    last: date
    topic: str | None = None
    operator: str | None = None
    company: str | None = None


Took = tuple[int, int]
"""Minutes and working minutes."""


class Recount:
    """The requests of an export, counted as the words above say."""

    def __init__(self, lines: Iterable[Mapping[str, Any]], hours: OwnHours, zone: ZoneInfo) -> None:
        lines = list(lines)
        company = {line["email"]: line["company"] for line in lines if line["type"] == "user"}
        found = [_request(line, company) for line in lines if line["type"] == "ticket" and _counts(line)]
        self.requests, self.hours, self.zone = found, hours, zone

    # The requests behind each figure

    def received(self, wanted: Wanted) -> dict[int, Request]:
        begin, end = self._span(wanted)
        return {each.number: each for each in self._of(wanted, own=True) if begin <= each.opened < end}

    def open_at_end(self, wanted: Wanted) -> dict[int, Request]:
        _, end = self._span(wanted)
        return {each.number: each for each in self._of(wanted, own=True) if each.open_at(end)}

    def closed(self, wanted: Wanted) -> dict[int, tuple[Request, Closing]]:
        begin, end = self._span(wanted)
        found = {}
        for each in self._of(wanted):
            within = [closing for closing in each.closings if begin <= closing.at < end]
            if within and wanted.operator in (None, within[-1].by):
                found[each.number] = (each, within[-1])
        return found

    def reopened(self, wanted: Wanted) -> dict[int, Closing]:
        """With the closing that came to nothing."""
        begin, end = self._span(wanted)
        found = {}
        for each in self._of(wanted):
            undone = [closing for closing in each.closings if begin <= (closing.reopened or 0) < end]
            if undone and wanted.operator in (None, undone[-1].by):
                found[each.number] = undone[-1]
        return found

    def answered(self, wanted: Wanted) -> dict[int, Request]:
        begin, end = self._span(wanted)
        return {
            each.number: each
            for each in self._of(wanted)
            if each.answered is not None
            and begin <= each.answered < end
            and wanted.operator in (None, each.answered_by)
        }

    # How long they took

    def resolutions(self, closed: Iterable[tuple[Request, Closing]]) -> list[Took]:
        return [self._took(request.opened, closing.at) for request, closing in closed]

    def first_answers(self, answered: Iterable[Request]) -> list[Took]:
        return [self._took(each.opened, each.answered or 0) for each in answered]

    def local(self, moment: int) -> datetime:
        return datetime.fromtimestamp(moment // 1000, UTC).astimezone(self.zone)

    def _took(self, begin: int, end: int) -> Took:
        return (end - begin) // MINUTE, self.hours.between(begin, end) // MINUTE

    def _of(self, wanted: Wanted, *, own: bool = False) -> list[Request]:
        """`own`: an operator's are those assigned to them."""
        return [
            each
            for each in self.requests
            if wanted.topic in (None, each.topic)
            and wanted.company in (None, each.company or "")
            and (not own or wanted.operator in (None, each.assignee))
        ]

    def _span(self, wanted: Wanted) -> tuple[int, int]:
        return _midnight(wanted.first, self.zone), _midnight(wanted.last + timedelta(days=1), self.zone)


def mean(values: Sequence[int]) -> Fraction | None:
    return Fraction(sum(values), len(values)) if values else None


def median(values: Sequence[int]) -> Fraction | None:
    ordered, half = sorted(values), len(values) // 2
    if not ordered:
        return None
    return Fraction(ordered[half]) if len(ordered) % 2 else Fraction(ordered[half - 1] + ordered[half], 2)


def milliseconds(moment: str) -> int:
    """The number of an ISO 8601 moment."""
    since = datetime.fromisoformat(moment) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(milliseconds=1)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp()) * 1000


def _counts(ticket: Mapping[str, Any]) -> bool:
    return not ticket["messages"][0]["automatic"]


def _request(ticket: Mapping[str, Any], company: Mapping[str, str | None]) -> Request:
    answer = next((each for each in ticket["messages"][1:] if _answers(each)), None)
    return Request(
        number=ticket["number"],
        opened=milliseconds(ticket["created_at"]),
        topic=ticket["topic"],
        channel=ticket["channel"],
        company=company[ticket["requester"]],
        assignee=ticket["assignee"],
        answered=milliseconds(answer["created_at"]) if answer else None,
        answered_by=answer["author"] if answer else None,
        closings=_closings(ticket["events"]),
    )


def _answers(message: Mapping[str, Any]) -> bool:
    return message["role"] == "operator" and message["kind"] == "public" and not message["automatic"]


def _closings(events: Sequence[Mapping[str, Any]]) -> list[Closing]:
    found: list[Closing] = []
    for each in events:
        is_closed = bool(found) and found[-1].reopened is None
        if each["kind"] == "closed" and not is_closed:
            found.append(Closing(milliseconds(each["at"]), each["actor"]))
        elif each["kind"] in OPENS_AGAIN and is_closed:
            found[-1].reopened = milliseconds(each["at"])
    return found
