"""The open requests of somebody who leaves: back to their topics, or to a colleague.

However many there are, whoever gets them has one mail that names them: a digest (B11).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, insert, select, update
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import PendingNotice
from gateway.models.tickets import Event, Ticket
from gateway.models.topics import TopicOperator
from gateway.rules.audience import Serving, operators_told
from gateway.rules.lifecycle import EventKind, Status
from gateway.rules.people import Sender, UserStatus, is_staff
from gateway.services.statements import add_all

TICKET = table_of(Ticket).c
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Pending:
    """What becomes of the open requests: a colleague's, or, without one, nobody's in their topic."""

    to: int | None = None


def open_of(session: Session, user_ids: Iterable[int]) -> dict[int, int]:
    """Return how many open requests each of these people has; those with none are left out."""
    rows = session.execute(
        select(TICKET.assignee_id, func.count())
        .where(TICKET.assignee_id.in_(list(user_ids)), TICKET.status != Status.CLOSED)
        .group_by(TICKET.assignee_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def pass_on(session: Session, user_id: int, pending: Pending, *, by: Sender, now: datetime) -> int:
    """Pass all open requests of somebody on, record it on each, and return how many there were."""
    if pending.to is not None:
        _check_colleague(session, pending.to, leaving=user_id)
    tickets = session.execute(
        select(TICKET.id, TICKET.topic_id)
        .where(TICKET.assignee_id == user_id, TICKET.status != Status.CLOSED)
        .order_by(TICKET.id)
        .with_for_update()
    ).all()
    told = _told(session, pending, {row.topic_id for row in tickets}, by, leaving=user_id)
    for start in range(0, len(tickets), AT_ONCE):
        some = {row.id: row.topic_id for row in tickets[start : start + AT_ONCE]}
        _move(session, list(some), pending, now=now)
        events = _record(session, some, pending, by=by, now=now)
        notices = [
            {"user_id": user, "ticket_id": ticket, "event_id": event, "created_at": now}
            for ticket, event in events.items()
            for user in told[some[ticket]]
        ]
        add_all(session, PendingNotice, notices)
    return len(tickets)


def _check_colleague(session: Session, user_id: int, *, leaving: int) -> None:
    person = table_of(User).c
    found = session.execute(select(person.role, person.status).where(person.id == user_id)).first()
    if (
        found is None
        or not is_staff(found.role)
        or found.status is not UserStatus.ACTIVE
        or user_id == leaving
    ):
        raise Invalid("to", _("Choose an operator who can take them."))


def _move(session: Session, ids: Sequence[int], pending: Pending, *, now: datetime) -> None:
    """One that nobody has is new, unless somebody answered it already."""
    status = Status.IN_PROGRESS
    unassigned = case((TICKET.first_reply_at.is_(None), Status.NEW), else_=Status.IN_PROGRESS)
    session.execute(
        update(Ticket)
        .where(TICKET.id.in_(ids))
        .values(
            assignee_id=pending.to, status=status if pending.to is not None else unassigned, updated_at=now
        )
        .execution_options(synchronize_session=False)
    )


def _record(
    session: Session, tickets: Mapping[int, int], pending: Pending, *, by: Sender, now: datetime
) -> dict[int, int]:
    """Write the events; return them by ticket. Back to its topic is a move to where it is."""
    same = {"actor_id": by.user_id, "message_id": None, "at": now}
    if pending.to is not None:
        rows = [
            {"ticket_id": each, "kind": EventKind.ASSIGNED, "detail": {"to": pending.to}} | same
            for each in tickets
        ]
    else:
        rows = [
            {"ticket_id": each, "kind": EventKind.MOVED, "detail": {"before": topic, "to": topic}} | same
            for each, topic in tickets.items()
        ]
    event = table_of(Event).c
    written = session.execute(insert(table_of(Event)).returning(event.ticket_id, event.id), rows)
    return {row.ticket_id: row.id for row in written}


def _told(
    session: Session, pending: Pending, topics: Iterable[int], by: Sender, *, leaving: int
) -> Mapping[int, Sequence[int]]:
    """Return by topic who hears of it: the colleague, else who serves the topic and wants to."""
    serving: dict[int, list[Serving]] = {topic: [] for topic in topics}
    table = table_of(TopicOperator).c
    for row in session.execute(select(table.topic_id, table.user_id, table.notices).order_by(table.user_id)):
        if row.topic_id in serving and row.user_id != leaving:
            serving[row.topic_id].append(Serving(row.user_id, row.notices))
    kind = EventKind.MOVED if pending.to is None else EventKind.ASSIGNED
    return {
        topic: operators_told(kind, those, assignee=pending.to, author=by.user_id)
        for topic, those in serving.items()
    }
