"""Files and original mails for those who may see their message; asked afresh each time (C5)."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import or_, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.queues import JournalEntry
from gateway.models.tickets import Attachment, Message, Ticket
from gateway.rules.people import Sender, is_staff
from gateway.services import blobs, inboxes, portal
from gateway.services.conversation import LARGEST_NUMBER


@dataclass(frozen=True, slots=True)
class Download:
    """A file with its bytes, which match their hash."""

    filename: str
    content_type: str
    content: bytes


def attachment(session: Session, folder: Path, attachment_id: str, reader: Sender) -> Download:
    """Return an attachment whose message this person may read; NotFound for any other."""
    file, message, ticket = table_of(Attachment), table_of(Message), table_of(Ticket)
    own = portal.readable(reader)
    allowed = or_(own, inboxes.may_open(reader)) if is_staff(reader.role) else own
    row = session.execute(
        select(file.c.filename, file.c.content_type, file.c.sha256)
        .join_from(file, message, message.c.id == file.c.message_id)
        .join(ticket, ticket.c.id == message.c.ticket_id)
        .where(file.c.id == attachment_id, allowed)
    ).first()
    if row is None:
        raise NotFound("attachment")
    return Download(row.filename, row.content_type, blobs.read(session, folder, row.sha256))


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
    return Download("original.eml", "message/rfc822", blobs.read(session, folder, sha256))
