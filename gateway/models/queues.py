"""The two ledgers, journal and outbox, the blobs they point at, and small counted things."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from gateway.models.columns import Leased, text_enum
from gateway.rules.admission import Decision, Outcome

WAITING = text("due_at IS NOT NULL")
"""Which rows of a ledger are work: few, whatever its length. Their index holds them in order of arrival."""


class Door(StrEnum):
    """How a mail came in."""

    SMTP = "smtp"
    IMAP = "imap"
    INGEST = "ingest"


class Blob(SQLModel, table=True):
    """Bytes known by their SHA-256. Small ones stand here, large ones in a synced file."""

    sha256: str = Field(primary_key=True, max_length=64)
    size: int
    data: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime


class JournalEntry(Leased, table=True):
    """One accepted mail, from its 250 to its outcome. `outcome` None: it still waits."""

    __tablename__ = "journal_entry"
    __table_args__ = (
        UniqueConstraint("mailbox", "folder", "uidvalidity", "uid"),
        Index("ix_journal_entry_due", "id", "due_at", sqlite_where=WAITING, postgresql_where=WAITING),
        Index("ix_journal_entry_message_id", "message_id", "received_at"),
        Index("ix_journal_entry_outcome", "outcome", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    door: Door = Field(sa_type=text_enum(Door, "door"))
    received_at: datetime
    peer: str = Field(default="", max_length=100)
    listed_peer: bool = Field(default=False)
    envelope_from: str | None = Field(default=None, max_length=320)  # "": the null sender
    recipients: list[str] = Field(default_factory=list, sa_type=JSON)
    mailbox: str | None = Field(default=None, max_length=120)
    folder: str | None = Field(default=None, max_length=500)
    uidvalidity: int | None = Field(default=None)
    uid: int | None = Field(default=None)
    sha256: str = Field(foreign_key="blob.sha256", max_length=64, index=True)
    size: int
    message_id: str | None = Field(default=None, max_length=998)
    digest: str | None = Field(default=None, max_length=64)
    from_address: str | None = Field(default=None, max_length=320)
    outcome: Outcome | None = Field(default=None, sa_type=text_enum(Outcome, "outcome"))
    reason: str = Field(default="", max_length=200)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    settled_at: datetime | None = Field(default=None)
    last_error: str | None = Field(default=None, max_length=500)
    decision: Decision | None = Field(default=None, sa_type=text_enum(Decision, "decision"))
    decided_by: int | None = Field(default=None, foreign_key="person.id")
    decided_at: datetime | None = Field(default=None)


class OutboxState(StrEnum):
    """Where a mail of ours stands."""

    QUEUED = "queued"
    TRANSMITTING = "transmitting"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    BOUNCED = "bounced"
    UNCERTAIN = "uncertain"


class Purpose(StrEnum):
    """Why a mail of ours was written."""

    ACKNOWLEDGEMENT = "acknowledgement"
    NOTICE = "notice"
    REPLY = "reply"
    CLOSED = "closed"
    CONFIRM = "confirm"
    RESET = "reset"
    MISTAKE = "mistake"
    UNDELIVERED = "undelivered"
    MISSED = "missed"  # what an operator had not seen when they answered
    VERIFY = "verify"  # asks an operator whether a mail was theirs (T9)
    DIGEST = "digest"  # notices gathered into one (B11)
    ALERT = "alert"
    SECURITY = "security"  # tells somebody that their password or role changed (W9)
    REPORT = "report"  # the figures of a month, to administrators


class OutboxItem(Leased, table=True):
    """One mail to one recipient. Its Message-ID and its bytes are fixed before the first attempt.

    The bytes are `head`, then for each of `parts` (header and SHA-256) its header and the base64 of
    the blob, then `tail`: mail/compose assembles them, the same each time (invariants E3).
    """

    __tablename__ = "outbox_item"
    __table_args__ = (
        Index("ix_outbox_item_due", "id", "due_at", sqlite_where=WAITING, postgresql_where=WAITING),
        Index("ix_outbox_item_line", "ticket_id", "recipient", "id"),
        Index("ix_outbox_item_state", "state", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id")
    event_id: int | None = Field(default=None, foreign_key="event.id", index=True)
    user_id: int | None = Field(default=None, foreign_key="person.id")
    recipient: str = Field(max_length=320)
    purpose: Purpose = Field(sa_type=text_enum(Purpose, "purpose"))
    resend: bool  # whether a twin beats a loss (invariants E5)
    internal: bool = Field(default=False)  # shows what only operators may read
    message_id: str = Field(max_length=200, unique=True)
    envelope_from: str = Field(default="", max_length=320)
    head: bytes = Field(sa_type=LargeBinary)
    parts: list[Any] = Field(default_factory=list, sa_type=JSON)
    tail: bytes = Field(default=b"", sa_type=LargeBinary)
    state: OutboxState = Field(default=OutboxState.QUEUED, sa_type=text_enum(OutboxState, "state"))
    pauses: int = Field(default=0)  # how often the relay refused us over this row (E6)
    first_deferred_at: datetime | None = Field(default=None)
    last_error: str | None = Field(default=None, max_length=500)
    given_up_at: datetime | None = Field(default=None)  # an administrator: listed no more as failed
    given_up_by: int | None = Field(default=None, foreign_key="person.id")
    created_at: datetime
    sent_at: datetime | None = Field(default=None)


class PendingNotice(SQLModel, table=True):
    """A notice that was one too many for its mail, waiting for the operator's next digest (B11)."""

    __tablename__ = "pending_notice"

    id: int = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="person.id", index=True)
    ticket_id: int = Field(foreign_key="ticket.id")
    event_id: int = Field(foreign_key="event.id")
    created_at: datetime


class Counter(SQLModel, table=True):
    """How often something happened in one period; read by rules/limits."""

    name: str = Field(primary_key=True, max_length=400)
    period: datetime = Field(primary_key=True)
    count: int


class Job(Leased, table=True):
    """A timed job, or a switch with a time (the outbox's pause): one row each, by name."""

    name: str = Field(primary_key=True, max_length=100)
