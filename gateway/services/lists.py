"""Which requests a list holds, for whom, in which order: conditions and queries, no rows yet.

A list is put together from arms, each one walk along an index in the order of the list: a topic and a
state, somebody's and a state. So the first page costs the same whatever the list's length, and the
later ones too, since a page begins after a key and skips nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.tickets import Attachment, Message, Ticket, TicketSeen
from gateway.models.topics import TopicOperator
from gateway.rules.lifecycle import Status
from gateway.rules.people import Role, Sender
from gateway.services import named
from gateway.services.statements import run

UNASSIGNED = 0
"""As an assignee: nobody."""

Readable = Callable[[FromClause], ColumnElement[bool]]
"""Which messages somebody may read, as a condition on their table."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_KEY = 40
_TICKET, _FILE, _SEEN = table_of(Ticket), table_of(Attachment), table_of(TicketSeen)
_MESSAGE = table_of(Message).alias("every")
_SERVING = table_of(TopicOperator).c

READER = bindparam("reader", type_=Integer())
"""Who asks: their statements hold the place, the values their number."""

_SERVED = select(_SERVING.topic_id).where(_SERVING.user_id == READER).order_by(_SERVING.topic_id)


class View(StrEnum):
    """Which list; the values stand in addresses that people share."""

    ASSIGNED = "asignadas"
    TOPICS = "tematicas"
    MINE = "mias"


class Shown(StrEnum):
    """Which states are listed."""

    OPEN = "abiertas"
    ALL = "todas"
    NEW = "nuevo"
    IN_PROGRESS = "en-proceso"
    CLOSED = "cerrado"


class Order(StrEnum):
    """What comes first: the newest activity, who waits longest for an answer, the oldest activity.

    Where nobody waits, the newest activity, after all that wait.
    """

    RECENT = "reciente"
    WAITING = "espera"
    OLDEST = "antiguas"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a list is asked for. `assignee` UNASSIGNED: nobody. Days are of activity, both included."""

    view: View
    shown: Shown = Shown.OPEN
    words: str = ""
    topic: int | None = None
    assignee: int | None = None
    company: str = ""
    client: str = ""
    since: date | None = None
    until: date | None = None
    unread: bool = False
    files: bool = False
    order: Order = Order.RECENT


@dataclass(frozen=True, slots=True)
class Key:
    """Where a page ends: the moment and number of its last row; `waiting`: among those that wait."""

    activity: datetime
    number: int
    waiting: bool = False

    def __str__(self) -> str:
        moment = (self.activity - _EPOCH) // timedelta(microseconds=1)
        return f"{'e' if self.waiting else ''}{moment}-{self.number}"


def key_of(text: str) -> Key | None:
    """Return the key written in an address, or None when it is none."""
    waiting = text.startswith("e")
    activity, _, number = text[waiting:_LONGEST_KEY].partition("-")
    if not all(part.isascii() and part.isdigit() for part in (activity, number)):
        return None
    try:
        return Key(_EPOCH + timedelta(microseconds=int(activity)), min(int(number), 2**31 - 1), waiting)
    except OverflowError:
        return None


def rows_of(limit: int) -> ColumnElement[int]:
    """A limit written into its statement: of one that is a value, PostgreSQL expects a tenth of the table,
    and plans the statement anew for each page."""
    return literal_column(str(limit), Integer())


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch of a list, along one moment of its requests, up or down."""

    moment: ColumnElement[Any]
    down: bool
    waiting: bool = False
    conditions: tuple[ColumnElement[bool], ...] = ()

    def after(self) -> ColumnElement[bool]:
        """Whether a ticket comes after the key in the statement's values."""
        number, moment = _TICKET.c.id, bindparam("after_moment", type_=self.moment.type)
        last = bindparam("after_number", type_=Integer())
        if self.down:
            bound, further = self.moment <= moment, or_(self.moment < moment, number < last)
        else:
            bound, further = self.moment >= moment, or_(self.moment > moment, number > last)
        return and_(bound, further)  # the range, said apart, is looked up in the index

    def ordered(self, query: Select[Any], limit: int) -> Select[Any]:
        """The first rows of a query on tickets, in this order."""
        if self.down:
            return query.order_by(self.moment.desc(), _TICKET.c.id.desc()).limit(rows_of(limit))
        return query.order_by(self.moment, _TICKET.c.id).limit(rows_of(limit))


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a wish makes another statement, apart from filters; the rest are its values.

    `topics`: how many the reader answers. `assignee`: None for any, UNASSIGNED, or 1 for somebody.
    """

    view: View
    shown: Shown
    order: Order
    topics: int
    everything: bool
    chosen_topic: bool
    assignee: int | None

    @property
    def activity(self) -> ColumnElement[datetime]:
        return _TICKET.c.public_at if self.view is View.MINE else _TICKET.c.updated_at


@dataclass(frozen=True, slots=True)
class Source:
    """The requests of a wish that its reader may see, each of which must pass the filters besides.

    `values` are for all its statements, which are the same for all who ask for the same. `checks` are filters
    that look beyond the request itself: to be asked of some at a time.
    """

    shape: Shape
    filters: Sequence[ColumnElement[bool]]
    values: Mapping[str, Any]
    checks: Sequence[ColumnElement[bool]] = ()

    @property
    def whole(self) -> ColumnElement[bool]:
        """All of them as one condition, for whoever comes from elsewhere."""
        return _arms(self.shape)[1]

    @property
    def arms(self) -> Sequence[Sequence[ColumnElement[bool]]]:
        """All of them as conditions for each index they are found along."""
        return _arms(self.shape)[0]

    @property
    def runs(self) -> Sequence[Run]:
        return _runs(self.shape.order, self.shape.activity)

    def first(self, run: Run, limit: int, *, after: bool = False) -> Select[tuple[int, datetime]]:
        """The numbers and moments of the first requests of a run, in its order."""
        if not self.filters:
            return _first_plain(self.shape, limit, waiting=run.waiting, after=after)
        return _first(self.arms, self.filters, run, limit, after=after)


def source_of(
    session: Session,
    reader: Sender,
    wish: Wish,
    *,
    zone: ZoneInfo,
    readable: Readable | None = None,
    served: Sequence[int] | None = None,
) -> Source:
    """Return where to look for a wish. What the reader may see is decided here, for every list (C6).

    `readable` are the messages that count; None: all of them. `served` are the topics the reader answers,
    from whoever asked the database in this transaction already.
    """
    everything = reader.role is Role.ADMIN
    allowed: Sequence[int] = ()
    if wish.view is View.TOPICS and not everything:
        allowed = topics_of(session, reader) if served is None else served
    somebody = wish.assignee if wish.assignee in (None, UNASSIGNED) else 1
    chosen = wish.topic is not None
    shape = Shape(wish.view, wish.shown, wish.order, len(allowed), everything, chosen, somebody)
    filters = _days(wish, shape.activity, zone)
    checks = [unread(readable)] if wish.unread else []
    if wish.files:
        checks.append(has_files(readable))
    checks += named.conditions(wish.client, wish.company)
    values = {"reader": reader.user_id, "topic": wish.topic, "assignee": wish.assignee, "topics": allowed}
    values |= {f"topic_{place}": each for place, each in enumerate(allowed)}
    return Source(shape, filters, values, checks)


def after_key(key: Key | None) -> dict[str, Any]:
    """The values of `Run.after`."""
    return {} if key is None else {"after_moment": key.activity, "after_number": key.number}


def unread(readable: Readable | None = None) -> ColumnElement[bool]:
    """Whether somebody else wrote since the reader last opened the ticket."""
    upto = (
        select(_SEEN.c.number)
        .where(_SEEN.c.user_id == READER, _SEEN.c.ticket_id == _TICKET.c.id)
        .correlate(_TICKET)
        .scalar_subquery()
    )
    by_another = or_(_MESSAGE.c.author_id != READER, _MESSAGE.c.author_id.is_(None))
    conditions = [
        _MESSAGE.c.ticket_id == _TICKET.c.id,
        _MESSAGE.c.number > func.coalesce(upto, 0),
        by_another,
    ]
    if readable is not None:
        conditions.append(readable(_MESSAGE))
    return exists().where(*conditions).correlate(_TICKET)


def has_files(readable: Readable | None = None) -> ColumnElement[bool]:
    """Whether a message of the ticket has files."""
    conditions = [_MESSAGE.c.ticket_id == _TICKET.c.id, _MESSAGE.c.id == _FILE.c.message_id]
    if readable is not None:
        conditions.append(readable(_MESSAGE))
    return exists().where(*conditions).correlate(_TICKET)


def topics_of(session: Session, operator: Sender) -> list[int]:
    """Return the topics an operator answers."""
    return list(run(session, _SERVED, reader=operator.user_id).scalars())


@lru_cache(maxsize=256)
def _first_plain(shape: Shape, limit: int, *, waiting: bool, after: bool) -> Select[tuple[int, datetime]]:
    """`Source.first` without filters, worded once: that costs more than what the database does."""
    run = next(each for each in _runs(shape.order, shape.activity) if each.waiting is waiting)
    return _first(_arms(shape)[0], (), run, limit, after=after)


def _first(
    arms: Sequence[Sequence[ColumnElement[bool]]],
    filters: Sequence[ColumnElement[bool]],
    run: Run,
    limit: int,
    *,
    after: bool,
) -> Select[tuple[int, datetime]]:
    conditions = [*run.conditions, *filters, *([run.after()] if after else [])]
    begun = select(_TICKET.c.id, run.moment.label("moment"))
    parts = [run.ordered(begun.where(*arm, *conditions), limit) for arm in arms]
    if len(parts) == 1:
        return parts[0]
    rows = union_all(*(select(*part.subquery().c) for part in parts)).subquery()
    found = select(rows.c.id, rows.c.moment).limit(rows_of(limit))
    if run.down:
        return found.order_by(rows.c.moment.desc(), rows.c.id.desc())
    return found.order_by(rows.c.moment, rows.c.id)


@lru_cache(maxsize=256)
def _arms(shape: Shape) -> tuple[Sequence[Sequence[ColumnElement[bool]]], ColumnElement[bool]]:
    topic, assignee, status = _TICKET.c.topic_id, _TICKET.c.assignee_id, _TICKET.c.status
    states = _STATES[shape.shown]
    of_states = status.in_(states)
    chosen = [topic == bindparam("topic")] if shape.chosen_topic else []
    if shape.assignee is not None:
        nobody = shape.assignee == UNASSIGNED
        chosen.append(assignee.is_(None) if nobody else assignee == bindparam("assignee"))
    if shape.view is View.MINE:  # few enough to look at each
        arm = [_TICKET.c.requester_id == READER, of_states, *chosen]
        return [arm], and_(*arm)
    if shape.view is View.ASSIGNED:
        mine = [assignee == READER, *chosen]
        return [[*mine, status == state] for state in states], and_(*mine, of_states)
    if not shape.everything and not shape.topics:
        return [[false()]], false()
    within = [] if shape.everything else [topic.in_(bindparam("topics", expanding=True))]
    whole = and_(*within, *chosen, of_states)
    if shape.chosen_topic or shape.everything or shape.assignee:
        return [[*within, *chosen, status == state] for state in states], whole
    each_topic = [topic == bindparam(f"topic_{place}") for place in range(shape.topics)]
    return [[each, *chosen, status == state] for each in each_topic for state in states], whole


def _days(wish: Wish, activity: ColumnElement[datetime], zone: ZoneInfo) -> list[ColumnElement[bool]]:
    conditions = []
    if wish.since is not None:
        conditions.append(activity >= _midnight(wish.since, zone))
    if wish.until is not None and wish.until < date.max:
        conditions.append(activity < _midnight(wish.until + timedelta(days=1), zone))
    return conditions


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins, in UTC; the edges of the calendar stay within it."""
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        return datetime.combine(day, time(), UTC)


def _runs(order: Order, activity: ColumnElement[datetime]) -> list[Run]:
    waiting = _TICKET.c.waiting_since
    match order:
        case Order.RECENT:
            return [Run(activity, down=True)]
        case Order.OLDEST:
            return [Run(activity, down=False)]
        case Order.WAITING:
            return [
                Run(waiting, down=False, waiting=True, conditions=(waiting.is_not(None),)),
                Run(activity, down=True, conditions=(waiting.is_(None),)),
            ]


_STATES: Mapping[Shown, Sequence[Status]] = {
    Shown.OPEN: (Status.NEW, Status.IN_PROGRESS),
    Shown.ALL: tuple(Status),
    Shown.NEW: (Status.NEW,),
    Shown.IN_PROGRESS: (Status.IN_PROGRESS,),
    Shown.CLOSED: (Status.CLOSED,),
}
