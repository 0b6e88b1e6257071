"""What is due now and then: leftovers removed, once a period however many workers (E11)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, or_, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import Token, WebSession
from gateway.models.queues import Blob, Job, JournalEntry
from gateway.models.tickets import Attachment
from gateway.services import blobs, counters

HOUR = timedelta(hours=1)
KEEP_COUNTERS = timedelta(days=2)
KEEP_ENDED = timedelta(days=7)
KEEP_SESSIONS = timedelta(days=37)
KEEP_TEMPORARY = timedelta(days=1)
KEEP_UNREFERENCED = timedelta(days=7)
SWEPT_AT_ONCE = 500

Task = Callable[[Session, datetime], None]


def set_up_jobs(session: Session, names: list[str], *, now: datetime) -> None:
    """Make the row of each job, due now, unless it is there."""
    for name in names:
        if session.get(Job, name) is None:
            session.add(Job(name=name, due_at=now))


def forget_counts(session: Session, now: datetime) -> None:
    """Counts that no rate looks at any more."""
    counters.forget(session, before=now - KEEP_COUNTERS)


def remove_expired(session: Session, now: datetime) -> None:
    """Sessions and tokens on accounts that ended a week ago. Person tokens stay with their ticket."""
    token, web_session = table_of(Token), table_of(WebSession)
    session.execute(delete(Token).where(token.c.expires_at < now - KEEP_ENDED))
    session.execute(delete(WebSession).where(web_session.c.created_at < now - KEEP_SESSIONS))


def sweep_blobs(session: Session, folder: Path, now: datetime) -> list[Path]:
    """Remove blobs that nothing has referred to for a week; return their files, to unlink after the commit.

    A week, since a slow transaction may refer to a blob that was placed before it began (D3).
    """
    blob, entry, attachment = table_of(Blob), table_of(JournalEntry), table_of(Attachment)
    unused = session.execute(
        select(blob.c.sha256)
        .where(
            blob.c.created_at < now - KEEP_UNREFERENCED,
            ~or_(
                select(entry.c.id).where(entry.c.sha256 == blob.c.sha256).exists(),
                select(attachment.c.id).where(attachment.c.sha256 == blob.c.sha256).exists(),
            ),
        )
        .limit(SWEPT_AT_ONCE)
    ).scalars()
    names = list(unused)
    session.execute(delete(Blob).where(blob.c.sha256.in_(names)))
    return [blobs.file_of(folder, name) for name in names]


def remove_temporary(folder: Path, now: datetime) -> None:
    """Remove temporary files of a mail whose sender never finished it."""
    for path in (folder / "tmp").glob("*"):
        if path.stat().st_mtime < (now - KEEP_TEMPORARY).timestamp():
            path.unlink(missing_ok=True)
