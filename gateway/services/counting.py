"""What reports count, written down as tickets move: the verbs of services/tickets call this.

A ticket that a program opened has no row here, so whatever happens to it later counts nowhere. What is
written is what `services/recounting` would make of the ticket and its events; a test compares.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select, update
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.reports import CountedClosing, CountedRequest
from gateway.models.tickets import Message, Ticket
from gateway.rules.people import Sender
from gateway.rules.periods import minutes_between, quarter_of
from gateway.services import working_hours
from gateway.services.desk import Desk
from gateway.services.statements import add_all, run

REQUEST, CLOSING = table_of(CountedRequest).c, table_of(CountedClosing).c
_OF_TICKET, _LAST = CLOSING.ticket_id == bindparam("ticket"), CLOSING.next_closed.is_(None)

ANSWERED = (
    update(CountedRequest)
    .where(REQUEST.ticket_id == bindparam("ticket"))
    .values(
        answered=bindparam("moment"),
        answered_by=bindparam("by"),
        answer_minutes=bindparam("minutes"),
        answer_work_minutes=bindparam("work_minutes"),
    )
)
CLOSINGS = select(select(func.count()).where(_OF_TICKET).scalar_subquery()).where(
    REQUEST.ticket_id == bindparam("ticket")
)
CLOSED_AGAIN = update(CountedClosing).where(_OF_TICKET, _LAST).values(next_closed=bindparam("moment"))
REOPENED = update(CountedClosing).where(_OF_TICKET, _LAST).values(reopened=bindparam("moment"))
MOVED = tuple(
    update(counted)
    .where(table_of(counted).c.ticket_id == bindparam("ticket"))
    .values(topic_id=bindparam("to"))
    for counted in (CountedRequest, CountedClosing)
)


def opened(session: Session, ticket: Ticket, first: Message) -> None:
    """A ticket was opened by its first message."""
    if first.automatic:
        return
    row = {
        "ticket_id": ticket.id,
        "opened": quarter_of(ticket.created_at),
        "topic_id": ticket.topic_id,
        "requester_id": ticket.requester_id,
        "channel": ticket.channel,
    }
    add_all(session, CountedRequest, [row])


def answered(session: Session, desk: Desk, ticket: Ticket, *, by: Sender, now: datetime) -> None:
    """An operator wrote to the client for the first time."""
    took = _minutes(session, desk, ticket.created_at, now)
    run(session, ANSWERED, ticket=ticket.id, moment=quarter_of(now), by=by.user_id, **took)


def closed(session: Session, desk: Desk, ticket: Ticket, *, by: Sender | None, now: datetime) -> None:
    """A ticket was closed, by somebody or by itself."""
    before: int | None = run(session, CLOSINGS, ticket=ticket.id).scalar()
    if before is None:
        return
    moment = quarter_of(now)
    if before:
        run(session, CLOSED_AGAIN, ticket=ticket.id, moment=moment)
    row = {
        "ticket_id": ticket.id,
        "number": before + 1,
        "closed": moment,
        "closed_by": by.user_id if by else None,
        "topic_id": ticket.topic_id,
        "requester_id": ticket.requester_id,
    }
    add_all(session, CountedClosing, [row | _minutes(session, desk, ticket.created_at, now)])


def reopened(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """A closed ticket was opened again."""
    run(session, REOPENED, ticket=ticket.id, moment=quarter_of(now))


def moved(session: Session, ticket: Ticket) -> None:
    """A ticket is of another topic now, and so is all that was counted of it."""
    for statement in MOVED:
        run(session, statement, ticket=ticket.id, to=ticket.topic_id)


def _minutes(session: Session, desk: Desk, begin: datetime, end: datetime) -> dict[str, int]:
    clock = working_hours.clock(session, ZoneInfo(desk.site.timezone))
    return {"minutes": minutes_between(begin, end), "work_minutes": clock.minutes(begin, end)}
