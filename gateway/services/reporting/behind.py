"""The requests behind a figure: how many, the same number as the figure says, and a page of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, Row, cast, null, select
from sqlmodel import Session

from gateway.rules.lifecycle import Channel
from gateway.rules.periods import Period
from gateway.services.reporting import behind_rows, counted, folding, queries
from gateway.services.reporting.counted import CLOSING, REQUEST, Counted, Span
from gateway.services.reporting.report import Filters

BY_ITSELF = 0
"""As who closed it: nobody."""


class Figure(StrEnum):
    """A figure that requests are behind; the values stand in addresses."""

    RECEIVED = "recibidas"
    CLOSED = "cerradas"
    ANSWERED = "contestadas"
    OPEN = "abiertas"
    REOPENED = "reabiertas"


@dataclass(frozen=True, slots=True)
class Behind:
    """Which requests: those of a figure, and of a part of it.

    `closer` (may be BY_ITSELF) is of closed and reopened ones, `hour`, a day of the week from Monday = 0 and
    an hour, of received ones: other figures have no such parts. Open ones are those at the period's end, the
    others may be of a `step`, some days of the period: closed there, and not closed later in the period.
    """

    figure: Figure
    period: Period
    filters: Filters = field(default_factory=Filters)
    channel: Channel | None = None
    closer: int | None = None
    hour: tuple[int, int] | None = None
    step: Period | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A request as a list shows it.

    `closed_at` and `closed_by` are of the closing that the figure counts (by None: by itself), the minutes
    what the figure measures: until that closing, or the first answer.
    """

    number: int
    subject: str
    topic: str
    requester: str
    company: str | None
    assignee: str | None
    channel: Channel
    opened_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    minutes: int | None
    work_minutes: int | None


def count(session: Session, behind: Behind, *, zone: ZoneInfo) -> int:
    """Return how many requests there are: what the figure says."""
    span = Span.of(behind.period, zone)
    if behind.figure is Figure.OPEN:
        ever, done = counted.received_before(span, behind.filters), counted.closed_then(span, behind.filters)
        return _how_many(session, ever, behind, zone) - _how_many(session, done, behind, zone)
    return _how_many(session, _rows(behind, span), behind, zone)


def lines(
    session: Session, behind: Behind, *, zone: ZoneInfo, after: int | None = None, limit: int
) -> list[Line]:
    """Return a page of them, some thousand at most, the highest number first.

    `after` is the number that the page before ended with.
    """
    rows = _narrowed(_rows(behind, Span.of(behind.period, zone)), behind, zone)
    page = rows.in_order(*_measured(behind.figure)).limit(limit)
    if after is not None:
        page = page.where(rows.table.c.ticket_id < after)
    found = session.execute(behind_rows.shown(page)).all()
    by_closing = behind.figure in (Figure.CLOSED, Figure.REOPENED)
    closed = behind_rows.closings(session, [each.id for each in found]) if by_closing else {}
    return [_line(each, closed.get(each.id, ())) for each in found]


def _how_many(session: Session, rows: Counted, behind: Behind, zone: ZoneInfo) -> int:
    return queries.how_many(session, _narrowed(rows, behind, zone))


def _rows(behind: Behind, span: Span) -> Counted:
    match behind.figure:
        case Figure.RECEIVED:
            return counted.received(span, behind.filters)
        case Figure.CLOSED:
            return counted.closed(span, behind.filters)
        case Figure.ANSWERED:
            return counted.answered(span, behind.filters)
        case Figure.REOPENED:
            return counted.reopened(span, behind.filters)
        case Figure.OPEN:
            rows = counted.received_before(span, behind.filters)
            return replace(rows, conditions=[*rows.conditions, counted.still_open(span)])


def _narrowed(rows: Counted, behind: Behind, zone: ZoneInfo) -> Counted:
    """The part that is asked for. A channel leaves a good part, whoever closed them or an hour does not."""
    more: list[ColumnElement[bool]] = []
    if behind.closer is not None and behind.figure in (Figure.CLOSED, Figure.REOPENED):
        more.append(CLOSING.c.closed_by == (None if behind.closer == BY_ITSELF else behind.closer))
    if behind.hour is not None and behind.figure is Figure.RECEIVED:
        more.append(REQUEST.c.opened.in_(folding.quarters_of(behind.period, *behind.hour, zone)))
    dense = rows.dense and not more
    if behind.channel is not None:
        came = REQUEST.c.channel == behind.channel
        of_closing = CLOSING.c.ticket_id.in_(select(REQUEST.c.ticket_id).where(came))
        more.append(came if rows.table is REQUEST else of_closing)
    if behind.step is not None and behind.figure is not Figure.OPEN:
        rows = _in_step(rows, Span.of(behind.step, zone))
    return replace(rows, conditions=[*rows.conditions, *more], dense=dense)


def _in_step(rows: Counted, step: Span) -> Counted:
    """Those of some days; which of several closings counts hangs on the whole period all the same."""
    begin = step.begin if rows.begin is None else max(rows.begin, step.begin)
    return replace(rows, begin=begin, end=min(rows.end, step.end))


def _measured(figure: Figure) -> Sequence[ColumnElement[Any]]:
    """What a figure says of a request: minutes, working minutes, which of its closings, and by whom."""
    nothing = cast(null(), Integer)
    columns: list[ColumnElement[Any]] = [nothing, nothing, nothing, nothing]
    match figure:
        case Figure.CLOSED | Figure.REOPENED:
            columns = [CLOSING.c.minutes, CLOSING.c.work_minutes, CLOSING.c.number, CLOSING.c.closed_by]
        case Figure.ANSWERED:
            columns = [REQUEST.c.answer_minutes, REQUEST.c.answer_work_minutes, nothing, nothing]
    names = ("minutes", "work_minutes", "closing", "closed_by")
    return [column.label(name) for column, name in zip(columns, names, strict=True)]


def _line(row: Row[Any], closings: Sequence[datetime]) -> Line:
    return Line(
        number=row.id,
        subject=row.subject,
        topic=row.topic,
        requester=row.requester,
        company=row.company,
        assignee=row.assignee,
        channel=row.channel,
        opened_at=row.created_at,
        answered_at=row.first_reply_at,
        closed_at=behind_rows.closed_at(closings, row.closing),
        closed_by=row.closer,
        minutes=row.minutes,
        work_minutes=row.work_minutes,
    )
