"""Events: what happened to a ticket, in order, never changed."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from gateway.models.tickets import Event, Message, Ticket
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Sender
from gateway.services.statements import add


def record(
    session: Session,
    ticket: Ticket,
    kind: EventKind,
    *,
    by: Sender | None,
    now: datetime,
    message: Message | None = None,
    **detail: Any,
) -> Event:
    """Add an event to a ticket. `detail` is shown to operators only."""
    event = Event(
        ticket_id=ticket.id,
        kind=kind,
        actor_id=by.user_id if by else None,
        message_id=message.id if message else None,
        at=now,
        detail=detail,
    )
    add(session, event)
    return event
