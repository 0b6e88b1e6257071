"""Requests that nobody needs any more: answered, and then silence for the days that are set."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.tickets import Ticket
from gateway.rules.lifecycle import Status
from gateway.services import tickets
from gateway.services.desk import Desk

BATCH = 50
"""Requests in one transaction, each with the mail that tells its requester."""

_TICKET = table_of(Ticket).c


def close_some(session: Session, desk: Desk, *, now: datetime) -> bool:
    """Close some requests in progress where no client waits; return whether there may be more.

    One that nobody answered is never closed by itself, however old: that would be an answer.
    """
    days = desk.tickets.auto_close_days
    if not days:
        return False
    idle = (
        select(Ticket)
        .where(
            _TICKET.status == Status.IN_PROGRESS,
            _TICKET.updated_at < now - timedelta(days=days),
            _TICKET.waiting_since.is_(None),
            _TICKET.first_reply_at.is_not(None),
        )
        .order_by(_TICKET.updated_at, _TICKET.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    found = session.execute(idle).scalars().all()
    for ticket in found:
        tickets.close(session, desk, ticket, by=None, tell=True, now=now)
    return len(found) == BATCH
