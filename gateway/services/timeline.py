"""Events: what happened to a ticket, in order, never changed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.tickets import Event, Message, Ticket
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Sender
from gateway.services.statements import add, add_all, run

EVENT = table_of(Event).c
LEFT_OUT = select(EVENT.ticket_id, EVENT.detail).where(
    EVENT.ticket_id.in_(bindparam("tickets", expanding=True)), EVENT.kind == EventKind.SILENCED
)


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


def left_out(session: Session, mails: Iterable[tuple[int, str]], reason: str, *, now: datetime) -> None:
    """Note on their tickets that automatic mails, as (ticket, address), were left out: each pair once."""
    wanted = list(dict.fromkeys(mails))
    if not wanted:
        return
    rows = run(session, LEFT_OUT, tickets=[ticket for ticket, _ in wanted])
    noted = {(row.ticket_id, row.detail.get("to"), row.detail.get("reason")) for row in rows}
    same = {"kind": EventKind.SILENCED, "actor_id": None, "message_id": None, "at": now}
    events = [
        {"ticket_id": ticket, "detail": {"to": to, "reason": reason}, **same}
        for ticket, to in wanted
        if (ticket, to, reason) not in noted
    ]
    add_all(session, Event, events)
