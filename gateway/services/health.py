"""Is this installation able to work now? Asked by /readyz (invariants O3).

Every answer says what it looked at. None holds an address, a subject or a secret.
"""

import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import Counter, Job, JournalEntry, OutboxItem, OutboxState
from gateway.models.topics import Mailbox
from gateway.rules import limits
from gateway.services import outbox

JOURNAL_LATE = timedelta(minutes=10)
OUTBOX_LATE = timedelta(hours=1)
POLLING_LATE = timedelta(minutes=15)

_PROOF = "readiness"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue by its oldest row that should have been dealt with; ages in seconds."""

    ok: bool
    waiting: int
    oldest_seconds: int | None


@dataclass(frozen=True, slots=True)
class Disk:
    """Room where the blobs are, in bytes."""

    ok: bool
    free: int


@dataclass(frozen=True, slots=True)
class MailboxState:
    """A mailbox we fetch from; a time only once it was looked at."""

    ok: bool
    name: str
    polled_at: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Smarthost:
    """Whom our mail is handed to; `paused_until` after it refused us."""

    ok: bool
    last_sent_at: str | None
    paused_until: str | None


@dataclass(frozen=True, slots=True)
class Readiness:
    """All of it; `database` is false when no write could be proven in time."""

    database: bool
    disk: Disk
    journal: Queue
    outbox: Queue
    mailboxes: tuple[MailboxState, ...]
    smarthost: Smarthost

    @property
    def ok(self) -> bool:
        parts = [self.disk.ok, self.journal.ok, self.outbox.ok, self.smarthost.ok]
        return self.database and all(parts) and all(each.ok for each in self.mailboxes)

    def as_json(self) -> dict[str, object]:
        return {"ready": self.ok, **asdict(self)}


def prove_write(session: Session, *, now: datetime) -> None:
    """Write a row, which the commit of whoever called makes the proof."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {"name": _PROOF, "period": _EPOCH, "count": now.second}
    session.execute(
        insert(Counter).values(row).on_conflict_do_update(index_elements=["name", "period"], set_=row)
    )


def readiness(session: Session, folder: Path, mailboxes: Iterable[str], *, now: datetime) -> Readiness:
    """Look at everything. `mailboxes` are the configured ones: a row of a former one says nothing."""
    entry, item = table_of(JournalEntry), table_of(OutboxItem)
    waiting, oldest = session.execute(
        select(func.count(), func.min(entry.c.received_at)).where(entry.c.outcome.is_(None))
    ).one()
    due, oldest_due = session.execute(
        select(func.count(), func.min(item.c.created_at)).where(item.c.due_at <= now)
    ).one()
    return Readiness(
        database=True,
        disk=disk(folder),
        journal=_queue(waiting, oldest, JOURNAL_LATE, now=now),
        outbox=_queue(due, oldest_due, OUTBOX_LATE, now=now),
        mailboxes=_mailboxes(session, frozenset(mailboxes), now=now),
        smarthost=_smarthost(session, now=now),
    )


def disk(folder: Path) -> Disk:
    """How much room is left (D10)."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    usage = shutil.disk_usage(there)
    return Disk(ok=not limits.disk_is_low(usage.free, usage.total), free=usage.free)


def _queue(waiting: int, oldest: datetime | None, late: timedelta, *, now: datetime) -> Queue:
    age = now - oldest if oldest is not None else timedelta(0)
    return Queue(
        ok=age <= late,
        waiting=waiting,
        oldest_seconds=max(0, int(age.total_seconds())) if oldest is not None else None,
    )


def _mailboxes(session: Session, names: frozenset[str], *, now: datetime) -> tuple[MailboxState, ...]:
    box = table_of(Mailbox)
    rows = session.execute(
        select(box.c.name, box.c.polled_at, box.c.last_error)
        .where(box.c.name.in_(names))
        .order_by(box.c.name)
    )
    return tuple(
        MailboxState(
            ok=(now - polled_at <= POLLING_LATE) if polled_at is not None else error is None,
            name=name,
            polled_at=_iso(polled_at),
            error=error,
        )
        for name, polled_at, error in rows
    )


def _smarthost(session: Session, *, now: datetime) -> Smarthost:
    item = table_of(OutboxItem)
    sent = select(item.c.sent_at).where(item.c.state == OutboxState.SENT)
    last = session.execute(sent.order_by(item.c.id.desc()).limit(1)).scalar()
    pause = session.get(Job, outbox.PAUSE)
    until = pause.due_at if pause is not None else None
    paused = until is not None and until > now
    return Smarthost(ok=not paused, last_sent_at=_iso(last), paused_until=_iso(until) if paused else None)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
