"""Did somebody else do something while this text was being written? (E9)

Asked before anything is sent, with the row of the ticket locked. A page says how far it showed the
ticket; what others did beyond that its reader has not seen.
"""

from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.tickets import Event, Message, Ticket
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Sender
from gateway.services import portal
from gateway.services.conversation import LARGEST_NUMBER

WRITTEN = (EventKind.REPLIED, EventKind.COMMENTED)
MOVED = (EventKind.TAKEN, EventKind.ASSIGNED, EventKind.MOVED, EventKind.CLOSED, EventKind.REOPENED)


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a page showed a ticket.

    `message` is the newest message as its reader knows it: an id for operators, a place among the
    public ones for clients. `event` is the newest event, which operators alone are shown; None: not said.
    """

    message: int = 0
    event: int | None = None


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What came in between: the newest thing somebody else wrote, or else did."""

    kind: EventKind
    actor: str  # "" for somebody whose name the reader may not know, and for the system
    message: int | None  # where the page shows it


class Overtaken(Invalid):
    """Nothing was sent: the page is shown again, with what came in between."""

    def __init__(self, meanwhile: Meanwhile) -> None:
        super().__init__("texto", _("Something happened on the request while you were writing."))
        self.meanwhile = meanwhile


def check_operator(session: Session, ticket_id: int, operator: Sender, seen: Seen) -> None:
    """Raise Overtaken if others wrote, took, moved, closed or opened a ticket beyond what was seen."""
    event, actor = table_of(Event), table_of(User)
    unseen = and_(event.c.kind.in_(WRITTEN), event.c.message_id > _bounded(seen.message))
    if seen.event is not None:
        unseen = or_(unseen, and_(event.c.kind.in_(MOVED), event.c.id > _bounded(seen.event)))
    rows = session.execute(
        select(event.c.kind, event.c.message_id, actor.c.name, actor.c.email)
        .outerjoin_from(event, actor, actor.c.id == event.c.actor_id)
        .where(event.c.ticket_id == ticket_id, unseen)
        .where(or_(event.c.actor_id.is_(None), event.c.actor_id != operator.user_id))
        .order_by(event.c.id.desc())
    ).all()
    if rows:
        row = next((each for each in rows if each.kind in WRITTEN), rows[0])
        raise Overtaken(Meanwhile(row.kind, row.name or row.email or "", row.message_id))


def check_client(session: Session, ticket_id: int, client: Sender, seen: Seen) -> None:
    """Raise Overtaken if others wrote what this client may read, and only that, beyond the place seen."""
    message, author, ticket = table_of(Message), table_of(User), table_of(Ticket)
    place = _bounded(seen.message)
    rows = session.execute(
        select(message.c.author_id, author.c.name)
        .join_from(message, ticket, ticket.c.id == message.c.ticket_id)
        .outerjoin(author, author.c.id == message.c.author_id)
        .where(ticket.c.id == ticket_id, portal.readable(client))
        .order_by(message.c.number)
        .offset(place)
    ).all()
    others = [(number, row) for number, row in enumerate(rows, place + 1) if row.author_id != client.user_id]
    if others:
        number, row = others[-1]
        raise Overtaken(Meanwhile(EventKind.REPLIED, row.name or "", number))


def newest_event(session: Session, ticket_id: int) -> int:
    """Return the id of the last event of a ticket. To be asked before its page is read: what is written
    in between is then shown without counting as seen, never the other way round."""
    event = table_of(Event)
    newest = session.execute(
        select(func.max(event.c.id)).where(event.c.ticket_id == min(ticket_id, LARGEST_NUMBER))
    ).scalar()
    return int(newest or 0)


def _bounded(number: int) -> int:
    return max(0, min(number, LARGEST_NUMBER))
