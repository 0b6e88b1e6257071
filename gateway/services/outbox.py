"""The queue of mail out: queue, claim, transmitting, and what came of it (invariants E3 to E8)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, insert, or_, select
from sqlmodel import Session

from gateway.mail.compose import Composed, Part
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import Job, OutboxItem, OutboxState, Purpose
from gateway.models.tickets import Event, Participant, Ticket
from gateway.models.topics import TopicOperator
from gateway.rules import retry
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Role, UserStatus, is_staff
from gateway.services import leases

OVERTAKE = timedelta(minutes=15)
DELAYED_AFTER = timedelta(hours=4)
PAUSE = "outbox-pause"
UNENDED = (OutboxState.QUEUED, OutboxState.DEFERRED, OutboxState.TRANSMITTING)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row to send: all the mailer needs to know of it."""

    id: int
    fence: int
    ticket_id: int | None
    recipient: str
    envelope_from: str
    resend: bool
    was_transmitting: bool
    attempts: int
    created_at: datetime
    composed: Composed


def queue(session: Session, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Add rows as notifications.announce makes them; return their ids, in order."""
    if not rows:
        return []
    returning = insert(OutboxItem).returning(table_of(OutboxItem).c.id, sort_by_parameter_order=True)
    return list(session.execute(returning, list(rows)).scalars())


def claim(session: Session, *, worker: str, lasting: timedelta, limit: int, now: datetime) -> list[Claimed]:
    """Take rows that are due. For one ticket and one recipient mail leaves in order (E8)."""
    if is_paused(session, now=now):
        return []
    item = table_of(OutboxItem)
    earlier = item.alias()
    first_of_line = ~exists().where(
        earlier.c.ticket_id == item.c.ticket_id,
        earlier.c.recipient == item.c.recipient,
        earlier.c.id < item.c.id,
        earlier.c.state.in_(UNENDED),
        or_(earlier.c.first_deferred_at.is_(None), earlier.c.first_deferred_at > now - OVERTAKE),
    )
    fences = dict(
        leases.claim(
            session,
            OutboxItem,
            worker=worker,
            lasting=lasting,
            limit=limit,
            now=now,
            only=[or_(item.c.ticket_id.is_(None), first_of_line)],
        )
    )
    if not fences:
        return []
    rows = session.execute(select(item).where(item.c.id.in_(fences)).order_by(item.c.id))
    return [_claimed(row, fences[row.id]) for row in rows]


def transmitting(session: Session, claimed: Claimed, *, until: datetime) -> str | None:
    """Mark a row as being sent, in a commit before DATA; None, or why it may not be sent.

    The lease is renewed to `until`.
    Before the first attempt it is asked afresh whether the recipient may still see it (E3). A row
    found transmitting after a crash, which no person wrote, is uncertain and not sent twice (E5).
    """
    item = table_of(OutboxItem)
    if claimed.was_transmitting and not claimed.resend:
        settle(session, claimed, OutboxState.UNCERTAIN, error="the program ended while sending it")
        return "uncertain"
    if claimed.attempts == 1 and not _may_still_see(session, claimed.id):
        settle(session, claimed, OutboxState.FAILED, error="the recipient may not see it any more")
        return "no longer allowed"
    done = session.execute(
        item.update()
        .where(item.c.id == claimed.id, item.c.fence == claimed.fence, item.c.holder.is_not(None))
        .values(state=OutboxState.TRANSMITTING, lease_until=until)
    )
    return None if done.rowcount == 1 else "lease lost"  # type: ignore[attr-defined]


def sent(session: Session, claimed: Claimed, *, now: datetime) -> None:
    """The relay took it."""
    settle(session, claimed, OutboxState.SENT, sent_at=now, error=None)


def deferred(session: Session, claimed: Claimed, error: str, *, now: datetime, chance: float) -> None:
    """Not now: try again later, or give up when it has been long enough (E7)."""
    later = retry.next_sending(claimed.attempts, claimed.created_at, now=now, chance=chance)
    if later is None:
        failed(session, claimed, error, now=now)
        return
    item = table_of(OutboxItem)
    settle(
        session,
        claimed,
        OutboxState.DEFERRED,
        due_at=later,
        error=error,
        first_deferred_at=func.coalesce(item.c.first_deferred_at, now),
    )
    _show_delay(session, claimed, now=now)


def failed(session: Session, claimed: Claimed, error: str, *, now: datetime) -> None:
    """It cannot be delivered; the ticket shows it."""
    settle(session, claimed, OutboxState.FAILED, error=error)
    _note(session, claimed, EventKind.NOT_DELIVERED, error, now=now)


def unclear(session: Session, claimed: Claimed, error: str, *, now: datetime, chance: float) -> None:
    """All was sent and no answer came: a person's words go again, a twin beats a loss (E5)."""
    if claimed.resend:
        deferred(session, claimed, error, now=now, chance=chance)
    else:
        settle(session, claimed, OutboxState.UNCERTAIN, error=error)


def relay_refuses(session: Session, claimed: Claimed, error: str, *, now: datetime) -> None:
    """The relay refuses us, not this mail: pause the whole outbox; nobody's row fails (E6).

    A row over which it happens a third time is set aside for an administrator. Rows that another
    lane had on the wire when the pause began are not counted.
    """
    item = table_of(OutboxItem)
    pauses = session.execute(select(item.c.pauses).where(item.c.id == claimed.id)).scalar_one()
    if not is_paused(session, now=now):
        pause(session, now + retry.RELAY_PAUSE)
        pauses += 1
    if pauses >= retry.PAUSES_BEFORE_ASIDE:
        settle(session, claimed, OutboxState.FAILED, error=error, pauses=pauses)
        _note(session, claimed, EventKind.NOT_DELIVERED, error, now=now)
        return
    settle(
        session,
        claimed,
        OutboxState.QUEUED,
        due_at=now + retry.RELAY_PAUSE,
        error=error,
        pauses=pauses,
        attempts=claimed.attempts - 1,
    )


def pause(session: Session, until: datetime) -> None:
    """Send nothing before `until`."""
    job = session.get(Job, PAUSE) or Job(name=PAUSE)
    job.due_at = until
    session.add(job)


def is_paused(session: Session, *, now: datetime) -> bool:
    """Whether nothing is to be sent now."""
    job = session.get(Job, PAUSE)
    return job is not None and job.due_at is not None and job.due_at > now


def give_back(session: Session, claimed: Claimed) -> None:
    """Let a claimed row go untried; the attempt does not count."""
    item = table_of(OutboxItem)
    session.execute(
        item.update()
        .where(
            item.c.id == claimed.id, item.c.fence == claimed.fence, item.c.state != OutboxState.TRANSMITTING
        )
        .values(holder=None, lease_until=None, attempts=claimed.attempts - 1)
    )


def due(session: Session, *, now: datetime) -> int:
    """How many rows wait to be sent now."""
    item = table_of(OutboxItem)
    return int(session.execute(select(func.count()).where(item.c.due_at <= now)).scalar_one())


def settle(
    session: Session, claimed: Claimed, state: OutboxState, *, error: str | None, **values: Any
) -> None:
    """Write a result and let the row go; it is not due again unless `due_at` says so."""
    values = {"due_at": None, **values}
    words = error[:500] if error else None
    leases.settle(session, OutboxItem, claimed.id, claimed.fence, state=state, last_error=words, **values)


def release_dead(session: Session, is_dead: Callable[[str], bool]) -> int:
    """Free the rows of mailers that are gone."""
    return leases.release_dead(session, OutboxItem, is_dead)


def _claimed(row: Any, fence: int) -> Claimed:
    parts = tuple(Part(header.encode("ascii"), sha256) for header, sha256 in row.parts)
    return Claimed(
        id=row.id,
        fence=fence,
        ticket_id=row.ticket_id,
        recipient=row.recipient,
        envelope_from=row.envelope_from,
        resend=row.resend,
        was_transmitting=row.state == OutboxState.TRANSMITTING,
        attempts=row.attempts,
        created_at=row.created_at,
        composed=Composed(row.head, parts, row.tail),
    )


def _may_still_see(session: Session, item_id: int) -> bool:
    """Whether the recipient of a row may see what it shows, now.

    An operator must be active and answer the ticket's topic, have it assigned, or be an
    administrator; anybody else must take part in it, and may never see what is internal.
    """
    item, person, ticket = table_of(OutboxItem), table_of(User), table_of(Ticket)
    serving, taking_part = table_of(TopicOperator), table_of(Participant)
    row = session.execute(
        select(
            item.c.ticket_id,
            item.c.internal,
            item.c.purpose,
            person.c.id,
            person.c.role,
            person.c.status,
            ticket.c.assignee_id,
            serving.c.user_id.label("serves"),
            taking_part.c.user_id.label("takes_part"),
        )
        .select_from(item)
        .outerjoin(person, person.c.id == item.c.user_id)
        .outerjoin(ticket, ticket.c.id == item.c.ticket_id)
        .outerjoin(
            serving, and_(serving.c.topic_id == ticket.c.topic_id, serving.c.user_id == item.c.user_id)
        )
        .outerjoin(
            taking_part,
            and_(taking_part.c.ticket_id == item.c.ticket_id, taking_part.c.user_id == item.c.user_id),
        )
        .where(item.c.id == item_id)
    ).one()
    if row.id is None or row.ticket_id is None or row.purpose == Purpose.MISTAKE:
        return True
    if row.status == UserStatus.DISABLED:
        return False
    answers = is_staff(row.role) and (
        row.role == Role.ADMIN or row.serves is not None or row.assignee_id == row.id
    )
    return answers or (row.takes_part is not None and not row.internal)


def _show_delay(session: Session, claimed: Claimed, *, now: datetime) -> None:
    """After four hours the ticket says once that this mail is delayed (E7)."""
    if now - claimed.created_at < DELAYED_AFTER or claimed.ticket_id is None:
        return
    event = table_of(Event)
    shown = session.execute(
        select(event.c.detail).where(
            event.c.ticket_id == claimed.ticket_id, event.c.kind == EventKind.DELAYED
        )
    ).scalars()
    if all(detail.get("mail") != claimed.id for detail in shown):
        _note(session, claimed, EventKind.DELAYED, "", now=now)


def _note(session: Session, claimed: Claimed, kind: EventKind, error: str, *, now: datetime) -> None:
    if claimed.ticket_id is not None:
        detail = {"mail": claimed.id, "to": claimed.recipient, "error": error[:300]}
        session.add(Event(ticket_id=claimed.ticket_id, kind=kind, at=now, detail=detail))
