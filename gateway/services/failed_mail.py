"""Mail that did not reach its end: its bytes as they came, another try, or nobody's worry any more."""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.models.columns import table_of
from gateway.models.queues import JournalEntry, OutboxItem, OutboxState
from gateway.models.site import Deed
from gateway.models.tickets import Event
from gateway.rules.admission import Decision, Outcome
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Sender
from gateway.services import audit, blobs, held, journal, still_allowed, undelivered
from gateway.services.desk import Desk
from gateway.services.ledger import Box, MailId

RETRIED_AT_ONCE = 200
ENDED = (OutboxState.FAILED, OutboxState.UNCERTAIN)
TRIED = (*ENDED, OutboxState.DEFERRED)
"""What can be tried again now: what ended badly, and what waits for its next attempt."""

NOT_FAILED = _("Only a failed e-mail can be tried again.")
NOT_ALLOWED = _("{recipient} may not see that request any more, so the e-mail stays unsent.")
NOT_UNREAD = _("This e-mail was tried again or discarded meanwhile.")
NOT_GIVEN_UP = _("This e-mail was sent meanwhile, or is being sent right now.")
ABANDONED = "given up by an administrator"
"""What the ticket says of a delayed mail that goes nowhere any more, where nobody's server said a word."""

ITEM = table_of(OutboxItem).c


def raw_mail(session: Session, folder: Path, mail_id: MailId) -> bytes:
    """Return an accepted mail as it came."""
    entry = session.get(JournalEntry, mail_id.number) if mail_id.box is Box.IN else None
    if entry is None:
        raise NotFound(f"mail {mail_id}")
    return blobs.read(session, folder, entry.sha256)


def retry(session: Session, mail_id: MailId, *, by: Sender | None, now: datetime) -> None:
    """Put a failed mail back in line: one in to be read again, one out to be sent again.

    Its bytes stay as they are (E3), so it is asked first whether its recipient may still see them.
    `by` None is the command line.
    """
    if not 0 < mail_id.number < 2**31:
        raise NotFound(f"mail {mail_id}")
    if mail_id.box is Box.IN:
        sender = journal.retry_failed(session, mail_id.number, now=now)
        detail = {"sender": sender} if sender else {}
    else:
        row = _locked(session, mail_id)
        if row.state not in TRIED:
            raise Invalid("mail", NOT_FAILED)
        if not still_allowed.is_one(session, mail_id.number):
            raise Invalid("mail", NOT_ALLOWED, recipient=row.recipient)
        _again(session, [row], now=now)
        detail = {"recipient": row.recipient}
    audit.note(session, Deed.MAIL_RETRIED, str(mail_id), by=by, now=now, **detail)


def discard(session: Session, mail_id: MailId, *, by: Sender | None, now: datetime) -> None:
    """Have a mail in that could not be read be nobody's worry. It is kept, and can still be tried again."""
    in_range = mail_id.box is Box.IN and 0 < mail_id.number < 2**31
    entry = held.lock_entry(session, mail_id.number) if in_range else None
    if entry is None:
        raise NotFound(f"mail {mail_id}")
    if entry.outcome is not Outcome.FAILED or entry.decision is Decision.DISCARD:
        raise Invalid("mail", NOT_UNREAD)
    held.discard(session, entry.id, by=by, now=now)


def retry_all(session: Session, *, by: Sender, now: datetime) -> tuple[int, int]:
    """Try all mail out again that waits for a person or its next attempt.

    Return how many are back in line, and how many stay since their recipients may not see them now.
    """
    query = (
        select(ITEM.id, ITEM.state, ITEM.recipient)
        .where(ITEM.state.in_(TRIED), ITEM.given_up_at.is_(None))
        .order_by(ITEM.id)
        .limit(RETRIED_AT_ONCE)
        .with_for_update()
    )
    rows = session.execute(query).all()
    allowed = still_allowed.among(session, [row.id for row in rows])
    tried = [row for row in rows if row.id in allowed]
    _again(session, tried, now=now)
    if tried:
        ids = ", ".join(str(MailId(Box.OUT, row.id)) for row in tried)
        audit.note(session, Deed.MAIL_RETRIED, ids, by=by, now=now, count=len(tried))
    return len(tried), len(rows) - len(tried)


def give_up(session: Session, desk: Desk, mail_id: MailId, *, by: Sender | None, now: datetime) -> None:
    """Try a mail out no more and list it no more as failed. It is kept, and its request shows it.

    One that was still being tried ends here as if its last attempt had failed: whoever wrote it is told.
    """
    row = _locked(session, mail_id)
    if row.state not in TRIED:
        raise Invalid("mail", NOT_GIVEN_UP)
    given_up: dict[str, Any] = {"given_up_at": now, "given_up_by": by.user_id if by else None}
    if row.state == OutboxState.DEFERRED:
        # The fence: a mailer that claimed the row a moment ago can neither send nor settle it.
        let_go = {"due_at": None, "holder": None, "lease_until": None, "fence": ITEM.fence + 1}
        given_up |= {"state": OutboxState.FAILED, **let_go}
    _write(session, [row.id], **given_up)
    if row.state == OutboxState.DEFERRED:
        _tell(session, desk, row, by=by, now=now)
    audit.note(session, Deed.MAIL_GIVEN_UP, str(mail_id), by=by, now=now, recipient=row.recipient)


def _tell(session: Session, desk: Desk, row: Any, *, by: Sender | None, now: datetime) -> None:
    words = row.last_error or ABANDONED
    if row.ticket_id is not None:
        detail = {"mail": row.id, "to": row.recipient, "error": words[:300]}
        actor = by.user_id if by else None
        event = Event(
            ticket_id=row.ticket_id, kind=EventKind.NOT_DELIVERED, actor_id=actor, at=now, detail=detail
        )
        session.add(event)
        session.flush()  # before mail that is told of it
    undelivered.settle(session, desk, row.id, status=None, words=words, hard=False, now=now)


def _again(session: Session, rows: list[Any], *, now: datetime) -> None:
    """Have them sent now. One that ended starts anew; one that waits keeps its count and its age."""
    ended = [row.id for row in rows if row.state in ENDED]
    delayed = [row.id for row in rows if row.state == OutboxState.DEFERRED]
    anew = {"state": OutboxState.QUEUED, "attempts": 0, "pauses": 0, "first_deferred_at": None}
    _write(session, ended, due_at=now, last_error=None, given_up_at=None, given_up_by=None, **anew)
    _write(session, delayed, due_at=now)


def _locked(session: Session, mail_id: MailId) -> Any:
    """Return a row of the outbox as it is now, locked; NotFound when there is none."""
    query = select(ITEM.id, ITEM.state, ITEM.recipient, ITEM.ticket_id, ITEM.last_error)
    found = query.where(ITEM.id == mail_id.number).with_for_update()
    row = session.execute(found).first() if mail_id.box is Box.OUT and 0 < mail_id.number < 2**31 else None
    if row is None:
        raise NotFound(f"mail {mail_id}")
    return row


def _write(session: Session, ids: list[int], **values: Any) -> None:
    if ids:
        session.execute(update(table_of(OutboxItem)).where(ITEM.id.in_(ids)).values(values))
