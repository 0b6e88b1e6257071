"""Mail that did not reach its end, as the page of administration lists it: in, and out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import JournalEntry, OutboxItem, OutboxState, Purpose
from gateway.models.tickets import Ticket
from gateway.rules.admission import Outcome
from gateway.rules.refusals import refusal
from gateway.services import held, outbox

LISTED = 50
ENTRY, ITEM, TICKET = (table_of(each).c for each in (JournalEntry, OutboxItem, Ticket))


@dataclass(frozen=True, slots=True)
class Unread:
    """A mail in that could not be read or applied, and the error of the last try."""

    id: int
    sender: str | None
    received_at: datetime
    size: int
    attempts: int
    error: str | None


class Trouble(StrEnum):
    """Why a mail of ours is not there yet, beside what rules/refusals tells of a server's words."""

    NOT_ALLOWED = "not_allowed"
    INTERRUPTED = "interrupted"
    RELAY = "relay"


@dataclass(frozen=True, slots=True)
class Unsent:
    """A mail out that failed, is delayed, or may have gone. `why`: a key of the catalogues."""

    id: int
    ticket: int | None
    subject: str | None
    purpose: Purpose
    recipient: str
    state: OutboxState
    why: str
    reply: str | None
    attempts: int
    next_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Unsents:
    """The newest of them, and whether there are more."""

    lines: tuple[Unsent, ...]
    more: bool


def unread(session: Session) -> list[Unread]:
    """Return failed mail in that nobody discarded, the newest first."""
    rows = session.execute(
        select(
            ENTRY.id,
            ENTRY.from_address,
            ENTRY.envelope_from,
            ENTRY.received_at,
            ENTRY.size,
            ENTRY.attempts,
            ENTRY.reason,
            ENTRY.last_error,
        )
        .where(held.undecided(Outcome.FAILED))
        .order_by(ENTRY.id.desc())
        .limit(LISTED)
    )
    return [
        Unread(
            id=row.id,
            sender=row.from_address or row.envelope_from or None,
            received_at=row.received_at,
            size=row.size,
            attempts=row.attempts,
            error=row.last_error or row.reason or None,
        )
        for row in rows
    ]


def unsent(session: Session) -> Unsents:
    """Return mail out that is failed, delayed or uncertain and that nobody gave up, the newest first."""
    rows = session.execute(
        select(
            ITEM.id,
            ITEM.ticket_id,
            TICKET.subject,
            ITEM.purpose,
            ITEM.recipient,
            ITEM.state,
            ITEM.last_error,
            ITEM.pauses,
            ITEM.attempts,
            ITEM.due_at,
            ITEM.created_at,
        )
        .outerjoin(table_of(Ticket), TICKET.id == ITEM.ticket_id)
        .where(
            ITEM.state.in_((OutboxState.FAILED, OutboxState.UNCERTAIN, OutboxState.DEFERRED)),
            ITEM.given_up_at.is_(None),
        )
        .order_by(ITEM.id.desc())
        .limit(LISTED + 1)
    ).all()
    lines = tuple(
        Unsent(
            id=row.id,
            ticket=row.ticket_id,
            subject=row.subject,
            purpose=row.purpose,
            recipient=row.recipient,
            state=row.state,
            why=_why(row.state, row.last_error, row.pauses),
            reply=_reply(row.last_error),
            attempts=row.attempts,
            next_at=row.due_at,
            created_at=row.created_at,
        )
        for row in rows[:LISTED]
    )
    return Unsents(lines, more=len(rows) > LISTED)


def _why(state: OutboxState, error: str | None, pauses: int) -> str:
    if error == outbox.NOT_ALLOWED:
        return Trouble.NOT_ALLOWED
    if state == OutboxState.UNCERTAIN:
        return Trouble.INTERRUPTED
    return Trouble.RELAY if pauses else refusal(None, error or "")


def _reply(error: str | None) -> str | None:
    """What a server said; what we say ourselves is told in words."""
    return None if error == outbox.NOT_ALLOWED else error
