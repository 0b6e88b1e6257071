"""The HTML of a mail as it was sent, cleaned when it came, for operators who may open its ticket (W11)."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.mail import html_frame
from gateway.mail.html import CLEANER_VERSION
from gateway.models.columns import table_of
from gateway.models.tickets import Attachment, Message, Ticket
from gateway.rules import limits
from gateway.rules.people import Sender
from gateway.services import blobs, inboxes
from gateway.services.conversation import LARGEST_NUMBER


def read(session: Session, folder: Path, message_id: int, operator: Sender) -> str | None:
    """Return the HTML of a message with its pictures in it; None when it was cleaned by an older list.

    NotFound when there is none, or not for them: clients get none of anybody's, their own included.
    """
    message, ticket = table_of(Message), table_of(Ticket)
    row = session.execute(
        select(message.c.id, message.c.html, message.c.html_version)
        .join_from(message, ticket, ticket.c.id == message.c.ticket_id)
        .where(
            message.c.id == min(message_id, LARGEST_NUMBER),
            message.c.html != "",
            inboxes.may_open(operator),
        )
    ).first()
    if row is None:
        raise NotFound("html")
    if row.html_version != CLEANER_VERSION:
        return None
    return html_frame.with_pictures(row.html, _pictures(session, folder, row.id, row.html))


def _pictures(session: Session, folder: Path, message_id: int, html: str) -> Mapping[str, bytes]:
    """The files of this very message that its HTML names, as many as fit."""
    named = sorted(html_frame.content_ids(html))
    if not named:
        return {}
    file = table_of(Attachment)
    rows = session.execute(
        select(file.c.content_id, file.c.sha256, file.c.size)
        .where(file.c.message_id == message_id, file.c.content_id.is_not(None))
        .order_by(file.c.position)
    ).all()
    left = limits.EMBEDDED_OCTETS
    found: dict[str, bytes] = {}
    for row in rows:
        if row.content_id in named and row.content_id not in found and row.size <= left:
            left -= row.size
            found[row.content_id] = blobs.read(session, folder, row.sha256)
        if len(found) == limits.EMBEDDED_PICTURES:
            break
    return found
