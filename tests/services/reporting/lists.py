"""The list behind each figure: how the program is asked for it, and what has to stand there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from gateway.rules.lifecycle import Channel
from gateway.rules.periods import Period
from gateway.services.reporting.behind import BY_ITSELF, Behind, Figure, Line
from gateway.services.reporting.report import NO_COMPANY
from tests.services.reporting import asked, expected
from tests.services.reporting.expected import Names
from tests.services.reporting.recount import Closing, Recount, Request, Wanted

FIGURES = {
    "received": Figure.RECEIVED,
    "closed": Figure.CLOSED,
    "answered": Figure.ANSWERED,
    "reopened": Figure.REOPENED,
    "open at end": Figure.OPEN,
}

_OFTEN_NONE = (
    "topic Sin pedidos received",
    "topic Sin pedidos closed",
    "hour 6 3 received",
    "operator martin@sysmo.example closed",
    "operator martin@sysmo.example reopened",
    f"operator {expected.BY_ITSELF} closed",
)

Row = tuple[Any, ...]


def asked_for(key: str, names: Names, wanted: Wanted) -> Behind:
    """What a figure's link asks, by the name the figure has in `expected`."""
    part, _, figure = key.rpartition(" ")
    if key in FIGURES:
        part, figure = "", key
    filters = asked.filters(names, wanted)
    whole = Behind(FIGURES[figure], Period(wanted.first, wanted.last), filters)
    match part.split(" ", 1):
        case [""]:
            return whole
        case ["topic", name]:
            topic = _key(names.topics, name)
            return replace(whole, filters=replace(filters, topic=topic))
        case ["company", cuit]:
            company = _key(names.companies, cuit) if cuit else NO_COMPANY
            return replace(whole, filters=replace(filters, company=company))
        case ["operator", who]:
            closer = BY_ITSELF if who == expected.BY_ITSELF else _key(names.people, who)
            return replace(whole, closer=closer)
        case ["channel", channel]:
            return replace(whole, channel=Channel(channel))
        case ["hour", place]:
            day, hour = place.split()
            return replace(whole, hour=(int(day), int(hour)))
        case [day]:
            return replace(whole, step=Period(date.fromisoformat(day), date.fromisoformat(day)))
    raise ValueError(key)


def some_of(behind: Iterable[str]) -> list[str]:
    """The figures whose lists are looked at: of many days and hours some, and some that count nothing."""
    keys = list(behind)
    small = [each for each in keys if each[0].isdigit() or each.startswith("hour")]
    step = 1 + len(small) // 12
    return [*(each for each in keys if each not in small), *small[::step], *FIGURES, *_OFTEN_NONE]


@dataclass(frozen=True)
class Rows:
    """What stands in the list of a figure, the highest number first: requests, moments, who and minutes."""

    count: Recount
    wanted: Wanted
    behind: Mapping[str, set[int]]

    def of(self, key: str) -> list[Row]:
        found = {each.number: each for each in self.count.requests}
        requests = [found[number] for number in sorted(self.behind.get(key, ()), reverse=True)]
        return [(*_same(each), *self._said(key, each)) for each in requests]

    def _said(self, key: str, request: Request) -> Row:
        """What the figure says of a request besides."""
        if key.endswith("closed"):
            (took,) = self.count.resolutions([self.closed[request.number]])
            closing = self.closed[request.number][1]
            return closing.at, closing.by, *took
        if key.endswith("reopened"):
            closing = self.undone[request.number]
            return closing.at, closing.by
        if key == "answered":
            (took,) = self.count.first_answers([request])
            return request.answered, *took
        return ()

    @cached_property
    def closed(self) -> Mapping[int, tuple[Request, Closing]]:
        return self.count.closed(self.wanted)

    @cached_property
    def undone(self) -> Mapping[int, Closing]:
        return self.count.reopened(self.wanted)


def _same(request: Request) -> Row:
    """What every list says of a request."""
    return request.number, request.opened, request.topic, request.channel, request.assignee


def rows_shown(key: str, lines: Iterable[Line], names: Names) -> list[Row]:
    """The same of the program's lines. Here everybody's name is the first part of their address."""
    shown: list[Row] = []
    emails: dict[str | None, str] = {email.split("@")[0].title(): email for email in names.people.values()}
    for each in lines:
        row = (
            each.number,
            _milliseconds(each.opened_at),
            each.topic,
            each.channel,
            emails.get(each.assignee),
        )
        if key.endswith("closed"):
            at, minutes = _milliseconds(each.closed_at), (each.minutes, each.work_minutes)
            shown.append((*row, at, emails.get(each.closed_by), *minutes))
        elif key.endswith("reopened"):
            shown.append((*row, _milliseconds(each.closed_at), emails.get(each.closed_by)))
        elif key == "answered":
            shown.append((*row, _milliseconds(each.answered_at), each.minutes, each.work_minutes))
        else:
            shown.append(row)
    return shown


def _milliseconds(moment: datetime | None) -> int | None:
    """As an export says it."""
    if moment is None:
        return None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def _key(names: Mapping[int, str], name: str) -> int:
    return next(key for key, value in names.items() if value == name)
