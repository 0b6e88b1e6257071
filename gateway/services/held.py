"""Held mail: kept with its reason and candidate ticket, without effect until somebody decides.

Its sender is told nothing (T16, L9). What it was about is the journal entry: there is no other row
that could disagree with it. A decision is written there, too; the mail then waits again and goes
through the same story as any other (`intake`, `accepted`).
"""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, and_, or_, select
from sqlmodel import Session, col

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.mail.addresses import Address
from gateway.mail.one_line import one_line
from gateway.models.columns import table_of
from gateway.models.queues import JournalEntry
from gateway.models.site import Deed
from gateway.models.tickets import Participant, Ticket
from gateway.rules.admission import Decision, Outcome
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Sender, is_staff
from gateway.services import audit, entrance, senders, threads
from gateway.services.desk import Desk
from gateway.services.journal import Settled
from gateway.services.threads import Thread
from gateway.services.timeline import record

log = structlog.get_logger()

NEVER_ACCEPTED = {
    "command-mistake": _("Its operator was told what was wrong, and sends it again."),
    "own-address": _("It claims to come from an address of ours, so nobody could be answered."),
}
"""Reasons that no decision overrules, and why."""

NO_WRITER = _("It names no sender, so nobody could be answered.")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How a mail is accepted: onto `ticket` or the one it points at, or as a new one.

    `person`: whoever wrote it takes part in that ticket from now on (T4: separately).
    """

    as_new: bool = False
    ticket: int | None = None
    person: bool = False


def keep(reason: str, thread: Thread | None = None) -> Settled:
    """Hold a mail."""
    return Settled(Outcome.HELD, reason, thread.ticket.id if thread else None)


def why_never(reason: str, sender: str | None) -> str | None:
    """Return why a mail held for this reason cannot be accepted; None when it can."""
    return NEVER_ACCEPTED.get(reason) or (NO_WRITER if sender is None else None)


def accept(
    session: Session, desk: Desk, entry_id: int, wish: Acceptance, *, by: Sender | None, now: datetime
) -> None:
    """Let a held mail in; `by` None is the command line. The processor does the rest.

    Raises NotFound when no such mail is held, Invalid when it cannot be accepted in this way.
    """
    entry = lock(session, entry_id)
    never = why_never(entry.reason, entry.from_address)
    if never is not None:
        raise Invalid("mail", never)
    if by is not None and by.email == entry.from_address:
        raise Invalid("by", _("Nobody accepts an e-mail of their own. There is a link for that, by e-mail."))
    if wish.as_new and (wish.person or wish.ticket is not None):
        raise Invalid("as-new", _("A new request goes with neither --ticket nor --person."))
    named = wish.ticket if wish.ticket is not None else entry.ticket_id
    ticket = _ticket(session, named, now=now) if named is not None else None
    if wish.person:
        _let_join(session, desk, entry, ticket, by=by, now=now)
    entry.ticket_id = named
    onto = {} if named is None or wish.as_new else {"ticket": named}
    _note(
        session,
        Deed.MAIL_ACCEPTED,
        entry,
        by=by,
        now=now,
        **onto,
        **({"person": True} if wish.person else {}),
    )
    let_in(session, entry, Decision.ACCEPT_AS_NEW if wish.as_new else Decision.ACCEPT, by=by, now=now)


def discard(session: Session, entry_id: int, *, by: Sender | None, now: datetime) -> None:
    """Keep a mail that was held, or could not be read, without effect and list it no more (D5).

    The one can still be accepted, the other tried again.
    """
    entry = lock_entry(session, entry_id)
    if entry is None or entry.outcome not in (Outcome.HELD, Outcome.FAILED):
        raise NotFound(f"held mail {entry_id}")
    _note(session, Deed.MAIL_DISCARDED, entry, by=by, now=now)
    _sign(session, entry, Decision.DISCARD, by=by, now=now)


def let_in(
    session: Session, entry: JournalEntry, decision: Decision, *, by: Sender | None, now: datetime
) -> None:
    """Write a decision on a locked entry and have it wait again, as if it had just come."""
    _sign(session, entry, decision, by=by, now=now)
    entry.outcome, entry.reason, entry.settled_at = None, "", None
    entry.due_at, entry.attempts, entry.last_error = now, 0, None
    session.flush()


def lock(session: Session, entry_id: int) -> JournalEntry:
    """Return a held mail, its row locked: of two who decide the second finds it decided."""
    entry = lock_entry(session, entry_id)
    if entry is None or entry.outcome is not Outcome.HELD:
        raise NotFound(f"held mail {entry_id}")
    return entry


def lock_entry(session: Session, entry_id: int) -> JournalEntry | None:
    """Return a mail as it is now, held or not, its row locked."""
    query = select(JournalEntry).where(col(JournalEntry.id) == entry_id).with_for_update()
    fresh = query.execution_options(populate_existing=True)
    entry: JournalEntry | None = session.execute(fresh).scalar_one_or_none()
    return entry


def undecided(outcome: Outcome = Outcome.HELD) -> ColumnElement[bool]:
    """The condition that an entry was held, or could not be read, and nobody discarded it."""
    entry = table_of(JournalEntry).c
    kept = or_(entry.decision.is_(None), entry.decision != Decision.DISCARD)
    return and_(entry.outcome == outcome, kept)


def is_confirmed(entry: JournalEntry, sender: Sender | None) -> bool:
    """Whether a mail was let in by whoever it is from: only the link of T9 does that."""
    return sender is not None and entry.decision is not None and entry.decided_by == sender.user_id


def is_accepted(entry: JournalEntry, sender: Sender | None) -> bool:
    """Whether somebody else let it in."""
    let_in = entry.decision in (Decision.ACCEPT, Decision.ACCEPT_AS_NEW)
    return let_in and not is_confirmed(entry, sender)


def _sign(
    session: Session, entry: JournalEntry, decision: Decision, *, by: Sender | None, now: datetime
) -> None:
    log.info("mail.decided", entry=entry.id, decision=decision, by=by.user_id if by else None)
    entry.decision, entry.decided_by, entry.decided_at = decision, by.user_id if by else None, now
    session.add(entry)
    session.flush()


def _note(
    session: Session, deed: Deed, entry: JournalEntry, *, by: Sender | None, now: datetime, **detail: object
) -> None:
    """Write down what was decided, of a mail known by its number and the address it says it is from."""
    if entry.from_address:
        detail["sender"] = one_line(entry.from_address, audit.SUBJECT_CHARACTERS)
    audit.note(session, deed, str(entry.id), by=by, now=now, **detail)


def _ticket(session: Session, ticket_id: int, *, now: datetime) -> Ticket:
    thread = threads.at(session, ticket_id, None, now=now)
    if thread is None:
        raise NotFound(f"#{ticket_id}")
    return thread.ticket


def _let_join(
    session: Session,
    desk: Desk,
    entry: JournalEntry,
    ticket: Ticket | None,
    *,
    by: Sender | None,
    now: datetime,
) -> None:
    """Make the writer of a mail a participant, told of what is public from now on (T6)."""
    if entry.reason == "sender-refused":
        raise Invalid("person", _("The domain says that the e-mail is not theirs."))
    if ticket is None:
        raise Invalid("person", _("It points at no request. Name one with --ticket."))
    email = entry.from_address or ""
    if entrance.is_ours(session, desk.mail, email):
        never = NEVER_ACCEPTED["own-address"]
        raise Invalid("person", never)
    (person,) = senders.enrol(session, desk, [Address(email)], now=now)
    if is_staff(person.role):
        raise Invalid("person", _("An operator answers by their topic; they do not take part."))
    if session.get(Participant, (ticket.id, person.user_id)) is None:
        session.add(Participant(ticket_id=ticket.id, user_id=person.user_id, joined_at=now))
        record(session, ticket, EventKind.JOINED, by=by, now=now, to=person.email)
