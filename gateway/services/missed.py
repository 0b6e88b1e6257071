"""What happened on a ticket after the notice that an operator answers.

Their answer goes out all the same; then they are told what they had not seen when they wrote it.
"""

from dataclasses import dataclass

from sqlalchemy import bindparam, func, or_, select
from sqlmodel import Session

from gateway.mail.notice import MissedShown
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.tickets import Event, Message, Ticket
from gateway.rules.lifecycle import EventKind, MessageKind
from gateway.rules.people import Sender
from gateway.services.statements import run

TOLD = 20
"""Happenings told at most; the page of the request has all of them."""

EVENT, MESSAGE, PERSON = table_of(Event), table_of(Message), table_of(User)
OWN_LAST = (
    select(func.coalesce(func.max(EVENT.c.id), 0))
    .where(
        EVENT.c.ticket_id == bindparam("ticket"),
        EVENT.c.actor_id == bindparam("operator"),
        EVENT.c.kind.in_([EventKind.REPLIED, EventKind.COMMENTED]),
    )
    .scalar_subquery()
)
SINCE = (
    select(EVENT.c.id, EVENT.c.kind, EVENT.c.at, MESSAGE.c.kind.label("message"), MESSAGE.c.text)
    .add_columns(PERSON.c.name, PERSON.c.email)
    .outerjoin_from(EVENT, MESSAGE, MESSAGE.c.id == EVENT.c.message_id)
    .outerjoin(PERSON, PERSON.c.id == EVENT.c.actor_id)
    .where(
        EVENT.c.ticket_id == bindparam("ticket"),
        EVENT.c.id > bindparam("answered"),
        EVENT.c.id > OWN_LAST,
        or_(EVENT.c.actor_id.is_(None), EVENT.c.actor_id != bindparam("operator")),
        EVENT.c.kind.in_(
            [
                EventKind.REPLIED,
                EventKind.COMMENTED,
                EventKind.TAKEN,
                EventKind.ASSIGNED,
                EventKind.MOVED,
                EventKind.CLOSED,
                EventKind.REOPENED,
            ]
        ),
    )
    .order_by(EVENT.c.id)
    .limit(TOLD)
)


@dataclass(frozen=True, slots=True)
class Missed:
    """What there is to tell, oldest first.

    `newest` is the last event of it that is not internal: what we send is an answerable notice of that.
    """

    newest: int | None = None
    shown: tuple[MissedShown, ...] = ()


def since(session: Session, ticket: Ticket, answered: int | None, operator: Sender) -> Missed:
    """Return what others did after the event told by the notice answered, and after the operator's last word.

    The text of an internal comment is not repeated: the answer to what we send next is meant for the
    client, and quotes it.
    """
    if answered is None:
        return Missed()
    rows = run(session, SINCE, ticket=ticket.id, operator=operator.user_id, answered=answered).all()
    shown = tuple(
        MissedShown(
            kind=row.kind,
            actor=row.name or row.email or "",
            at=row.at,
            text=row.text if row.message == MessageKind.PUBLIC else "",
        )
        for row in rows
    )
    open_ones = [row.id for row in rows if row.message != MessageKind.INTERNAL]
    return Missed(max(open_ones, default=answered), shown)
