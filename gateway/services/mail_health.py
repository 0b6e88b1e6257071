"""How the mail of this installation is doing: its doors, its way out, and what went through them today.

Today begins at `since`, which whoever asks takes from the zone of the site. What came since then is
found from the newest row back, so that it costs what a day brings and not what years have left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, extract, func, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import Door, Job, JournalEntry, OutboxItem, OutboxState
from gateway.models.topics import Mailbox
from gateway.rules import retry
from gateway.rules.admission import Outcome
from gateway.services import outbox
from gateway.services.health import JOURNAL_LATE, OUTBOX_LATE, POLLING_LATE

ENTRY, ITEM, BOX = (table_of(each).c for each in (JournalEntry, OutboxItem, Mailbox))
LONGEST_ON_ITS_WAY = retry.SENDING_DAYS + timedelta(days=1)
"""What was sent today was hardly ever written before that."""


@dataclass(frozen=True, slots=True)
class Today:
    """Mail that came in since midnight, by what became of it."""

    mails: int = 0
    applied: int = 0  # opened a request or were added to one
    without_effect: int = 0  # written by no person, or a repeat
    held: int = 0
    failed: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class MailboxNow:
    """A mailbox of the configuration. `read_at` is when it last went well, `late` that this is long ago."""

    name: str
    address: str
    ok: bool
    late: bool
    read_at: datetime | None
    error: str | None
    today: Today


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Mail out: today's, what is in line, and whether the smarthost lets us."""

    sent: int
    queued: int
    delayed: int
    failed: int
    delay_seconds: int | None  # from written to handed over, of those sent today
    paused_until: datetime | None
    until_released: bool  # by an administrator, as after a restore
    pause_reason: str | None
    stuck_since: datetime | None  # nobody sends what is due


@dataclass(frozen=True, slots=True)
class MailNow:
    """All of it."""

    mailboxes: tuple[MailboxNow, ...]
    listener: Today | None
    out: Outgoing
    unread_since: datetime | None  # nobody reads what came in


def look(
    session: Session, mailboxes: Mapping[str, str], *, listens: bool, since: datetime, now: datetime
) -> MailNow:
    """Look at everything. `mailboxes`: the configured ones, each with the address people write to."""
    today = _today(session, since)
    return MailNow(
        mailboxes=_mailboxes(session, mailboxes, today, now=now),
        listener=today.get((Door.SMTP, None), Today()) if listens else None,
        out=_outgoing(session, since, now=now),
        unread_since=session.execute(
            select(func.min(ENTRY.received_at)).where(ENTRY.due_at < now - JOURNAL_LATE)
        ).scalar(),
    )


def _today(session: Session, since: datetime) -> dict[tuple[Door, str | None], Today]:
    """Count what came since then, by door and mailbox."""
    newest_before = (
        select(ENTRY.id).where(ENTRY.received_at < since).order_by(ENTRY.id.desc()).limit(1).scalar_subquery()
    )
    rows = session.execute(
        select(ENTRY.door, ENTRY.mailbox, ENTRY.outcome, func.count().label("mails"))
        .where(ENTRY.id > func.coalesce(newest_before, 0))
        .group_by(ENTRY.door, ENTRY.mailbox, ENTRY.outcome)
    ).all()
    keys = {(row.door, row.mailbox) for row in rows}
    return {key: _counted([row for row in rows if (row.door, row.mailbox) == key]) for key in keys}


def _counted(rows: Iterable[Row[tuple[object, ...]]]) -> Today:
    by_outcome = {row.outcome: row.mails for row in rows}
    return Today(
        mails=sum(by_outcome.values()),
        applied=by_outcome.get(Outcome.OPENED, 0) + by_outcome.get(Outcome.APPENDED, 0),
        without_effect=sum(
            by_outcome.get(each, 0) for each in (Outcome.AUTOMATIC, Outcome.BOUNCE, Outcome.DUPLICATE)
        ),
        held=by_outcome.get(Outcome.HELD, 0),
        failed=by_outcome.get(Outcome.FAILED, 0),
        waiting=by_outcome.get(None, 0),
    )


def _mailboxes(
    session: Session,
    configured: Mapping[str, str],
    today: Mapping[tuple[Door, str | None], Today],
    *,
    now: datetime,
) -> tuple[MailboxNow, ...]:
    rows = session.execute(
        select(BOX.name, BOX.polled_at, BOX.last_error).where(BOX.name.in_(list(configured)))
    )
    known = {row.name: row for row in rows}
    found = []
    for name, address in configured.items():
        row = known.get(name)
        read_at, error = (row.polled_at, row.last_error) if row is not None else (None, None)
        late = read_at is not None and now - read_at > POLLING_LATE
        counts = today.get((Door.IMAP, name), Today())
        found.append(MailboxNow(name, address, error is None and not late, late, read_at, error, counts))
    return tuple(found)


def _outgoing(session: Session, since: datetime, *, now: datetime) -> Outgoing:
    waits = ITEM.due_at.is_not(None)
    in_line = session.execute(
        select(
            func.count().filter(ITEM.state != OutboxState.DEFERRED).label("queued"),
            func.count().filter(ITEM.state == OutboxState.DEFERRED).label("delayed"),
            func.min(ITEM.due_at).filter(ITEM.due_at < now - OUTBOX_LATE).label("stuck_since"),
        ).where(waits)
    ).one()
    sent, delay = session.execute(
        select(
            func.count(), func.avg(extract("epoch", ITEM.sent_at) - extract("epoch", ITEM.created_at))
        ).where(ITEM.id > _newest_before(since - LONGEST_ON_ITS_WAY), ITEM.sent_at >= since)
    ).one()
    failed = session.execute(
        select(func.count()).where(
            ITEM.state.in_((OutboxState.FAILED, OutboxState.UNCERTAIN)), ITEM.given_up_at.is_(None)
        )
    ).scalar_one()
    until = _paused_until(session, now=now)
    return Outgoing(
        sent=sent,
        queued=in_line.queued,
        delayed=in_line.delayed,
        failed=failed,
        delay_seconds=max(0, round(float(delay))) if delay is not None else None,
        paused_until=until,
        until_released=until is not None and until >= outbox.UNTIL_RELEASED,
        pause_reason=_refusal(session) if until is not None else None,
        stuck_since=in_line.stuck_since,
    )


def _newest_before(moment: datetime) -> ColumnElement[int]:
    query = select(ITEM.id).where(ITEM.created_at < moment).order_by(ITEM.id.desc()).limit(1)
    return func.coalesce(query.scalar_subquery(), 0)


def _paused_until(session: Session, *, now: datetime) -> datetime | None:
    if not outbox.is_paused(session, now=now):
        return None
    job = table_of(Job).c
    until: datetime | None = session.execute(select(job.due_at).where(job.name == outbox.PAUSE)).scalar_one()
    return until


def _refusal(session: Session) -> str | None:
    """What the smarthost said when it refused us last: it stands on the row it said it over."""
    query = (
        select(ITEM.last_error)
        .where(ITEM.due_at.is_not(None), ITEM.pauses > 0)
        .order_by(ITEM.id.desc())
        .limit(1)
    )
    return session.execute(query).scalar()
