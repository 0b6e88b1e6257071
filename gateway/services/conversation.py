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
from gateway.rules import attachments, limits
from gateway.rules.attachments import FileKind
from gateway.rules.lifecycle import Channel, EventKind, MessageKind, Status
from gateway.rules.people import Party
from gateway.rules.refusals import Refusal
from gateway.services.outbox import DELAYED_AFTER

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

    @property
    def kind(self) -> FileKind:
        return attachments.kind_of(self.filename, self.content_type)

    @property
    def blocked(self) -> bool:
        """It would run when opened: listed, and not served."""
        return attachments.is_blocked_name(self.filename)

    @property
    def pictured(self) -> bool:
        """It says that it is a picture, and is not too large to have a thumbnail made."""
        says_so = attachments.may_be_picture(self.filename, self.content_type)
        return says_so and not self.blocked and 0 < self.size <= limits.PICTURE_OCTETS


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far one mail with an answer got: when it went, or is tried next, or why it did not arrive."""

    recipient: str
    name: str
    state: OutboxState
    created_at: datetime
    sent_at: datetime | None = None
    next_try: datetime | None = None
    refusal: Refusal | None = None  # why it was not delivered
    error: str = ""  # in the words of the server that refused
    given_up: bool = False  # by an administrator

    def shown_state(self, now: datetime) -> OutboxState:
        """What to call it: a mail that waits for its next attempt is late after a few hours only (E7)."""
        waits = self.state is OutboxState.DEFERRED and now - self.created_at < DELAYED_AFTER
        return OutboxState.QUEUED if waits else self.state


@dataclass(frozen=True, slots=True)
class Route:
    """How a mail came, as far as it is kept: to which of our addresses, who joined by standing in copy."""

    written_to: tuple[str, ...] = ()
    to_reply_address: bool = False  # which is a proof, so it is not shown (T3, C7)
    copied: tuple[str, ...] = ()
    accepted_by: str = ""  # who let it in, after it was held
    octets: int | None = None  # of the mail as it came; None: it is not there


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
    route: Route = Route()
    as_sent: bool = False  # it has an HTML form to look at
    deliveries: tuple[Delivery, ...] = ()

    @property
    def original(self) -> bool:
        """Whether the mail as it came is there."""
        return self.route.octets is not None


@dataclass(frozen=True, slots=True)
class EventShown:
    """Something that happened besides the messages. `target` is whom or what it was done with."""

    kind: EventKind
    actor: str
    target: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The ticket moved on, by what stands right above."""

    before: Status
    after: Status
    at: datetime


Entry = MessageShown | EventShown | StatusChange


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
    entries: tuple[Entry, ...]
    earlier: int
    asked_by_reader: bool = False  # else they take part in what somebody else asked
    requester_email: str = ""
    phone: str | None = None
    company: str | None = None
    cuit: str | None = None
    assigned_to_reader: bool = False
    first_reply_at: datetime | None = None
    participants: tuple[str, ...] = ()
    linked_to: int | None = None
    may_belong_to: int | None = None
    held: tuple[int, ...] = ()  # mails that name it and wait for a decision


def first_shown(total: int, *, whole: bool, wanted: int | None) -> int:
    """Return the number of the oldest message to show: of the last few, of all, or from a wanted one on."""
    first = 1 if whole else max(1, total - SHOWN + 1)
    return min(first, wanted) if wanted is not None and wanted > 0 else first


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
