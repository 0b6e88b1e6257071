"""The buttons of a request: an operator takes, hands on, closes or opens it again.

Each locks the ticket's row first, then looks whether it can still be done: of two at the same time the
second is told what the first did (E9). The verbs themselves are those of mail.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.models.people import User
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic
from gateway.rules.lifecycle import Channel, MessageKind, Status
from gateway.rules.people import Party, Role, Sender, UserStatus, Verdict
from gateway.services import overtaken, threads, tickets, writing
from gateway.services.contributions import Contribution
from gateway.services.conversation import LARGEST_NUMBER
from gateway.services.desk import Desk
from gateway.services.overtaken import Seen


class Done(StrEnum):
    """What a button did, or found done already."""

    TAKEN = "taken"
    YOURS = "yours"
    ANOTHERS = "anothers"
    CLOSED = "closed"
    WAS_CLOSED = "was_closed"
    REOPENED = "reopened"
    WAS_OPEN = "was_open"
    REASSIGNED = "reassigned"
    MOVED = "moved"
    COMMENTED = "commented"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """The form that hands a request on: a topic, an operator, a word to the team. None: as it is."""

    topic: int | None = None
    operator: int | None = None
    note: str = ""
    seen: Seen | None = None


def ticket_for(session: Session, number: int, operator: Sender, *, now: datetime) -> Ticket:
    """Return a ticket that this operator answers, its row locked; NotFound for any other (C6)."""
    ticket = writing.locked(session, number, operator, now=now)
    if not threads.may_act(session, ticket, operator):
        raise NotFound(f"ticket {number}")
    return ticket


def take(session: Session, number: int, operator: Sender, *, now: datetime) -> tuple[Done, str]:
    """Take a ticket that nobody has; return who has it, too, if somebody does."""
    ticket = ticket_for(session, number, operator, now=now)
    if ticket.assignee_id == operator.user_id and ticket.status is Status.IN_PROGRESS:
        return Done.YOURS, ""
    if ticket.assignee_id not in (None, operator.user_id):
        holder = session.get_one(User, ticket.assignee_id)
        return Done.ANOTHERS, holder.name or holder.email
    tickets.take(session, ticket, operator, now=now)
    return Done.TAKEN, ""


def close(
    session: Session, desk: Desk, number: int, operator: Sender, seen: Seen | None, *, now: datetime
) -> Done:
    """Close a ticket and tell its requester; not over something its operator has not seen."""
    ticket = ticket_for(session, number, operator, now=now)
    if ticket.status is Status.CLOSED:
        return Done.WAS_CLOSED
    if seen is not None:
        overtaken.check_operator(session, ticket.id, operator, seen)
    tickets.close(session, desk, ticket, by=operator, tell=True, now=now)
    return Done.CLOSED


def reopen(session: Session, number: int, operator: Sender, *, now: datetime) -> Done:
    """Open a closed ticket again."""
    ticket = ticket_for(session, number, operator, now=now)
    if ticket.status is not Status.CLOSED:
        return Done.WAS_OPEN
    tickets.reopen(session, ticket, by=operator, now=now)
    return Done.REOPENED


def hand_over(
    session: Session, desk: Desk, number: int, operator: Sender, handover: Handover, *, now: datetime
) -> Done:
    """Move a ticket, assign it, and leave the team a comment, whichever is asked; all of it or nothing."""
    ticket = ticket_for(session, number, operator, now=now)
    if handover.seen is not None:
        overtaken.check_operator(session, ticket.id, operator, handover.seen)
    topic = _topic(session, handover.topic) if handover.topic not in (None, ticket.topic_id) else None
    to = _operator(session, handover.operator) if handover.operator is not None else None
    done = Done.NOTHING
    if topic is not None:
        tickets.move(session, desk, ticket, topic, by=operator, now=now)
        done = Done.MOVED
    if to is not None and to != ticket.assignee_id:
        tickets.assign(session, desk, ticket, to, by=operator, now=now)
        done = Done.REASSIGNED
    said = _comment(session, desk, ticket, operator, handover.note, now=now)
    return Done.COMMENTED if said and done is Done.NOTHING else done


@dataclass(frozen=True, slots=True)
class Named:
    """A ticket by its number and subject."""

    number: int
    subject: str


def named(session: Session, number: int, operator: Sender) -> Named:
    """Return what a question about a ticket calls it; NotFound for whoever does not answer it."""
    ticket = session.get(Ticket, min(number, LARGEST_NUMBER))
    if ticket is None or not threads.may_act(session, ticket, operator):
        raise NotFound(f"ticket {number}")
    return Named(ticket.id, ticket.subject)


def answers_still(session: Session, number: int, operator: Sender) -> bool:
    """Whether an operator may open a ticket after they handed it on."""
    ticket = session.get(Ticket, min(number, LARGEST_NUMBER))
    return ticket is not None and threads.may_act(session, ticket, operator)


def _comment(
    session: Session, desk: Desk, ticket: Ticket, operator: Sender, raw: str, *, now: datetime
) -> bool:
    """Leave the comment once it is clear who has the ticket: it is meant for them."""
    text = writing.checked_text(raw, "nota")
    if not text:
        return False
    note = Contribution(text=text, kind=MessageKind.INTERNAL, channel=Channel.WEB)
    proven = operator.with_verdict(Verdict.PASS)
    tickets.add_message(session, desk, ticket, proven, note, party=Party.OPERATOR, now=now)
    return True


def _operator(session: Session, user_id: int) -> int:
    found: int | None = session.execute(
        select(col(User.id)).where(
            col(User.id) == max(0, min(user_id, LARGEST_NUMBER)),
            col(User.role).in_([Role.OPERATOR, Role.ADMIN]),
            col(User.status) == UserStatus.ACTIVE,
        )
    ).scalar_one_or_none()
    if found is None:
        raise Invalid("operador", _("Choose an operator of the list."))
    return found


def _topic(session: Session, topic_id: int | None) -> Topic:
    topic = session.get(Topic, max(0, min(topic_id or 0, LARGEST_NUMBER)))
    if topic is None or not topic.enabled:
        raise Invalid("tematica", _("Choose a topic of the list."))
    return topic
