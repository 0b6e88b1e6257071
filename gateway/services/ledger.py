"""The two ledgers as an administrator reads them: mail in, with its outcome; mail out, with its state."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Row, Select, and_, select
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import JournalEntry, OutboxItem, OutboxState
from gateway.models.tickets import Message
from gateway.rules.admission import Decision, Outcome
from gateway.services import held

WAITING = "waiting"
"""What stands for the outcome of a mail that has none yet."""

DISCARDED = "discarded"
"""What stands for mail that was decided to stay without effect; `held` and `failed` leave it out."""

OUT_PREFIX = "out-"
"""Sets a mail out apart from a mail in, which is known by its bare number, as in the log."""

ROWS_AT_ONCE = 500


class Box(StrEnum):
    """Which ledger."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class MailId:
    """A line of one ledger; written `12` or `out-12`."""

    box: Box
    number: int

    def __str__(self) -> str:
        return f"{OUT_PREFIX if self.box is Box.OUT else ''}{self.number}"


@dataclass(frozen=True, slots=True)
class MailIn:
    """One accepted mail. `sender` is its From once it was read, before that its envelope sender."""

    id: str
    door: str
    received_at: datetime
    sender: str | None
    recipients: tuple[str, ...]
    message_id: str | None
    outcome: str
    reason: str | None
    ticket: int | None


@dataclass(frozen=True, slots=True)
class MailOut:
    """One mail of ours to one recipient."""

    id: str
    recipient: str
    purpose: str
    message_id: str
    state: str
    attempts: int
    ticket: int | None
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Details:
    """What more there is to say of one mail; from `size` on of mail in only."""

    attempts: int
    due_at: datetime | None
    last_error: str | None
    size: int | None = None
    message: int | None = None  # the message's number within the ticket
    decision: Decision | None = None
    decided_by: str | None = None  # their address; None with a decision: the command line
    decided_at: datetime | None = None


def parse_id(text: str) -> MailId:
    """Read `12` or `out-12`; NotFound for anything else, since no mail has such an id."""
    digits = text.removeprefix(OUT_PREFIX)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise NotFound(text)
    return MailId(Box.OUT if digits != text else Box.IN, int(digits))


def mails_in(
    session: Session, *, outcome: str | None = None, since: datetime | None = None
) -> Iterator[MailIn]:
    """Yield accepted mail, oldest first; `since` leaves out what came and was settled before."""
    entry = table_of(JournalEntry)
    query = _columns_in()
    if outcome is not None:
        query = query.where(_has_outcome(outcome))
    if since is not None:
        query = query.where((entry.c.received_at >= since) | (entry.c.settled_at >= since))
    for row in session.execute(query.order_by(entry.c.id).execution_options(yield_per=ROWS_AT_ONCE)):
        yield _mail_in(row)


def mails_out(
    session: Session, *, state: str | None = None, since: datetime | None = None
) -> Iterator[MailOut]:
    """Yield mail of ours, oldest first.

    With `since` those still on their way are there, too, and those that failed, since nothing
    says when they last changed.
    """
    item = table_of(OutboxItem)
    query = _columns_out()
    if state is not None:
        if state not in set(OutboxState):
            raise Invalid("outcome", _("It is one of: {choices}."), choices=", ".join(OutboxState))
        query = query.where(item.c.state == OutboxState(state))
    if since is not None:
        changed = (item.c.created_at >= since) | (item.c.sent_at >= since)
        query = query.where(changed | (item.c.state != OutboxState.SENT))
    for row in session.execute(query.order_by(item.c.id).execution_options(yield_per=ROWS_AT_ONCE)):
        yield _mail_out(row)


def show(session: Session, mail_id: MailId) -> tuple[MailIn | MailOut, Details]:
    """Return one line of a ledger and what more there is to say of it."""
    if mail_id.box is Box.IN:
        return _show_in(session, mail_id)
    item = table_of(OutboxItem)
    query = _columns_out().add_columns(item.c.due_at, item.c.last_error)
    row = session.execute(query.where(item.c.id == mail_id.number)).first()
    if row is None:
        raise NotFound(f"mail {mail_id}")
    return _mail_out(row), Details(row.attempts, row.due_at, row.last_error)


def _show_in(session: Session, mail_id: MailId) -> tuple[MailIn, Details]:
    entry, message, person = table_of(JournalEntry), table_of(Message), table_of(User)
    query = _columns_in().add_columns(
        entry.c.size,
        entry.c.attempts,
        entry.c.due_at,
        entry.c.last_error,
        entry.c.decision,
        entry.c.decided_at,
        person.c.email.label("decided_by"),
        message.c.number,
    )
    joined = query.select_from(
        entry.outerjoin(message, message.c.journal_id == entry.c.id).outerjoin(
            person, person.c.id == entry.c.decided_by
        )
    )
    row = session.execute(joined.where(entry.c.id == mail_id.number).order_by(message.c.id)).first()
    if row is None:
        raise NotFound(f"mail {mail_id}")
    return _mail_in(row), Details(
        attempts=row.attempts,
        due_at=row.due_at,
        last_error=row.last_error,
        size=row.size,
        message=row.number,
        decision=row.decision,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )


def _has_outcome(outcome: str) -> ColumnElement[bool]:
    entry = table_of(JournalEntry).c
    if outcome == WAITING:
        return entry.outcome.is_(None)
    if outcome == DISCARDED:
        ended = entry.outcome.in_([Outcome.HELD, Outcome.FAILED])
        return and_(ended, entry.decision == Decision.DISCARD)
    if outcome in (Outcome.HELD, Outcome.FAILED):
        return held.undecided(Outcome(outcome))
    if outcome not in set(Outcome):
        choices = ", ".join([*Outcome, WAITING, DISCARDED])
        raise Invalid("outcome", _("It is one of: {choices}."), choices=choices)
    return entry.outcome == Outcome(outcome)


def _columns_in() -> Select[tuple[object, ...]]:
    entry = table_of(JournalEntry)
    return select(
        entry.c.id,
        entry.c.door,
        entry.c.received_at,
        entry.c.from_address,
        entry.c.envelope_from,
        entry.c.recipients,
        entry.c.message_id,
        entry.c.outcome,
        entry.c.reason,
        entry.c.ticket_id,
    )


def _mail_in(row: Row[tuple[object, ...]]) -> MailIn:
    return MailIn(
        id=str(MailId(Box.IN, row.id)),
        door=row.door,
        received_at=row.received_at,
        sender=row.from_address or row.envelope_from or None,
        recipients=tuple(row.recipients),
        message_id=row.message_id,
        outcome=row.outcome or WAITING,
        reason=row.reason or None,
        ticket=row.ticket_id,
    )


def _columns_out() -> Select[tuple[object, ...]]:
    item = table_of(OutboxItem)
    return select(
        item.c.id,
        item.c.recipient,
        item.c.purpose,
        item.c.message_id,
        item.c.state,
        item.c.attempts,
        item.c.ticket_id,
        item.c.created_at,
        item.c.sent_at,
    )


def _mail_out(row: Row[tuple[object, ...]]) -> MailOut:
    return MailOut(
        id=str(MailId(Box.OUT, row.id)),
        recipient=row.recipient,
        purpose=row.purpose,
        message_id=row.message_id,
        state=row.state,
        attempts=row.attempts,
        ticket=row.ticket_id,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )
