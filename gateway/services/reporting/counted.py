"""Which rows each figure counts. Figures add them up, lists show the requests behind: one and the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.reports import CountedClosing, CountedRequest
from gateway.models.tickets import Ticket
from gateway.rules.periods import Period
from gateway.services.reporting.report import NO_COMPANY, Filters

LONG = 120 * 96
"""Quarters of an hour beyond which an index is better walked whole: see `Counted`."""

REQUEST, CLOSING = table_of(CountedRequest), table_of(CountedClosing)
_TICKET, _PERSON = table_of(Ticket).c, table_of(User).c
_LATER, _EVERY = CLOSING.alias("later"), REQUEST.alias("every")


class Unindexed(FunctionElement[Any]):
    """A column that SQLite does not look up in an index: it guesses. PostgreSQL knows its rows better."""

    inherit_cache = True


@compiles(Unindexed)
def _plain(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(Unindexed, "sqlite")
def _marked(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@dataclass(frozen=True, slots=True)
class Span:
    """Quarters of an hour: the first of a period, and the first after it."""

    begin: int
    end: int

    @classmethod
    def of(cls, period: Period, zone: ZoneInfo) -> "Span":
        return cls(*period.quarters(zone))


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows of a table whose `moment` is in a span and that meet conditions; `begin` None: all until its end.

    `dense`: little but the span narrows them, so over a long time they are a good part of the table.
    """

    table: FromClause
    moment: Column[int]
    begin: int | None
    end: int
    conditions: Sequence[ColumnElement[bool]]
    dense: bool

    def select(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """Columns of these rows."""
        return select(*columns).where(*self.met(self.moment))

    def groups(self, key: Column[Any], *more: Column[Any], sums: Sequence[ColumnElement[Any]]) -> Select[Any]:
        """What these rows add up to for each value of a key that an index begins with, and of more columns.

        Over a long time it costs SQLite half to walk that index, where each group stands together, and to
        look at the moment on the way; else it is better off to find the rows and to sort them.
        """
        if self._many:
            met = self.met(Unindexed(self.moment))
            return select(key, *more, *sums).where(*met).group_by(key, *more)
        apart = Unindexed(key)
        return self.select(apart.label(key.name), *more, *sums).group_by(apart, *more)

    def in_order(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """The number of each request and columns, the highest number first.

        Of many rows a page is found soonest from the last number that there was by the end of the span; of
        few it is not: databases would pass all that came since, so they are kept from it.
        """
        key = self.table.c.ticket_id
        if not self._many:
            return self.select(key, *columns).order_by((key + 0).desc())
        last = select(func.max(_EVERY.c.ticket_id)).where(_EVERY.c.opened < self.end).scalar_subquery()
        return select(key, *columns).where(*self.met(self.moment + 0), key <= last).order_by(key.desc())

    @property
    def _many(self) -> bool:
        """Whether they are so many that it is better to pass them all in a useful order."""
        return self.dense and (self.begin is None or self.end - self.begin > LONG)

    def met(self, moment: ColumnElement[int]) -> Sequence[ColumnElement[bool]]:
        """Every condition, the moment said in the given way."""
        since = [] if self.begin is None else [moment >= self.begin]
        return [*since, moment < self.end, *self.conditions]


def received(span: Span, filters: Filters) -> Counted:
    """Requests that were opened in the span."""
    conditions = [*_about(REQUEST, filters), *_assigned(REQUEST, filters)]
    return Counted(REQUEST, REQUEST.c.opened, span.begin, span.end, conditions, filters == Filters())


def received_before(span: Span, filters: Filters) -> Counted:
    """Requests that were opened before the span's end."""
    conditions = [*_about(REQUEST, filters), *_assigned(REQUEST, filters)]
    dense = filters.operator is None and filters.company is None
    return Counted(REQUEST, REQUEST.c.opened, None, span.end, conditions, dense)


def answered(span: Span, filters: Filters) -> Counted:
    """Requests that were first answered in the span."""
    by = [] if filters.operator is None else [REQUEST.c.answered_by == filters.operator]
    conditions = [*_about(REQUEST, filters), *by]
    return Counted(REQUEST, REQUEST.c.answered, span.begin, span.end, conditions, filters == Filters())


def closed(span: Span, filters: Filters) -> Counted:
    """The last closing in the span of each request that was closed in it."""
    conditions = [_last_before(span.end), *_about(CLOSING, filters), *_closed_by(filters)]
    return Counted(CLOSING, CLOSING.c.closed, span.begin, span.end, conditions, filters == Filters())


def closed_then(span: Span, filters: Filters) -> Counted:
    """The closing of each request that is closed at the span's end, however long."""
    still = or_(CLOSING.c.reopened.is_(None), CLOSING.c.reopened >= span.end)
    conditions = [_last_before(span.end), still, *_about(CLOSING, filters), *_assigned(CLOSING, filters)]
    return Counted(CLOSING, CLOSING.c.closed, None, span.end, conditions, filters == Filters())


def reopened(span: Span, filters: Filters) -> Counted:
    """Of each request that was reopened in the span the closing that was undone last in it."""
    later = exists().where(
        _LATER.c.ticket_id == CLOSING.c.ticket_id,
        _LATER.c.number > CLOSING.c.number,
        _LATER.c.reopened < span.end,
    )
    conditions = [~later.correlate(CLOSING), *_about(CLOSING, filters), *_closed_by(filters)]
    return Counted(CLOSING, CLOSING.c.reopened, span.begin, span.end, conditions, dense=False)


def still_open(span: Span) -> ColumnElement[bool]:
    """Whether a request of `received_before` is not closed at the span's end."""
    closing = closed_then(span, Filters())
    own = CLOSING.c.ticket_id == REQUEST.c.ticket_id
    return ~exists().where(own, *closing.met(closing.moment)).correlate(REQUEST)


def _last_before(end: int) -> ColumnElement[bool]:
    return or_(CLOSING.c.next_closed.is_(None), CLOSING.c.next_closed >= end)


def _about(table: FromClause, filters: Filters) -> list[ColumnElement[bool]]:
    """Topic and company, both as they are today."""
    conditions = []
    if filters.topic is not None:
        conditions.append(table.c.topic_id == filters.topic)
    if filters.company is not None:
        company = None if filters.company == NO_COMPANY else filters.company
        people = select(_PERSON.id).where(_PERSON.company_id == company)
        conditions.append(table.c.requester_id.in_(people))
    return conditions


def _assigned(table: FromClause, filters: Filters) -> list[ColumnElement[bool]]:
    if filters.operator is None:
        return []
    return [table.c.ticket_id.in_(select(_TICKET.id).where(_TICKET.assignee_id == filters.operator))]


def _closed_by(filters: Filters) -> list[ColumnElement[bool]]:
    return [] if filters.operator is None else [CLOSING.c.closed_by == filters.operator]
