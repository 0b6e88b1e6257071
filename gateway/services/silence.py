"""Who writes and is written to so often that it must be a loop gets no automatic mail for a day (L5).

What is looked at is what happened: messages, mail out and tickets, with no count beside them that
could disagree. Only an address that writes is looked at, since one that is silent answers nothing.
What is left out because of it is noted by services/notices.
"""

from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, ScalarSelect, bindparam, func, or_, select, update
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import OutboxItem
from gateway.models.tickets import Message, Ticket
from gateway.rules import limits
from gateway.rules.lifecycle import Channel
from gateway.rules.people import Sender
from gateway.services import alerts
from gateway.services.alerts import Cause
from gateway.services.desk import Desk
from gateway.services.statements import run

ITEM, MESSAGE = table_of(OutboxItem).c, table_of(Message).c
PERSON, TICKET = table_of(User).c, table_of(Ticket).c


def _number(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).where(*conditions).scalar_subquery()


def _between(since: str) -> ColumnElement[int]:
    """Messages of a person on a ticket, and mail to them about it, since a moment."""
    moment: BindParameter[datetime] = bindparam(since)
    written = _number(
        MESSAGE.ticket_id == bindparam("ticket"),
        MESSAGE.author_id == bindparam("person"),
        MESSAGE.channel == Channel.EMAIL,
        MESSAGE.created_at > moment,
    )
    sent = _number(
        ITEM.ticket_id == bindparam("ticket"),
        ITEM.recipient == bindparam("email"),
        ITEM.created_at > moment,
    )
    return written + sent


BETWEEN = select(*(_between(f"since_{number}") for number in range(len(limits.CONVERSATION))))
OPENED = select(func.count()).where(
    TICKET.requester_id == bindparam("person"),
    TICKET.updated_at > bindparam("since"),  # it has an index, and nothing is updated before it is made
    TICKET.created_at > bindparam("since"),
    TICKET.channel == Channel.EMAIL,
)
SILENCE = (
    update(table_of(User))
    .where(
        PERSON.id == bindparam("person"),
        or_(PERSON.silent_until.is_(None), PERSON.silent_until <= bindparam("now")),
    )
    .values(silent_until=bindparam("until"))
)


def on_message(session: Session, desk: Desk, sender: Sender, ticket: Ticket, *, now: datetime) -> None:
    """Look at a person whose mail is about to be added to a ticket."""
    since = {f"since_{number}": now - rate.period for number, rate in enumerate(limits.CONVERSATION)}
    known = {"ticket": ticket.id, "person": sender.user_id, "email": sender.email}
    so_far = run(session, BETWEEN, **known, **since).one()
    if any(each >= rate.count for each, rate in zip(so_far, limits.CONVERSATION, strict=True)):
        _begin(session, desk, sender, f"{sender.email}, #{ticket.id}", now=now)


def on_request(session: Session, desk: Desk, sender: Sender, *, now: datetime) -> None:
    """Look at a person whose mail is about to open a ticket."""
    rate = limits.TICKETS_BEFORE_SILENCE
    opened = run(session, OPENED, person=sender.user_id, since=now - rate.period).scalar_one()
    if opened >= rate.count:
        _begin(session, desk, sender, sender.email, now=now)


def _begin(session: Session, desk: Desk, sender: Sender, detail: str, *, now: datetime) -> None:
    """Be silent towards somebody; one who is met with silence already stays so, without another alert."""
    begun = run(session, SILENCE, person=sender.user_id, now=now, until=now + limits.SILENCE)
    if begun.rowcount:
        alerts.raise_alert(session, desk, Cause.LOOP, detail, now=now)
