"""Which requests a list holds, for whom, in which order: conditions and queries, no rows yet.

A list is put together from arms, each one walk along an index in the order of the list: a topic and a
state, somebody's and a state. So the first page costs the same whatever the list's length, and the
later ones too, since a page begins after a key and skips nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause, Select, and_, exists, false, func, or_, select, union_all
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.tickets import Attachment, Message, Ticket, TicketSeen
from gateway.models.topics import TopicOperator
from gateway.rules.lifecycle import Status
from gateway.rules.people import Role, Sender

UNASSIGNED = 0
"""As an assignee: nobody."""

Readable = Callable[[FromClause], ColumnElement[bool]]
"""Which messages somebody may read, as a condition on their table."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_KEY = 40
_TICKET = table_of(Ticket)


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


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch of a list, along one moment of its requests, up or down."""

    moment: ColumnElement[Any]
    down: bool
    waiting: bool = False
    conditions: tuple[ColumnElement[bool], ...] = ()

    def after(self, key: Key) -> ColumnElement[bool]:
        """Whether a ticket comes after a key."""
        number = _TICKET.c.id
        if self.down:
            further, next_one = self.moment < key.activity, number < key.number
        else:
            further, next_one = self.moment > key.activity, number > key.number
        # the range, said apart, is looked up in the index
        bound = self.moment <= key.activity if self.down else self.moment >= key.activity
        return and_(bound, or_(further, next_one))

    def ordered(self, query: Select[Any], limit: int) -> Select[Any]:
        """The first rows of a query on tickets, in this order."""
        if self.down:
            return query.order_by(self.moment.desc(), _TICKET.c.id.desc()).limit(limit)
        return query.order_by(self.moment, _TICKET.c.id).limit(limit)


@dataclass(frozen=True, slots=True)
class Source:
    """The requests of a wish that its reader may see: its arms, and what each row must fulfil besides."""

    arms: Sequence[Sequence[ColumnElement[bool]]]
    whole: ColumnElement[bool]  # all arms as one condition, for whoever comes from elsewhere
    filters: Sequence[ColumnElement[bool]]
    runs: Sequence[Run]

    def first(self, run: Run, limit: int, after: Key | None = None) -> Select[tuple[int, datetime]]:
        """The numbers and moments of the first requests of a run, in its order."""
        conditions = [*run.conditions, *self.filters]
        if after is not None:
            conditions.append(run.after(after))
        begun = select(_TICKET.c.id, run.moment.label("moment"))
        parts = [run.ordered(begun.where(*arm, *conditions), limit) for arm in self.arms]
        if len(parts) == 1:
            return parts[0]
        rows = union_all(*(select(*part.subquery().c) for part in parts)).subquery()
        found = select(rows.c.id, rows.c.moment)
        if run.down:
            return found.order_by(rows.c.moment.desc(), rows.c.id.desc()).limit(limit)
        return found.order_by(rows.c.moment, rows.c.id).limit(limit)


def source_of(
    session: Session, reader: Sender, wish: Wish, *, zone: ZoneInfo, readable: Readable | None = None
) -> Source:
    """Return where to look for a wish. What the reader may see is decided here, for every list (C6).

    `readable` are the messages that count; None: all of them.
    """
    arms, whole = _arms(session, reader, wish)
    activity = _TICKET.c.public_at if wish.view is View.MINE else _TICKET.c.updated_at
    filters = _days(wish, activity, zone)
    if wish.unread:
        filters.append(unread(reader, readable))
    if wish.files:
        filters.append(has_files(readable))
    return Source(arms, whole, filters, _runs(wish.order, activity))


def unread(reader: Sender, readable: Readable | None = None) -> ColumnElement[bool]:
    """Whether somebody else wrote since this person last opened the ticket."""
    message, seen = table_of(Message).alias("unseen"), table_of(TicketSeen)
    upto = (
        select(seen.c.number)
        .where(seen.c.user_id == reader.user_id, seen.c.ticket_id == _TICKET.c.id)
        .correlate(_TICKET)
        .scalar_subquery()
    )
    by_another = or_(message.c.author_id != reader.user_id, message.c.author_id.is_(None))
    conditions = [message.c.ticket_id == _TICKET.c.id, message.c.number > func.coalesce(upto, 0), by_another]
    if readable is not None:
        conditions.append(readable(message))
    return exists().where(*conditions).correlate(_TICKET)


def has_files(readable: Readable | None = None) -> ColumnElement[bool]:
    """Whether a message of the ticket has files."""
    message, file = table_of(Message).alias("every"), table_of(Attachment)
    conditions = [message.c.ticket_id == _TICKET.c.id, message.c.id == file.c.message_id]
    if readable is not None:
        conditions.append(readable(message))
    return exists().where(*conditions).correlate(_TICKET)


def topics_of(session: Session, operator: Sender) -> list[int]:
    """Return the topics an operator answers."""
    serving = table_of(TopicOperator).c
    query = select(serving.topic_id).where(serving.user_id == operator.user_id).order_by(serving.topic_id)
    return list(session.execute(query).scalars())


def _arms(
    session: Session, reader: Sender, wish: Wish
) -> tuple[list[list[ColumnElement[bool]]], ColumnElement[bool]]:
    topic, assignee, status = _TICKET.c.topic_id, _TICKET.c.assignee_id, _TICKET.c.status
    states = list(_STATES[wish.shown])
    of_states = status.in_(states)
    chosen = [] if wish.topic is None else [topic == wish.topic]
    if wish.assignee == UNASSIGNED:
        chosen.append(assignee.is_(None))
    elif wish.assignee is not None:
        chosen.append(assignee == wish.assignee)
    if wish.view is View.MINE:  # few enough to look at each
        arm = [_TICKET.c.requester_id == reader.user_id, of_states, *chosen]
        return [arm], and_(*arm)
    if wish.view is View.ASSIGNED:
        mine = [assignee == reader.user_id, *chosen]
        return [[*mine, status == state] for state in states], and_(*mine, of_states)
    everything = reader.role is Role.ADMIN
    allowed = [] if everything else topics_of(session, reader)
    within: list[ColumnElement[bool]] = [] if everything else [topic.in_(allowed)]
    whole = and_(*within, *chosen, of_states)
    if not everything and not allowed:
        return [[false()]], false()
    if wish.topic is not None or everything or wish.assignee:
        return [[*within, *chosen, status == state] for state in states], whole
    return [[topic == each, *chosen, status == state] for each in allowed for state in states], whole


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
