"""Figures for a monitor: every outcome, every state of mail out, what waits and for how long (O3).

Counts and ages only: no address, no subject, no secret.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import JournalEntry, OutboxItem, OutboxState
from gateway.rules.admission import Outcome
from gateway.services import health, held, outbox
from gateway.services.health import Readiness

ENTRY, ITEM = table_of(JournalEntry).c, table_of(OutboxItem).c


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name, what it says, and its values, each with the label it is of or with none."""

    name: str
    meaning: str
    values: tuple[tuple[tuple[str, str] | None, float], ...]


def figures(session: Session, folder: Path, mailboxes: Iterable[str], *, now: datetime) -> list[Figure]:
    """Return all of them."""
    ready = health.readiness(session, folder, mailboxes, now=now)
    return [*_mail(session, now=now), *_queues(session, ready, now=now), *_places(ready, now=now)]


def _mail(session: Session, *, now: datetime) -> Iterator[Figure]:
    settled = session.execute(select(ENTRY.outcome, func.count()).group_by(ENTRY.outcome))
    by_outcome = {row[0]: row[1] for row in settled}
    outcomes = tuple((("outcome", str(each)), by_outcome.get(each, 0)) for each in Outcome)
    yield Figure("sysmo_mail_in", "Accepted mail by what became of it", outcomes)
    stand = session.execute(select(ITEM.state, func.count()).group_by(ITEM.state))
    by_state = {row[0]: row[1] for row in stand}
    states = tuple((("state", str(each)), by_state.get(each, 0)) for each in OutboxState)
    yield Figure("sysmo_mail_out", "Mail of ours by where it stands", states)
    count, oldest = session.execute(
        select(func.count(), func.min(ENTRY.settled_at)).where(held.undecided())
    ).one()
    yield _one("sysmo_held_undecided", "Held mail that nobody decided", count)
    yield _one("sysmo_held_oldest_seconds", "For how long the oldest of it waits", _age(oldest, now))


def _queues(session: Session, ready: Readiness, *, now: datetime) -> Iterator[Figure]:
    journal, out = ready.journal, ready.outbox
    yield _one("sysmo_journal_waiting", "Accepted mail without an outcome", journal.waiting)
    yield _one("sysmo_journal_oldest_seconds", "Age of the oldest of it", journal.oldest_seconds or 0)
    yield _one("sysmo_outbox_due", "Mail of ours that is to be sent now", out.waiting)
    yield _one("sysmo_outbox_oldest_seconds", "Age of the oldest of it", out.oldest_seconds or 0)
    paused = outbox.is_paused(session, now=now)
    yield _one("sysmo_outbox_paused", "1 while the smarthost refuses us, or after a restore", int(paused))
    given_up = session.execute(select(func.count()).where(ITEM.given_up_at.is_not(None))).scalar_one()
    yield _one("sysmo_mail_given_up", "Mail of ours that an administrator gave up", given_up)


def _places(ready: Readiness, *, now: datetime) -> Iterator[Figure]:
    boxes = ready.mailboxes
    up = tuple((("mailbox", each.name), int(each.ok)) for each in boxes)
    ages = tuple(
        (("mailbox", each.name), _age(datetime.fromisoformat(each.polled_at), now))
        for each in boxes
        if each.polled_at is not None
    )
    yield Figure("sysmo_mailbox_ok", "1 while a mailbox is read", up)
    yield Figure("sysmo_mailbox_read_seconds", "Since when it was last read", ages)
    yield _one("sysmo_disk_free_bytes", "Room where the blobs are", ready.disk.free)
    yield _one("sysmo_ready", "1 when /readyz answers 200", int(ready.ok))


def _one(name: str, meaning: str, value: float) -> Figure:
    return Figure(name, meaning, ((None, value),))


def _age(moment: datetime | None, now: datetime) -> float:
    return max(0, int((now - moment).total_seconds())) if moment is not None else 0
