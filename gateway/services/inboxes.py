"""The three lists of an operator, newest activity first, a page at a time.

Pages are found by key, not by counting rows, so the last one costs no more than the first. A list
selects columns; what a row shows of its messages comes with the same query.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, FromClause, and_, exists, false, func, or_, select, true
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.tickets import Attachment, Message, Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.lifecycle import Channel, Status
from gateway.rules.people import Party, Role, Sender
from gateway.services import portal

PAGE = 25
OPENING_CHARACTERS = 200

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_KEY = 40


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


@dataclass(frozen=True, slots=True)
class Key:
    """Where a page ends: the activity and number of its last row."""

    activity: datetime
    number: int

    def __str__(self) -> str:
        return f"{(self.activity - _EPOCH) // timedelta(microseconds=1)}-{self.number}"


@dataclass(frozen=True, slots=True)
class Line:
    """A ticket in a list. `opening` is how its last message begins, `writer` who wrote it."""

    number: int
    subject: str
    status: Status
    topic: str
    requester: str
    company: str | None
    assignee: str | None
    opening: str
    writer: str | None
    unverified: bool
    attachments: bool
    activity: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `after` leads to the next one, None on the last."""

    lines: Sequence[Line]
    after: Key | None


def key_of(text: str) -> Key | None:
    """Return the key written in an address, or None when it is none."""
    activity, _, number = text[:_LONGEST_KEY].partition("-")
    if not all(part.isascii() and part.isdigit() for part in (activity, number)):
        return None
    try:
        return Key(_EPOCH + timedelta(microseconds=int(activity)), min(int(number), 2**31 - 1))
    except OverflowError:
        return None


def page(session: Session, operator: Sender, view: View, shown: Shown, *, after: Key | None = None) -> Page:
    """Return a page of one of the operator's lists."""
    ticket, last, writer = table_of(Ticket), table_of(Message), table_of(User).alias("writer")
    requester, assignee = table_of(User).alias("requester"), table_of(User).alias("assignee")
    topic, company, file = table_of(Topic), table_of(Company), table_of(Attachment)
    every = table_of(Message).alias("every")
    newest: ColumnElement[int] = ticket.c.messages
    activity: ColumnElement[datetime] = ticket.c.updated_at
    readable: ColumnElement[bool] = true()
    if view is View.MINE:  # who asked is a client there, and may not answer it at all (C1)
        newest, activity = portal.newest(operator), func.coalesce(last.c.created_at, ticket.c.created_at)
        readable = portal.public(operator, every)
    rows = session.execute(
        select(
            ticket.c.id,
            ticket.c.subject,
            ticket.c.status,
            topic.c.name,
            func.coalesce(func.nullif(requester.c.name, ""), requester.c.email),
            company.c.name,
            func.coalesce(func.nullif(assignee.c.name, ""), assignee.c.email),
            func.coalesce(func.substr(last.c.text, 1, OPENING_CHARACTERS), ""),
            func.coalesce(func.nullif(writer.c.name, ""), writer.c.email),
            func.coalesce(_unverified(last), false()),
            exists().where(every.c.ticket_id == ticket.c.id, every.c.id == file.c.message_id, readable),
            activity,
        )
        .select_from(ticket)
        .join(topic, topic.c.id == ticket.c.topic_id)
        .join(requester, requester.c.id == ticket.c.requester_id)
        .outerjoin(company, company.c.id == requester.c.company_id)
        .outerjoin(assignee, assignee.c.id == ticket.c.assignee_id)
        .outerjoin(last, and_(last.c.ticket_id == ticket.c.id, last.c.number == newest))
        .outerjoin(writer, writer.c.id == last.c.author_id)
        .where(_listed(operator, view), *_in_state(shown), *_after(after, activity))
        .order_by(activity.desc(), ticket.c.id.desc())
        .limit(PAGE + 1)
    ).all()
    lines = [Line(*row) for row in rows[:PAGE]]
    more = len(rows) > PAGE
    return Page(lines, Key(lines[-1].activity, lines[-1].number) if more else None)


def open_counts(session: Session, operator: Sender) -> dict[View, int]:
    """Return how many open requests each list has."""
    ticket = table_of(Ticket)
    return {
        view: int(
            session.execute(
                select(func.count())
                .select_from(ticket)
                .where(_listed(operator, view), *_in_state(Shown.OPEN))
            ).scalar_one()
        )
        for view in View
    }


def may_open(operator: Sender) -> ColumnElement[bool]:
    """The tickets an operator answers: those of their topics, those assigned to them; an
    administrator all. The same as services/threads.may_act, as a condition."""
    ticket = table_of(Ticket)
    if operator.role is Role.ADMIN:
        return ticket.c.id.is_not(None)
    return or_(ticket.c.assignee_id == operator.user_id, _of_my_topics(operator))


def _unverified(message: FromClause) -> ColumnElement[bool]:
    by_mail = and_(message.c.channel == Channel.EMAIL, message.c.party == Party.CLIENT)
    return and_(by_mail, message.c.verified.is_(False))


def _listed(operator: Sender, view: View) -> ColumnElement[bool]:
    ticket = table_of(Ticket)
    match view:
        case View.ASSIGNED:
            return ticket.c.assignee_id == operator.user_id
        case View.MINE:
            return ticket.c.requester_id == operator.user_id
        case View.TOPICS if operator.role is Role.ADMIN:
            return ticket.c.id.is_not(None)
        case View.TOPICS:
            return _of_my_topics(operator)


def _of_my_topics(operator: Sender) -> ColumnElement[bool]:
    serving = table_of(TopicOperator)
    mine = select(serving.c.topic_id).where(serving.c.user_id == operator.user_id)
    return table_of(Ticket).c.topic_id.in_(mine)


def _in_state(shown: Shown) -> list[ColumnElement[bool]]:
    status = table_of(Ticket).c.status
    match shown:
        case Shown.ALL:
            return []
        case Shown.OPEN:
            return [status != Status.CLOSED]
        case Shown.NEW:
            return [status == Status.NEW]
        case Shown.IN_PROGRESS:
            return [status == Status.IN_PROGRESS]
        case Shown.CLOSED:
            return [status == Status.CLOSED]


def _after(key: Key | None, activity: ColumnElement[datetime]) -> list[ColumnElement[bool]]:
    if key is None:
        return []
    ticket = table_of(Ticket)
    earlier = and_(activity == key.activity, ticket.c.id < key.number)
    return [or_(activity < key.activity, earlier)]
