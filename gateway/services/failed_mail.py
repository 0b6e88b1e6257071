"""Mail that was set aside: its bytes as they came, and another try."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.models.columns import table_of
from gateway.models.queues import JournalEntry, OutboxItem, OutboxState
from gateway.services import blobs, journal
from gateway.services.ledger import Box, MailId


def raw_mail(session: Session, folder: Path, mail_id: MailId) -> bytes:
    """Return an accepted mail as it came."""
    entry = session.get(JournalEntry, mail_id.number) if mail_id.box is Box.IN else None
    if entry is None:
        raise NotFound(f"mail {mail_id}")
    return blobs.read(session, folder, entry.sha256)


def retry(session: Session, mail_id: MailId, *, now: datetime) -> None:
    """Put a failed mail back in line: one in to be read again, one out to be sent again."""
    if mail_id.box is Box.IN:
        journal.retry_failed(session, mail_id.number, now=now)
        return
    item = table_of(OutboxItem)
    state = session.execute(
        select(item.c.state).where(item.c.id == mail_id.number).with_for_update()
    ).scalar()
    if state is None:
        raise NotFound(f"mail {mail_id}")
    if state not in (OutboxState.FAILED, OutboxState.UNCERTAIN):
        raise Invalid("mail", _("Only a failed mail can be tried again."))
    session.execute(
        update(item)
        .where(item.c.id == mail_id.number)
        .values(
            state=OutboxState.QUEUED,
            due_at=now,
            attempts=0,
            pauses=0,
            first_deferred_at=None,
            last_error=None,
        )
    )
