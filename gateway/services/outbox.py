"""The queue of mail out: queue, claim, transmitting, and what came of it (invariants E3 to E8)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from gateway.errors import StaleLease
from gateway.mail.compose import Composed, Part
from gateway.models.columns import table_of
from gateway.models.queues import Job, OutboxItem, OutboxState
from gateway.models.tickets import Event
from gateway.rules import retry
from gateway.rules.lifecycle import EventKind
from gateway.services import leases, still_allowed
from gateway.services.statements import add_all

OVERTAKE = timedelta(minutes=15)
DELAYED_AFTER = timedelta(hours=4)
PAUSE = "outbox-pause"
UNTIL_RELEASED = datetime(9000, 1, 1, tzinfo=UTC)
"""Until when to pause if only an administrator may end it (D13)."""
NOT_ALLOWED = "the recipient may not see it any more"
"""Why a mail is not sent, as its row and its ticket say it."""
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


def queue(session: Session, rows: list[dict[str, Any]]) -> None:
    """Add rows as services/notices makes them."""
    add_all(session, OutboxItem, rows)


def claim(session: Session, *, worker: str, lasting: timedelta, limit: int, now: datetime) -> list[Claimed]:
    """Take rows that are due, none while there is a pause. For one ticket and one recipient mail leaves
    in order (E8)."""
    item = table_of(OutboxItem)
    earlier = item.alias()
    first_of_line = ~exists().where(
        earlier.c.ticket_id == item.c.ticket_id,
        earlier.c.recipient == item.c.recipient,
        earlier.c.id < item.c.id,
        earlier.c.state.in_(UNENDED),
        or_(
            earlier.c.first_deferred_at.is_(None),
            earlier.c.first_deferred_at.between(now - OVERTAKE, now + OVERTAKE),
        ),
    )
    fences = dict(
        leases.claim(
            session,
            OutboxItem,
            worker=worker,
            lasting=lasting,
            limit=limit,
            now=now,
            only=[
                ~exists().where(*_pause_holds(now)),
                or_(item.c.ticket_id.is_(None), first_of_line),
            ],
        )
    )
    if not fences:
        return []
    rows = session.execute(select(item).where(item.c.id.in_(fences)).order_by(item.c.id))
    return [_claimed(row, fences[row.id]) for row in rows]


def transmitting(session: Session, claimed: Claimed, *, until: datetime) -> str | None:
    """Mark a row as being sent, in a commit before DATA; None, or why it may not be sent.

    The lease is renewed to `until`. Before each attempt it is asked afresh whether the recipient may
    still see it (E3): an attempt that failed, or a crash, may lie days back. A row found transmitting
    after a crash, which no person wrote, is uncertain and not sent twice (E5).
    """
    try:
        if claimed.was_transmitting and not claimed.resend:
            settle(session, claimed, OutboxState.UNCERTAIN, error="the program ended while sending it")
            return "uncertain"
        if not still_allowed.is_one(session, claimed.id):
            settle(session, claimed, OutboxState.FAILED, error=NOT_ALLOWED)
            return NOT_ALLOWED
    except StaleLease:
        return "lease lost"
    ours = leases.renew(
        session, OutboxItem, claimed.id, claimed.fence, until=until, state=OutboxState.TRANSMITTING
    )
    return None if ours else "lease lost"


def show_withheld(session: Session, claimed: Claimed, *, now: datetime) -> None:
    """A person's words did not go to somebody who may not see them any more: the ticket says so."""
    if claimed.envelope_from:  # what no person wrote has the null sender
        _note(session, claimed, EventKind.NOT_DELIVERED, NOT_ALLOWED, now=now)


def sent(session: Session, claimed: Claimed, *, now: datetime) -> None:
    """The relay took it."""
    settle(session, claimed, OutboxState.SENT, sent_at=now, error=None)


def deferred(session: Session, claimed: Claimed, error: str, *, now: datetime, chance: float) -> bool:
    """Not now: try again later, or give up after long enough (E7). Return whether it is given up."""
    later = retry.next_sending(claimed.attempts, claimed.created_at, now=now, chance=chance)
    if later is None:
        return failed(session, claimed, error, now=now)
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
    return False


def failed(session: Session, claimed: Claimed, error: str, *, now: datetime, **values: Any) -> bool:
    """It cannot be delivered; the ticket shows it. Whoever wrote it is to be told: services/undelivered."""
    settle(session, claimed, OutboxState.FAILED, error=error, **values)
    _note(session, claimed, EventKind.NOT_DELIVERED, error, now=now)
    return True


def unclear(session: Session, claimed: Claimed, error: str, *, now: datetime, chance: float) -> bool:
    """All was sent and no answer came: a person's words go again, a twin beats a loss (E5).

    Return whether it is given up.
    """
    if claimed.resend:
        return deferred(session, claimed, error, now=now, chance=chance)
    settle(session, claimed, OutboxState.UNCERTAIN, error=error)
    return False


def relay_refuses(session: Session, claimed: Claimed, error: str, *, now: datetime) -> bool:
    """The relay refuses us, not this mail: pause the whole outbox; nobody's row fails (E6).

    A row over which it happens a third time is set aside for an administrator. Rows that another
    lane had on the wire when the pause began are not counted. Return whether it is set aside.
    """
    item = table_of(OutboxItem)
    pauses: int = session.execute(select(item.c.pauses).where(item.c.id == claimed.id)).scalar_one()
    if not is_paused(session, now=now):
        pause(session, now + retry.RELAY_PAUSE)
        pauses += 1
    if pauses >= retry.PAUSES_BEFORE_ASIDE:
        return failed(session, claimed, error, now=now, pauses=pauses)
    settle(
        session,
        claimed,
        OutboxState.QUEUED,
        due_at=now + retry.RELAY_PAUSE,
        error=error,
        pauses=pauses,
        attempts=claimed.attempts - 1,
    )
    return False


def pause(session: Session, until: datetime) -> None:
    """Send nothing before `until`."""
    upsert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {"name": PAUSE, "due_at": until, "attempts": 0, "fence": 0}
    session.execute(
        upsert(Job).values(row).on_conflict_do_update(index_elements=["name"], set_={"due_at": until})
    )


def is_paused(session: Session, *, now: datetime) -> bool:
    """Whether nothing is to be sent now."""
    return session.execute(select(table_of(Job).c.name).where(*_pause_holds(now))).first() is not None


def give_back(session: Session, claimed: Claimed) -> None:
    """Let a claimed row go untried, as it was found; the attempt does not count."""
    item = table_of(OutboxItem)
    session.execute(
        item.update()
        .where(item.c.id == claimed.id, item.c.fence == claimed.fence, item.c.holder.is_not(None))
        .values(holder=None, lease_until=None, attempts=claimed.attempts - 1)
    )


def release(session: Session, worker: str) -> None:
    """Let go of all that a worker holds. What it had not begun to send was no attempt."""
    item = table_of(OutboxItem)
    counted = case((item.c.state == OutboxState.TRANSMITTING, item.c.attempts), else_=item.c.attempts - 1)
    session.execute(
        item.update()
        .where(item.c.due_at.is_not(None), item.c.holder == worker)
        .values(holder=None, lease_until=None, attempts=counted)
    )


def due(session: Session, *, now: datetime) -> int:
    """How many rows wait to be sent now."""
    item = table_of(OutboxItem)
    return int(session.execute(select(func.count()).where(leases.is_due(item, now=now))).scalar_one())


def settle(
    session: Session, claimed: Claimed, state: OutboxState, *, error: str | None, **values: Any
) -> None:
    """Write a result and let the row go; it is not due again unless `due_at` says so."""
    values = {"due_at": None, **values}
    words = error[:500] if error else None
    leases.settle(session, OutboxItem, claimed.id, claimed.fence, state=state, last_error=words, **values)


def release_former(session: Session, worker: str, is_dead: Callable[[str], bool]) -> int:
    """Free the rows of mailers that are gone, and of a former self in this very process (E4)."""
    return leases.release_dead(session, OutboxItem, lambda holder: holder == worker or is_dead(holder))


def _pause_holds(now: datetime) -> list[ColumnElement[bool]]:
    """The conditions on a job that it is our pause, not over, and not from before the clock was set back."""
    job = table_of(Job)
    sane = or_(job.c.due_at <= now + leases.FARTHEST, job.c.due_at >= UNTIL_RELEASED)
    return [job.c.name == PAUSE, job.c.due_at > now, sane]


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
