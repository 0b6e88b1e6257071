"""What happened to a ticket besides the messages, for operators: its events, and how its status moved."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.tickets import Event, Message, Ticket
from gateway.models.topics import Topic
from gateway.rules.lifecycle import EventKind, MessageKind, Status, after_event
from gateway.rules.people import Party
from gateway.services.conversation import EventShown, StatusChange

_TOLD_BY_MESSAGES = (EventKind.OPENED, EventKind.REPLIED, EventKind.COMMENTED)
_TELL_THE_STATUS = (EventKind.CLOSED, EventKind.REOPENED)


def rows_of(session: Session, number: int) -> Sequence[Any]:
    """Return all events of a ticket in order; a page needs them for more than one thing."""
    event, actor, message = table_of(Event), table_of(User), table_of(Message)
    ticket = table_of(Ticket)
    answer = and_(message.c.party == Party.OPERATOR, message.c.kind == MessageKind.PUBLIC)
    return session.execute(
        select(
            event.c.kind,
            event.c.at,
            event.c.detail,
            event.c.message_id,
            actor.c.name,
            actor.c.email,
            answer.label("answer"),
            (event.c.actor_id != ticket.c.requester_id).label("by_another"),
        )
        .join_from(event, ticket, ticket.c.id == event.c.ticket_id)
        .outerjoin(actor, actor.c.id == event.c.actor_id)
        .outerjoin(message, message.c.id == event.c.message_id)
        .where(event.c.ticket_id == number)
        .order_by(event.c.id)
    ).all()


def shown(session: Session, rows: Sequence[Any]) -> Iterator[EventShown | StatusChange]:
    """Return what to show of a ticket's events, each followed by what it did to the status."""
    people = names(session, User, [_target(row) for row in rows if row.kind is EventKind.ASSIGNED])
    topics = names(session, Topic, [_target(row) for row in rows if row.kind is EventKind.MOVED])
    status, assigned = Status.NEW, False
    for row in rows:
        if row.kind not in _TOLD_BY_MESSAGES or (row.kind is EventKind.OPENED and row.by_another):
            target = _target_name(row, people, topics)
            yield EventShown(kind=row.kind, actor=row.name or row.email or "", target=target, at=row.at)
        if row.kind in (EventKind.TAKEN, EventKind.ASSIGNED):
            assigned = row.kind is EventKind.TAKEN or _target(row) is not None
        before = status
        status = after_event(before, row.kind, answer=bool(row.answer), assigned=assigned)
        if status is not before and row.kind not in _TELL_THE_STATUS:
            yield StatusChange(before, status, row.at)


def names(session: Session, model: type[User | Topic], ids: Sequence[Any]) -> Mapping[int, str]:
    """Return what people or topics are called, by id."""
    wanted = {each for each in ids if isinstance(each, int)}
    if not wanted:
        return {}
    table = table_of(model)
    rows = session.execute(select(table.c.id, table.c.name).where(table.c.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def _target(row: Any) -> Any:
    return row.detail.get("to")


def _target_name(row: Any, people: Mapping[int, str], topics: Mapping[int, str]) -> str:
    target = _target(row)
    match row.kind:
        case EventKind.ASSIGNED:
            return people.get(target, "")
        case EventKind.MOVED:
            return topics.get(target, "")
        case _:
            return target if isinstance(target, str) else ""
