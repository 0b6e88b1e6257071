"""Held mail as whoever decides reads it: which there is, what each is, and the ways it can go.

Administrators see all of it, an operator what points at a request they may open (T4).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.mail.one_line import one_line
from gateway.mail.reading import Arrival
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import Blob, JournalEntry
from gateway.models.tickets import Message, Ticket
from gateway.rules.admission import Decision, Outcome
from gateway.rules.people import Role, Sender
from gateway.services import blobs, held, inboxes
from gateway.services.desk import Desk
from gateway.services.held import Acceptance

LISTED = 25
HEAD_OCTETS = 64 * 1024
"""So much of a mail is enough to read its subject."""

ENTRY, BLOB, TICKET, PERSON = (table_of(each).c for each in (JournalEntry, Blob, Ticket, User))


Raw = tuple[bytes, Arrival]


class Way(StrEnum):
    """What accepting a mail can make of it."""

    ONTO = "onto"  # the request it points at
    COMMENT = "comment"  # the same, for operators only
    NEW = "new"
    NAMED = "named"  # a request that whoever decides names


EFFECTS = {
    Way.ONTO: _("add it to request #{ticket}"),
    Way.COMMENT: _("add it to request #{ticket} as an internal comment; its commands are not run"),
    Way.NEW: _("open a request of its own"),
    Way.NAMED: _("add it to request N"),
}


@dataclass(frozen=True, slots=True)
class HeldLine:
    """One held mail in the list. `head` is its beginning as it came: nobody has parsed it here.
    `acceptable`: whether there is a way to let it in."""

    id: int
    sender: str | None
    reason: str
    received_at: datetime
    held_at: datetime | None
    ticket: int | None
    acceptable: bool
    head: bytes
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class HeldPage:
    """A page of them; `before` is the key of the next one."""

    lines: tuple[HeldLine, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class HeldMail:
    """One mail that is or was held. `seen` stands for the decision as it is now: of two who decide at
    once the second sends an old one."""

    id: int
    sender: str | None
    reason: str
    received_at: datetime
    size: int
    ticket: int | None
    ticket_subject: str | None
    message: int | None
    outcome: Outcome | None
    decision: Decision | None
    decided_by: str | None
    decided_at: datetime | None
    ways: tuple[Way, ...]
    may_join: bool
    never: str | None
    seen: str

    @property
    def is_held(self) -> bool:
        """Whether it can still be decided."""
        return self.outcome is Outcome.HELD


def listed(session: Session, folder: Path, *, before: int | None = None) -> HeldPage:
    """Return held mail that nobody decided, the newest first."""
    query = (
        select(
            ENTRY.id,
            ENTRY.from_address,
            ENTRY.envelope_from,
            ENTRY.reason,
            ENTRY.received_at,
            ENTRY.settled_at,
            ENTRY.ticket_id,
            ENTRY.door,
            ENTRY.recipients,
            ENTRY.listed_peer,
            ENTRY.sha256,
            func.substr(BLOB.data, 1, HEAD_OCTETS).label("head"),
        )
        .join(table_of(Blob), BLOB.sha256 == ENTRY.sha256)
        .where(held.undecided(), *([ENTRY.id < before] if before is not None else []))
        .order_by(ENTRY.id.desc())
        .limit(LISTED + 1)
    )
    rows = session.execute(query).all()
    lines = tuple(_line(row, folder) for row in rows[:LISTED])
    return HeldPage(lines, lines[-1].id if len(rows) > LISTED else None)


def find(session: Session, entry_id: int, person: Sender) -> HeldMail:
    """Return a mail that is held, or was until somebody decided; NotFound for whoever may not see it."""
    query = (
        select(
            ENTRY.id,
            ENTRY.from_address,
            ENTRY.envelope_from,
            ENTRY.reason,
            ENTRY.received_at,
            ENTRY.size,
            ENTRY.ticket_id,
            ENTRY.outcome,
            ENTRY.decision,
            ENTRY.decided_at,
            TICKET.subject,
            PERSON.name,
            PERSON.email,
            select(func.min(table_of(Message).c.number))
            .where(table_of(Message).c.journal_id == ENTRY.id)
            .scalar_subquery()
            .label("message"),
        )
        .outerjoin(table_of(Ticket), TICKET.id == ENTRY.ticket_id)
        .outerjoin(table_of(User), PERSON.id == ENTRY.decided_by)
        .where(ENTRY.id == entry_id, *_may_see(person))
    )
    row = session.execute(query).first() if 0 < entry_id < 2**31 else None
    if row is None:
        raise NotFound(f"held mail {entry_id}")
    return _mail(row)


def raw(session: Session, folder: Path, entry_id: int, person: Sender) -> Raw | None:
    """Return a mail as it came and how, for the child process that reads it; None when it is not held now."""
    if not find(session, entry_id, person).is_held:
        return None
    row = session.execute(
        select(
            ENTRY.sha256,
            ENTRY.door,
            ENTRY.envelope_from,
            ENTRY.recipients,
            ENTRY.listed_peer,
            ENTRY.received_at,
        ).where(ENTRY.id == entry_id)
    ).one()
    return blobs.read(session, folder, row.sha256), _arrival(row)


def accept(
    session: Session, desk: Desk, entry_id: int, wish: Acceptance, *, seen: str, by: Sender, now: datetime
) -> HeldMail:
    """Let a mail in, as a person who saw it on its page decides; return it as they saw it."""
    mail = _still(session, entry_id, seen, by=by)
    if wish.ticket is not None and not _may_open(session, wish.ticket, by):
        raise Invalid("solicitud", _("There is no request #{number}."), number=wish.ticket)
    held.accept(session, desk, entry_id, wish, by=by, now=now)
    return mail


def discard(session: Session, entry_id: int, *, seen: str, by: Sender, now: datetime) -> None:
    """Keep a mail without effect, as a person who saw it decides."""
    _still(session, entry_id, seen, by=by)
    held.discard(session, entry_id, by=by, now=now)


def ways(reason: str, sender: str | None, ticket: int | None) -> tuple[Way, ...]:
    """Return what accepting a mail held for this reason can make of it, the most likely first."""
    if held.why_never(reason, sender) is not None:
        return ()
    if ticket is None:
        return Way.NEW, Way.NAMED
    return Way.COMMENT if _is_operators(reason) else Way.ONTO, Way.NEW, Way.NAMED


def may_join(reason: str, sender: str | None) -> bool:
    """Whether who wrote it could take part from now on: not an operator, nor who the domain disowns."""
    return sender is not None and not _is_operators(reason) and reason != "sender-refused"


def _is_operators(reason: str) -> bool:
    return reason.startswith(("operator-", "leak-"))


def _still(session: Session, entry_id: int, seen: str, *, by: Sender) -> HeldMail:
    """Return a mail whose row is locked now, unless it was decided since the page was made."""
    find(session, entry_id, by)
    held.lock_entry(session, entry_id)
    mail = find(session, entry_id, by)
    if not mail.is_held or mail.seen != seen:
        if mail.decided_by is None:
            raise Invalid("mail", _("It was decided meanwhile. Here is how it stands."))
        who = one_line(mail.decided_by, 100)
        raise Invalid("mail", _("{who} decided it meanwhile. Here is how it stands."), who=who)
    return mail


def _may_see(person: Sender) -> Sequence[ColumnElement[bool]]:
    was_held = or_(ENTRY.outcome == Outcome.HELD, ENTRY.decision.is_not(None))
    if person.role is Role.ADMIN:
        return [was_held]
    return [was_held, TICKET.id.is_not(None), inboxes.may_open(person)]


def _may_open(session: Session, number: int, person: Sender) -> bool:
    if not 0 < number < 2**31:
        return False
    query = select(TICKET.id).where(TICKET.id == number, inboxes.may_open(person))
    return session.execute(query).first() is not None


def _line(row: Any, folder: Path) -> HeldLine:
    return HeldLine(
        id=row.id,
        sender=row.from_address or row.envelope_from or None,
        reason=row.reason,
        received_at=row.received_at,
        held_at=row.settled_at,
        ticket=row.ticket_id,
        acceptable=held.why_never(row.reason, row.from_address) is None,
        head=row.head if row.head is not None else blobs.head_of_file(folder, row.sha256, HEAD_OCTETS),
        arrival=_arrival(row),
    )


def _arrival(row: Any) -> Arrival:
    return Arrival(
        door=row.door,
        envelope_from=row.envelope_from,
        recipients=tuple(row.recipients),
        listed_peer=row.listed_peer,
        received_at=row.received_at,
    )


def _mail(row: Any) -> HeldMail:
    is_held = row.outcome is Outcome.HELD
    return HeldMail(
        id=row.id,
        sender=row.from_address or row.envelope_from or None,
        reason=row.reason,
        received_at=row.received_at,
        size=row.size,
        ticket=row.ticket_id,
        ticket_subject=row.subject,
        message=row.message,
        outcome=row.outcome,
        decision=row.decision,
        decided_by=row.name or row.email,
        decided_at=row.decided_at,
        ways=ways(row.reason, row.from_address, row.ticket_id) if is_held else (),
        may_join=is_held and may_join(row.reason, row.from_address),
        never=held.why_never(row.reason, row.from_address) if is_held else None,
        seen=row.decided_at.isoformat() if row.decided_at is not None else "",
    )
