"""What is added to a ticket: a text with its files, stored once and never edited."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from gateway import tokens
from gateway.mail.html import CLEANER_VERSION
from gateway.mail.parsed import AttachedFile
from gateway.models.tickets import Attachment, Message, Ticket
from gateway.rules.lifecycle import Channel, MessageKind
from gateway.rules.people import Party, Sender, Verdict
from gateway.services import blobs, search_index
from gateway.services.blobs import Content
from gateway.services.statements import add, add_all


@dataclass(frozen=True, slots=True)
class FiledAttachment:
    """A file of a contribution with its bytes, placed already when they are many."""

    filename: str
    content_type: str
    content: Content
    inline: bool = False
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    """A text somebody wrote, by mail or web, before it belongs to a ticket."""

    text: str
    quoted: str = ""
    html: str = ""
    files: tuple[FiledAttachment, ...] = ()
    kind: MessageKind = MessageKind.PUBLIC
    channel: Channel = Channel.EMAIL
    automatic: bool = False
    message_id: str | None = None
    journal_id: int | None = None
    verdict_reason: str = ""
    unreadable: bool = False
    notes: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)  # what its event tells operators besides
    closes: bool = False  # the ticket is closed right after it, which its mails say already


def file_away(folder: Path, files: Iterable[AttachedFile]) -> tuple[FiledAttachment, ...]:
    """Hash the files of a mail and put large ones into place. To be done before the transaction."""
    filed = tuple(
        FiledAttachment(
            file.filename, file.content_type, blobs.content_of(file.content), file.inline, file.content_id
        )
        for file in files
    )
    blobs.place(folder, [file.content for file in filed])
    return filed


def store(
    session: Session,
    ticket: Ticket,
    author: Sender | None,
    party: Party,
    contribution: Contribution,
    *,
    now: datetime,
) -> tuple[Message, Sequence[Attachment]]:
    """Write the message and its attachments, as number `ticket.messages`.

    Whoever calls has counted it already; the ticket's row is locked, so numbers do not collide.
    """
    message = Message(
        ticket_id=ticket.id,
        number=ticket.messages,
        author_id=author.user_id if author else None,
        party=party,
        kind=contribution.kind,
        channel=contribution.channel,
        verified=author is not None and author.verdict is Verdict.PASS,
        verdict_reason=contribution.verdict_reason,
        automatic=contribution.automatic,
        message_id=contribution.message_id,
        journal_id=contribution.journal_id,
        text=contribution.text,
        quoted=contribution.quoted,
        html=contribution.html,
        html_version=CLEANER_VERSION if contribution.html else 0,
        unreadable=contribution.unreadable,
        notes=list(contribution.notes),
        created_at=now,
    )
    add(session, message)
    search_index.add(session, ticket, message)
    return message, _attach(session, message, contribution.files, now=now)


def _attach(
    session: Session, message: Message, files: Sequence[FiledAttachment], *, now: datetime
) -> list[Attachment]:
    if not files:
        return []
    blobs.keep(session, [file.content for file in files], now=now)
    attachments = [
        Attachment(
            id=tokens.new_token(),
            message_id=message.id,
            position=position,
            filename=file.filename,
            content_type=file.content_type,
            size=file.content.size,
            sha256=file.content.sha256,
            inline=file.inline,
            content_id=file.content_id,
        )
        for position, file in enumerate(files)
    ]
    add_all(session, Attachment, [each.model_dump() for each in attachments])
    return attachments


def first_message(session: Session, ticket_id: int) -> Message | None:
    """Return what a ticket was opened with."""
    return session.execute(
        select(Message).where(col(Message.ticket_id) == ticket_id, col(Message.number) == 1)
    ).scalar_one_or_none()
