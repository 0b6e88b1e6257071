"""The ledger of accepted mail: append, settle, put back, set aside, retry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlmodel import Session, col

from gateway import failpoints
from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.mail.reading import Arrival, Reading
from gateway.models.columns import table_of
from gateway.models.queues import Door, JournalEntry
from gateway.rules import retry
from gateway.rules.admission import Decision, Outcome
from gateway.services import blobs, leases
from gateway.services.blobs import Content
from gateway.services.statements import run


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a mail, why (a catalogue key), and the ticket it touched or may belong to."""

    outcome: Outcome
    reason: str
    ticket_id: int | None = None


REPEAT_DAYS = timedelta(days=30)
LEASE = timedelta(minutes=10)
PUT_BACK = timedelta(seconds=2)


ENTRY = table_of(JournalEntry).c
WAITING_PARENT = (
    select(ENTRY.id)
    .where(
        ENTRY.message_id.in_(bindparam("named", expanding=True)),
        ENTRY.outcome.is_(None),
        ENTRY.id < bindparam("id"),
    )
    .limit(1)
)
EARLIER = (
    select(ENTRY.id, ENTRY.recipients)
    .where(
        ENTRY.digest == bindparam("digest"),
        ENTRY.id != bindparam("id"),
        ENTRY.received_at >= bindparam("since"),
        ENTRY.outcome.is_not(None),
        ENTRY.outcome.not_in([Outcome.DUPLICATE, Outcome.FAILED]),
    )
    .order_by(ENTRY.id)
)
SAME_MESSAGE_ID = EARLIER.where(ENTRY.message_id == bindparam("message_id"))
ON_TICKET = (
    SAME_MESSAGE_ID.with_only_columns(ENTRY.id)
    .where(ENTRY.ticket_id == bindparam("ticket"), ENTRY.outcome.in_([Outcome.OPENED, Outcome.APPENDED]))
    .limit(1)
)
SAME_MAILBOX = EARLIER.where(
    ENTRY.mailbox == bindparam("mailbox"), ENTRY.uidvalidity != bindparam("uidvalidity")
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One mail as a door hands it over. The IMAP fields are for that door alone.

    `message_id` and `from_address` are what mail/peek found, so that a reply can wait for a parent that
    came before it, and what waits of a sender can be counted.
    """

    door: Door
    content: Content
    recipients: tuple[str, ...]
    received_at: datetime
    message_id: str | None = None
    from_address: str | None = None
    envelope_from: str | None = None
    peer: str = ""
    listed_peer: bool = False
    mailbox: str | None = None
    folder: str | None = None
    uidvalidity: int | None = None
    uid: int | None = None


def append(session: Session, mails: Sequence[Incoming], *, now: datetime) -> list[int]:
    """Write mails down; return their entry ids, in order. Large contents were placed before.

    An IMAP mail that is recorded already keeps the entry it has (D12).
    """
    blobs.keep(session, [mail.content for mail in mails], now=now)
    failpoints.hit("S2")
    failpoints.hit("S3")
    known = _recorded(session, mails)
    fresh = [mail for mail in mails if _imap_key(mail) not in known]
    rows = [_row(mail, now=now) for mail in fresh]
    if rows:
        returning = insert(JournalEntry).returning(col(JournalEntry.id), sort_by_parameter_order=True)
        new = iter(session.execute(returning, rows).scalars())
    failpoints.hit("S4")
    return [known[_imap_key(mail)] if _imap_key(mail) in known else next(new) for mail in mails]


def recorded_uids(session: Session, mailbox: str, folder: str, uidvalidity: int, above: int) -> set[int]:
    """Return the UIDs above a number that the journal has for this folder."""
    entry = table_of(JournalEntry)
    return set(
        session.execute(
            select(entry.c.uid).where(
                entry.c.mailbox == mailbox,
                entry.c.folder == folder,
                entry.c.uidvalidity == uidvalidity,
                entry.c.uid > above,
            )
        ).scalars()
    )


def claim(
    session: Session, *, worker: str, limit: int, octets: int, now: datetime
) -> list[tuple[JournalEntry, int]]:
    """Take waiting mails, oldest first, with their fencing numbers; some `octets` of them in all.

    Those tried before come one by one: if one of them kills the process, it takes no other along.
    """
    entry = table_of(JournalEntry)
    few, untried = _next(session, limit=limit, octets=octets, now=now)
    if not few:
        return []
    only = [entry.c.attempts == 0] if untried else []
    fences = dict(
        leases.claim(session, JournalEntry, worker=worker, lasting=LEASE, limit=few, now=now, only=only)
    )
    rows = session.execute(select(JournalEntry).where(entry.c.id.in_(fences)).order_by(entry.c.id)).scalars()
    return [(row, fences[row.id]) for row in rows]


def arrival_of(entry: JournalEntry) -> Arrival:
    """What the journal knows of a mail beside its bytes, for whoever reads it."""
    return Arrival(
        door=entry.door,
        envelope_from=entry.envelope_from,
        recipients=tuple(entry.recipients),
        listed_peer=entry.listed_peer,
        received_at=entry.received_at,
    )


def parent_waits(session: Session, entry: JournalEntry, references: Iterable[str]) -> bool:
    """Whether a mail this one answers came before it and is not applied yet."""
    named = list(references)
    return bool(named) and run(session, WAITING_PARENT, named=named, id=entry.id).first() is not None


def is_repeat(session: Session, entry: JournalEntry, message_id: str | None, digest: str) -> int | None:
    """Return the entry this mail repeats, or None (E1).

    Same Message-ID and same digest within 30 days, to the same recipients' topic: a Message-ID
    alone proves nothing, or anybody could suppress a mail by guessing it. A mail without one is
    known again only where its mailbox was renumbered (D12).
    """
    known = {"digest": digest, "id": entry.id, "since": entry.received_at - REPEAT_DAYS}
    if message_id is not None:
        earlier = run(session, SAME_MESSAGE_ID, message_id=message_id, **known)
    elif entry.mailbox is not None:
        renumbered = {"mailbox": entry.mailbox, "uidvalidity": entry.uidvalidity}
        earlier = run(session, SAME_MAILBOX, **renumbered, **known)
    else:
        return None
    for row in earlier:
        if not row.recipients or not entry.recipients or set(row.recipients) & set(entry.recipients):
            return int(row.id)
    return None


def is_on(
    session: Session, entry: JournalEntry, message_id: str | None, digest: str, ticket_id: int
) -> int | None:
    """Return the entry that brought this very mail to a ticket by another of its addresses, or None (E1).

    Who answers all writes to the reply address and to the topic's: some servers deliver that twice.
    """
    if message_id is None:
        return None
    since = entry.received_at - REPEAT_DAYS
    named = {"ticket": ticket_id, "message_id": message_id, "digest": digest, "id": entry.id, "since": since}
    found: int | None = run(session, ON_TICKET, **named).scalar()
    return found


def settle(
    session: Session, entry: JournalEntry, fence: int, done: Settled, *, reading: Reading, now: datetime
) -> None:
    """Write what became of a mail, with what later repeats of it are known by; it is never due again."""
    leases.settle(
        session,
        JournalEntry,
        entry.id,
        fence,
        outcome=done.outcome,
        reason=done.reason[:200],
        ticket_id=done.ticket_id,
        message_id=reading.message_id or entry.message_id,
        digest=reading.digest,
        from_address=reading.claimed[0].email if reading.claimed else None,
        settled_at=now,
        due_at=None,
        last_error=None,
    )


def put_back(
    session: Session, entry: JournalEntry, fence: int, *, now: datetime, wait: timedelta = PUT_BACK
) -> None:
    """Let a mail wait for something that is no fault of its own; this attempt does not count."""
    leases.settle(
        session, JournalEntry, entry.id, fence, due_at=now + wait, attempts=max(entry.attempts - 1, 0)
    )


def fail(session: Session, entry: JournalEntry, fence: int, error: str, *, now: datetime) -> bool:
    """Count a failed attempt: try again later, or set the mail aside. Return whether it was set aside."""
    later = retry.next_reading(entry.attempts, now=now)
    if later is not None:
        leases.settle(session, JournalEntry, entry.id, fence, due_at=later, last_error=error[:500])
        return False
    leases.settle(
        session,
        JournalEntry,
        entry.id,
        fence,
        outcome=Outcome.FAILED,
        reason="failed",
        settled_at=now,
        due_at=None,
        last_error=error[:500],
    )
    return True


def retry_failed(session: Session, entry_id: int, *, now: datetime) -> str | None:
    """Put a mail that was set aside back in line, as if it had just come; return whom it says it is from."""
    entry = session.get(JournalEntry, entry_id, with_for_update=True, populate_existing=True)
    if entry is None:
        raise NotFound(f"mail {entry_id}")
    if entry.outcome is not Outcome.FAILED:
        raise Invalid("mail", _("Only a failed e-mail can be tried again."))
    anew: dict[str, Any] = {"outcome": None, "reason": "", "settled_at": None, "due_at": now}
    anew |= {"attempts": 0, "last_error": None}
    if entry.decision is Decision.DISCARD:  # it is read as if nobody had; one that was accepted stays so
        anew |= {"decision": None, "decided_by": None, "decided_at": None}
    session.execute(update(JournalEntry).where(col(JournalEntry.id) == entry_id).values(anew))
    return entry.from_address


def release(session: Session, worker: str, *, counted: bool) -> None:
    """Let go of what a worker claimed and did not finish; `counted` says whether that was an attempt."""
    entry = table_of(JournalEntry)
    session.execute(
        update(entry)
        .where(entry.c.due_at.is_not(None), entry.c.holder == worker)
        .values(holder=None, lease_until=None, attempts=entry.c.attempts - (0 if counted else 1))
    )


def waiting(session: Session) -> int:
    """How many accepted mails have no outcome yet."""
    entry = table_of(JournalEntry)
    return int(session.execute(select(func.count()).where(entry.c.outcome.is_(None))).scalar_one())


def _next(session: Session, *, limit: int, octets: int, now: datetime) -> tuple[int, bool]:
    """How many of the oldest due mails to take at once, and whether they are untried.

    One that was tried before is taken alone; of the others those before the next such, at least one.
    """
    entry = table_of(JournalEntry)
    oldest = session.execute(
        select(entry.c.size, entry.c.attempts)
        .where(leases.is_due(entry, now=now), leases.is_free(entry, now=now))
        .order_by(entry.c.id)
        .limit(limit)
    ).all()
    taken = total = 0
    for size, attempts in oldest:
        total += size
        if taken and (attempts or total > octets):
            break
        taken += 1
        if attempts:
            return 1, False
    return taken, True


def _imap_key(mail: Incoming) -> tuple[str, str, int, int] | None:
    if mail.mailbox is None or mail.folder is None or mail.uidvalidity is None or mail.uid is None:
        return None
    return mail.mailbox, mail.folder, mail.uidvalidity, mail.uid


def _recorded(session: Session, mails: Sequence[Incoming]) -> dict[tuple[str, str, int, int] | None, int]:
    uids = [mail.uid for mail in mails if _imap_key(mail) is not None]
    if not uids:
        return {}
    entry = table_of(JournalEntry)
    rows = session.execute(
        select(entry.c.mailbox, entry.c.folder, entry.c.uidvalidity, entry.c.uid, entry.c.id).where(
            entry.c.mailbox.in_({mail.mailbox for mail in mails}), entry.c.uid.in_(uids)
        )
    )
    return {(row[0], row[1], row[2], row[3]): row[4] for row in rows}


def _row(mail: Incoming, *, now: datetime) -> dict[str, object]:
    return {
        "door": mail.door,
        "received_at": mail.received_at,
        "peer": mail.peer[:100],
        "listed_peer": mail.listed_peer,
        "envelope_from": _storable(mail.envelope_from, 320),
        "recipients": list(mail.recipients),
        "mailbox": mail.mailbox,
        "folder": mail.folder,
        "uidvalidity": mail.uidvalidity,
        "uid": mail.uid,
        "sha256": mail.content.sha256,
        "size": mail.content.size,
        "message_id": _storable(mail.message_id, 998),
        "from_address": _storable(mail.from_address, 320),
        "due_at": now,
        "attempts": 0,
        "fence": 0,
        "reason": "",
    }


def _storable(text: str | None, length: int) -> str | None:
    """What a stranger wrote as every database takes it: without NUL, and without half a character."""
    if text is None:
        return None
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:length]
