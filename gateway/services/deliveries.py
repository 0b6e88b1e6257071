"""How far the answers of operators got, one recipient at a time, for operators."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import OutboxItem, OutboxState, Purpose
from gateway.models.tickets import Event
from gateway.rules.refusals import refusal
from gateway.services.conversation import Delivery

_UNDELIVERED = (OutboxState.FAILED, OutboxState.BOUNCED)


def of_messages(
    session: Session, number: int, message_ids: Collection[int], events: Sequence[Any]
) -> Mapping[int, tuple[Delivery, ...]]:
    """Return the deliveries of messages of a ticket, by message; `events` are the ticket's, as rows."""
    event, item, person = table_of(Event), table_of(OutboxItem), table_of(User)
    statuses = {row.detail["mail"]: row.detail.get("status") for row in events if "mail" in row.detail}
    found: dict[int, tuple[Delivery, ...]] = defaultdict(tuple)
    for row in session.execute(
        select(
            item.c.id,
            event.c.message_id,
            item.c.recipient,
            func.coalesce(person.c.name, "").label("name"),
            item.c.state,
            item.c.created_at,
            item.c.sent_at,
            item.c.due_at,
            item.c.last_error,
            item.c.given_up_at,
        )
        .join_from(item, event, event.c.id == item.c.event_id)
        .outerjoin(person, person.c.id == item.c.user_id)
        .where(
            item.c.ticket_id == number,
            item.c.purpose == Purpose.REPLY,
            event.c.message_id.in_(list(message_ids)),
        )
        .order_by(item.c.id)
    ):
        found[row.message_id] += (_delivery(row, statuses.get(row.id)),)
    return found


def _delivery(row: Any, status: str | None) -> Delivery:
    undelivered = row.state in _UNDELIVERED
    return Delivery(
        recipient=row.recipient,
        name=row.name,
        state=row.state,
        created_at=row.created_at,
        sent_at=row.sent_at,
        next_try=row.due_at if row.state is OutboxState.DEFERRED else None,
        refusal=refusal(status, row.last_error or "") if undelivered else None,
        error=row.last_error or "",
        given_up=row.given_up_at is not None,
    )
