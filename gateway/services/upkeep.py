"""What is due now and then: leftovers removed, once a period however many workers (E11)."""

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import Registration, Token, WebSession
from gateway.models.queues import Blob, Job, JournalEntry, OutboxItem, OutboxState, Purpose
from gateway.models.tickets import Attachment
from gateway.services import blobs, counters, used_forms

KEEP_COUNTERS = timedelta(days=8)
KEEP_ENDED = timedelta(days=7)
KEEP_SESSIONS = timedelta(days=37)
KEEP_TEMPORARY = timedelta(days=1)
KEEP_UNREFERENCED = timedelta(days=7)
SWEPT_AT_ONCE = 500
UNSENT = (
    OutboxState.QUEUED,
    OutboxState.TRANSMITTING,
    OutboxState.DEFERRED,
    OutboxState.FAILED,
    OutboxState.UNCERTAIN,
)
"""Mail that waits, or that an administrator may send again."""


def set_up_jobs(session: Session, names: list[str], *, now: datetime, period: timedelta) -> None:
    """Make the row of each job, due now, unless it is there.

    One that is due later than in a period was put off before the clock was set back. It has been done
    for this period, so it is not due now, but in a period (E11).
    """
    upsert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    rows = [{"name": name, "due_at": now, "attempts": 0, "fence": 0} for name in names]
    put_off = upsert(Job).on_conflict_do_update(
        index_elements=["name"], set_={"due_at": now + period}, where=table_of(Job).c.due_at > now + period
    )
    session.execute(put_off, rows)


def forget_counts(session: Session, now: datetime) -> None:
    """Counts that no rate looks at any more."""
    counters.forget(session, before=now - KEEP_COUNTERS)


def remove_expired(session: Session, now: datetime) -> None:
    """What ended a week ago: sessions, tokens on accounts, sign-ups, keys of forms. Person tokens stay."""
    token, web_session = table_of(Token), table_of(WebSession)
    session.execute(delete(Token).where(token.c.expires_at < now - KEEP_ENDED))
    session.execute(delete(Registration).where(table_of(Registration).c.expires_at < now - KEEP_ENDED))
    used_forms.forget(session, now)
    session.execute(delete(WebSession).where(web_session.c.created_at < now - KEEP_SESSIONS))


def unused_blobs(session: Session) -> list[str]:
    """Return blobs that nothing refers to. A long look at all of them, so not in a transaction."""
    unused = [*_unused(), table_of(Blob).c.sha256.not_in(_to_be_sent(session))]
    found = session.execute(select(table_of(Blob).c.sha256).where(*unused).limit(SWEPT_AT_ONCE))
    return list(found.scalars())


def sweep_blobs(session: Session, names: list[str], now: datetime) -> list[str]:
    """Remove the rows of those of these blobs that are unused, still, and a week old; return which.

    A week, since a slow transaction may refer to a blob that was placed before it began (D3). Their
    files go after the commit, by `remove_files`: a file without a row is waste, the reverse is loss.
    """
    blob = table_of(Blob)
    old = blob.c.created_at < now - KEEP_UNREFERENCED
    names = sorted(set(names) - _to_be_sent(session))
    gone = session.execute(
        delete(Blob).where(blob.c.sha256.in_(names), old, *_unused()).returning(blob.c.sha256)
    )
    return list(gone.scalars())


def remove_files(folder: Path, names: list[str], now: datetime) -> None:
    """Remove the files of blobs whose rows are gone, but for those that `blobs.place` just used again.

    Such a one stands for a mail whose row is about to be written.
    """
    for name in names:
        _remove_unused(blobs.file_of(folder, name), before=now - KEEP_UNREFERENCED)


def remove_temporary(folder: Path, now: datetime) -> None:
    """Remove temporary files of mails whose sender never finished them."""
    for path in (folder / "tmp").glob("*"):
        _remove_unused(path, before=now - KEEP_TEMPORARY)


def _to_be_sent(session: Session) -> set[str]:
    """Return the files of reports whose mail may still go out: no message has them, only the outbox."""
    item = table_of(OutboxItem).c
    rows = session.execute(
        select(item.parts).where(
            item.purpose == Purpose.REPORT, item.state.in_(UNSENT), item.given_up_at.is_(None)
        )
    )
    return {sha256 for parts in rows.scalars() for _header, sha256 in parts}


def _unused() -> list[ColumnElement[bool]]:
    """The conditions that nothing refers to a blob."""
    sha256, users = table_of(Blob).c.sha256, (table_of(JournalEntry).c, table_of(Attachment).c)
    return [~exists().where(user.sha256 == sha256) for user in users]


def _remove_unused(path: Path, *, before: datetime) -> None:
    with suppress(FileNotFoundError):  # a mail on its way was given up, or took its place, meanwhile
        if path.stat().st_mtime < before.timestamp():
            path.unlink()
