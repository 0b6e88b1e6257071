"""What the page of a ticket shows: plain values, filled by `histories` for operators, by `portal` for
clients. A field that clients may not know is None or empty in theirs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import OutboxState
from gateway.models.tickets import Attachment
from gateway.rules.lifecycle import Channel, EventKind, MessageKind, Status
from gateway.rules.people import Party

SHOWN = 20
"""Older messages than these stay behind one link."""

LARGEST_NUMBER = 2**31 - 1
"""Of a ticket or message; a larger one names nothing, and PostgreSQL would not even compare it."""


@dataclass(frozen=True, slots=True)
class FileShown:
    """An attachment."""

    id: str
    filename: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far one mail with a reply got."""

    recipient: str
    state: OutboxState


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageShown:
    """A contribution. `mine`: the reader wrote it."""

    id: int
    author: str
    party: Party
    kind: MessageKind
    channel: Channel
    text: str
    quoted: str
    at: datetime
    mine: bool
    files: tuple[FileShown, ...] = ()
    address: str = ""
    verified: bool | None = None  # None: the reader is not told
    verdict_reason: str = ""
    claims_staff: bool = False  # not verified, and from a domain our own people write from (T15)
    automatic: bool = False
    unreadable: bool = False
    notes: tuple[str, ...] = ()
    original: bool = False  # the mail as it came is there
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class EventShown:
    """Something that happened besides the messages. `target` is whom or what it was done with."""

    kind: EventKind
    actor: str
    target: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A ticket with its history, oldest first. `earlier` counts the messages left out."""

    number: int
    subject: str
    status: Status
    topic: str
    channel: Channel
    requester: str
    assignee: str | None
    created_at: datetime
    entries: tuple[MessageShown | EventShown, ...]
    earlier: int
    requester_email: str = ""
    phone: str | None = None
    company: str | None = None
    cuit: str | None = None
    assigned_to_reader: bool = False
    first_reply_at: datetime | None = None
    participants: tuple[str, ...] = ()
    linked_to: int | None = None
    may_belong_to: int | None = None


def files_of(session: Session, message_ids: Iterable[int]) -> Mapping[int, tuple[FileShown, ...]]:
    """Return the attachments of messages, by message."""
    file = table_of(Attachment)
    found: dict[int, tuple[FileShown, ...]] = defaultdict(tuple)
    for message_id, *values in session.execute(
        select(file.c.message_id, file.c.id, file.c.filename, file.c.content_type, file.c.size)
        .where(file.c.message_id.in_(list(message_ids)))
        .order_by(file.c.message_id, file.c.position)
    ):
        found[message_id] += (FileShown(*values),)
    return found
