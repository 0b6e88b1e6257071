"""Tickets and what belongs to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from gateway.models.columns import text_enum
from gateway.rules.lifecycle import Channel, EventKind, MessageKind, Status
from gateway.rules.people import Party

_WAITING: dict[str, Any] = {
    "sqlite_where": text("waiting_since IS NOT NULL"),
    "postgresql_where": text("waiting_since IS NOT NULL"),
}
_UNASSIGNED: dict[str, Any] = {
    "sqlite_where": text("assignee_id IS NULL"),
    "postgresql_where": text("assignee_id IS NULL"),
}
"""Few of all tickets, both, so their indexes are small."""


class Ticket(SQLModel, table=True):
    """One request for help. Its id is its number, which is never given twice."""

    __table_args__ = (
        Index("ix_ticket_topic_status", "topic_id", "status", "updated_at", "id"),
        Index("ix_ticket_assignee_status", "assignee_id", "status", "updated_at", "id"),
        Index("ix_ticket_status", "status", "updated_at", "id"),
        Index("ix_ticket_requester", "requester_id", "public_at", "id"),
        Index("ix_ticket_topic_waiting", "topic_id", "waiting_since", "id", **_WAITING),
        Index("ix_ticket_assignee_waiting", "assignee_id", "waiting_since", "id", **_WAITING),
        Index("ix_ticket_waiting", "waiting_since", "id", **_WAITING),
        Index("ix_ticket_unassigned", "topic_id", "status", "updated_at", "id", **_UNASSIGNED),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True)
    subject: str = Field(max_length=500)
    topic_id: int = Field(foreign_key="topic.id")
    status: Status = Field(default=Status.NEW, sa_type=text_enum(Status, "status"))
    requester_id: int = Field(foreign_key="person.id")
    assignee_id: int | None = Field(default=None, foreign_key="person.id")
    channel: Channel = Field(default=Channel.EMAIL, sa_type=text_enum(Channel, "channel"))
    linked_to: int | None = Field(default=None, foreign_key="ticket.id")
    messages: int = Field(default=0)  # how many there are; the next one's number, under the row lock
    created_at: datetime
    updated_at: datetime
    public_at: datetime  # of the newest message that a client may read: their activity, nothing internal
    waiting_since: datetime | None = Field(default=None)  # since when a client waits for an answer
    first_reply_at: datetime | None = Field(default=None)
    closed_at: datetime | None = Field(default=None)


class Participant(SQLModel, table=True):
    """An address allowed to write on a ticket and told of public replies."""

    ticket_id: int = Field(foreign_key="ticket.id", primary_key=True)
    user_id: int = Field(foreign_key="person.id", primary_key=True, index=True)
    joined_at: datetime


class TicketSeen(SQLModel, table=True):
    """How far a person has read a ticket. Without a row they never opened it."""

    __tablename__ = "ticket_seen"

    user_id: int = Field(foreign_key="person.id", primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", primary_key=True, index=True)
    number: int  # of the newest message there was
    at: datetime


class Message(SQLModel, table=True):
    """One contribution to a ticket; never edited, and one that is internal stays so."""

    __table_args__ = (UniqueConstraint("ticket_id", "number"),)

    id: int = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id")
    number: int  # 1, 2, 3 … within the ticket
    author_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    party: Party = Field(sa_type=text_enum(Party, "party"))
    kind: MessageKind = Field(default=MessageKind.PUBLIC, sa_type=text_enum(MessageKind, "kind"))
    channel: Channel = Field(default=Channel.EMAIL, sa_type=text_enum(Channel, "channel"))
    verified: bool = Field(default=False)
    verdict_reason: str = Field(default="", max_length=120)
    automatic: bool = Field(default=False)
    message_id: str | None = Field(default=None, max_length=998, index=True)
    journal_id: int | None = Field(default=None, foreign_key="journal_entry.id", index=True)
    text: str = Field(sa_type=Text)
    quoted: str = Field(default="", sa_type=Text)
    html: str = Field(default="", sa_type=Text)
    html_version: int = Field(default=0)  # of the list of what HTML may hold that it was cleaned by (W11)
    unreadable: bool = Field(default=False)
    notes: list[str] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime


class Attachment(SQLModel, table=True):
    """A file of a message; its id is random (128 bits) and says nothing."""

    id: str = Field(primary_key=True, max_length=26)
    message_id: int = Field(foreign_key="message.id", index=True)
    position: int
    filename: str = Field(max_length=255)
    content_type: str = Field(max_length=127)
    size: int
    sha256: str = Field(foreign_key="blob.sha256", max_length=64, index=True)
    inline: bool = Field(default=False)
    content_id: str | None = Field(default=None, max_length=255)


class Event(SQLModel, table=True):
    """Something that happened to a ticket; append-only. Timeline and reports read it."""

    __table_args__ = (Index("ix_event_ticket", "ticket_id", "id"), Index("ix_event_kind_at", "kind", "at"))

    id: int = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id")
    kind: EventKind = Field(sa_type=text_enum(EventKind, "kind"))
    actor_id: int | None = Field(default=None, foreign_key="person.id")
    message_id: int | None = Field(default=None, foreign_key="message.id")
    at: datetime
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
