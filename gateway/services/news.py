"""What came since a page was made, as keys: the page knows which it shows already. Told by the same
rules as the pages themselves (C6)."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.tickets import Event, Message, Ticket
from gateway.rules.people import Sender, is_staff
from gateway.services import inboxes, portal
from gateway.services.conversation import LARGEST_NUMBER
from gateway.services.inboxes import Key, Line, Order, Wish
from gateway.services.overtaken import MOVED, Seen
from gateway.services.portal import RequestLine


def key(line: Line | RequestLine) -> str:
    """Name a line as it is now: when something happens to its request, the name changes."""
    return str(Key(line.activity, line.number))


def of_inbox(session: Session, operator: Sender, wish: Wish, *, zone: ZoneInfo) -> Sequence[str]:
    """Return the unread lines of the first page of a list, newest activity first."""
    found = inboxes.page(session, operator, replace(wish, order=Order.RECENT), zone=zone)
    return [key(line) for line in found.lines if line.unread]


def of_requests(session: Session, reader: Sender, wish: Wish, *, zone: ZoneInfo) -> Sequence[str]:
    """Return the same of the requests somebody made."""
    found = portal.requests(session, reader, wish, zone=zone)
    return [key(line) for line in found.lines if line.unread]


def of_ticket(session: Session, number: int, reader: Sender, shown: Seen) -> Sequence[str]:
    """Return what others wrote after the last message shown, as the page of the ticket names it: for
    clients by place, for operators by id, and what others did. NotFound for whoever may not open it."""
    if not is_staff(reader.role) or not _may_open(session, number, reader):
        return [str(place) for place in portal.written_after(session, number, reader, shown.message)]
    message, event = table_of(Message), table_of(Event)
    written = select(message.c.id).where(
        message.c.ticket_id == number,
        message.c.id > min(shown.message, LARGEST_NUMBER),
        or_(message.c.author_id != reader.user_id, message.c.author_id.is_(None)),
    )
    keys = [str(each) for each in session.execute(written.order_by(message.c.id)).scalars()]
    if shown.event is None:
        return keys
    done = select(event.c.id).where(
        event.c.ticket_id == number,
        event.c.id > min(shown.event, LARGEST_NUMBER),
        event.c.kind.in_(MOVED),
        or_(event.c.actor_id != reader.user_id, event.c.actor_id.is_(None)),
    )
    return [*keys, *(f"s{each}" for each in session.execute(done.order_by(event.c.id)).scalars())]


def _may_open(session: Session, number: int, operator: Sender) -> bool:
    ticket = table_of(Ticket)
    wanted = select(ticket.c.id).where(ticket.c.id == min(number, LARGEST_NUMBER), inboxes.may_open(operator))
    return session.execute(wanted).first() is not None
