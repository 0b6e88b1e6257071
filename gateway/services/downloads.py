"""Files and original mails for those who may see their message; asked afresh each time (C5)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.queues import JournalEntry
from gateway.models.tickets import Attachment, Message, Ticket
from gateway.rules import attachments
from gateway.rules.people import Sender, is_staff
from gateway.services import blobs, inboxes, portal
from gateway.services.conversation import LARGEST_NUMBER


@dataclass(frozen=True, slots=True)
class Download:
    """A file with its bytes, which match their hash, and the type it goes out with.

    `picture`: what it is to be shown as, being one by its content. `blocked`: it would run when opened,
    so it does not go out at all, and its bytes are not here.
    """

    filename: str
    content_type: str
    content: bytes
    picture: str | None = None
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A file that may be asked for as a thumbnail: which bytes, how many."""

    sha256: str
    size: int


def attachment(session: Session, folder: Path, attachment_id: str, reader: Sender) -> Download:
    """Return an attachment whose message this person may read; NotFound for any other."""
    row = _wanted(session, attachment_id, reader)
    if attachments.is_blocked_name(row.filename):
        return Download(row.filename, attachments.OCTETS, b"", blocked=True)
    content = blobs.read(session, folder, row.sha256)
    head = content[: attachments.HEAD_OCTETS]
    if attachments.is_program(head):
        return Download(row.filename, attachments.OCTETS, b"", blocked=True)
    served = attachments.served_type(row.content_type, head)
    return Download(row.filename, served, content, picture=attachments.picture_type(head))


def picture(session: Session, attachment_id: str, reader: Sender) -> Picture:
    """Return which bytes an attachment has, without reading them."""
    row = _wanted(session, attachment_id, reader)
    return Picture(row.sha256, row.size)


def original(session: Session, folder: Path, message_id: int, operator: Sender) -> Download:
    """Return the mail a message came as, byte for byte, for an operator who may open its ticket."""
    message, ticket, entry = table_of(Message), table_of(Ticket), table_of(JournalEntry)
    sha256 = session.execute(
        select(entry.c.sha256)
        .join_from(message, ticket, ticket.c.id == message.c.ticket_id)
        .join(entry, entry.c.id == message.c.journal_id)
        .where(message.c.id == min(message_id, LARGEST_NUMBER), inboxes.may_open(operator))
    ).scalar()
    if sha256 is None:
        raise NotFound("mail")
    return Download("original.eml", attachments.OCTETS, blobs.read(session, folder, sha256))


def _wanted(session: Session, attachment_id: str, reader: Sender) -> Any:
    file, message, ticket = table_of(Attachment), table_of(Message), table_of(Ticket)
    own = portal.readable(reader)
    allowed = or_(own, inboxes.may_open(reader)) if is_staff(reader.role) else own
    row = session.execute(
        select(file.c.filename, file.c.content_type, file.c.sha256, file.c.size)
        .join_from(file, message, message.c.id == file.c.message_id)
        .join(ticket, ticket.c.id == message.c.ticket_id)
        .where(file.c.id == attachment_id, allowed)
    ).first()
    if row is None:
        raise NotFound("attachment")
    return row
