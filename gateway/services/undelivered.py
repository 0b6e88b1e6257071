"""An answer that did not arrive: the ticket shows it, and who wrote it is told, with their text.

Both ways to learn of it come here: a bounce, and a smarthost that refuses for good or is given up
on. A notice or an acknowledgement that fails shows on the ticket and tells nobody by mail, and
what tells of a failure is itself never told of (L9, L10).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import OutboxItem, Purpose
from gateway.models.tickets import Event, Message, Ticket
from gateway.rules.audience import operators_told
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import UserStatus, is_staff
from gateway.rules.refusals import refusal
from gateway.services import dead_addresses, recipients
from gateway.services.desk import Desk
from gateway.services.notices import UNDELIVERED, Mail, store
from gateway.services.recipients import Circle, Person
from gateway.services.statements import run
from gateway.services.timeline import left_out

ITEM, EVENT = table_of(OutboxItem).c, table_of(Event).c
FAILED_MAIL = (
    select(
        ITEM.ticket_id,
        ITEM.user_id,
        ITEM.recipient,
        ITEM.purpose,
        EVENT.actor_id,
        EVENT.message_id,
    )
    .select_from(table_of(OutboxItem))
    .outerjoin(table_of(Event), EVENT.id == ITEM.event_id)
    .where(ITEM.id == bindparam("id"))
)


def settle(
    session: Session,
    desk: Desk,
    item_id: int,
    *,
    status: str | None,
    words: str,
    hard: bool,
    now: datetime,
) -> None:
    """Draw the consequences of a mail that failed for good, once for each; its event is written already.

    `words` are those of the server that refused, `status` its code of RFC 3463 if it gave one.
    `hard` says that the fault is on their side, which three times in a week silences us (L10).
    """
    failed = run(session, FAILED_MAIL, id=item_id).one()
    ticket = session.get(Ticket, failed.ticket_id) if failed.ticket_id else None
    dead = hard and failed.user_id and dead_addresses.count_failure(session, failed.user_id, now=now)
    if dead and ticket is not None:
        left_out(session, [(ticket.id, failed.recipient)], dead_addresses.REASON, now=now)
    if failed.purpose != Purpose.REPLY or ticket is None or failed.message_id is None:
        return
    ticket.updated_at = now
    why = str(refusal(status, words))
    shown = {"unreached": failed.recipient, "refusal": why, "server_said": words}
    _tell(session, desk, ticket, failed, shown=shown, now=now)


def _tell(
    session: Session, desk: Desk, ticket: Ticket, failed: Any, *, shown: dict[str, str], now: datetime
) -> None:
    circle = recipients.around(session, ticket, failed.actor_id)
    message = session.get(Message, failed.message_id)
    writer = circle.people.get(failed.actor_id)
    rows = []
    for person in _concerned(circle, writer):
        mail = Mail(desk, circle, person, UNDELIVERED, now)
        by_another = writer is not None and writer is not person
        values = mail.values(
            actor=writer.name if writer is not None and by_another else "",
            text=message.text if message is not None else "",
            **shown,
        )
        rows.append(mail.row(values, references=(), event_id=None))
    store(session, desk, rows, now=now)


def _concerned(circle: Circle, writer: Person | None) -> list[Person]:
    """Who is told: the writer; if they answer no tickets any more, whoever a client's message would reach."""
    if writer is not None and is_staff(writer.role) and writer.status is UserStatus.ACTIVE:
        return [writer]
    assignee = circle.people.get(circle.ticket.assignee_id or 0)
    active = assignee.id if assignee is not None and assignee.status is UserStatus.ACTIVE else None
    told = operators_told(EventKind.REPLIED, list(circle.serving), assignee=active, author=None)
    return [circle.people[each] for each in told or [each.user_id for each in circle.serving]]
