"""The verbs of a ticket: open, add a message, take, assign, move, close, reopen.

Mail and web share them. Each moves the ticket, records the event and queues who is told; none
commits. The ticket's row is locked by whoever loaded it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from gateway.models.tickets import Message, Participant, Ticket
from gateway.models.topics import Topic
from gateway.rules import lifecycle
from gateway.rules.lifecycle import EventKind, MessageKind, Status
from gateway.rules.people import Party, Sender
from gateway.services import contributions, counting, notifications
from gateway.services.contributions import Contribution
from gateway.services.desk import Desk
from gateway.services.notifications import Happening
from gateway.services.statements import add, add_all
from gateway.services.timeline import record


@dataclass(frozen=True, slots=True)
class Opening:
    """How a ticket is to be opened."""

    topic: Topic
    subject: str
    contribution: Contribution
    participants: Sequence[Sender] = ()  # besides the requester
    linked_to: int | None = None  # the closed ticket it goes on from
    may_belong_to: int | None = None  # seen by operators only (T4)
    acknowledge: bool = False
    believed: bool = False
    brought_by: Sender | None = None  # an operator, on the requester's behalf
    written_by: Sender | None = None  # the operator whose words they are, when not the requester's
    silent: bool = False  # a program wrote it of its own accord: nobody is told by mail (L2)


def open_ticket(
    session: Session, desk: Desk, requester: Sender, opening: Opening, *, now: datetime
) -> Ticket:
    """Open a ticket with its first message; tell the topic's operators and acknowledge.

    The ticket returned is a picture of its row, not followed by the session.
    """
    ticket = Ticket(
        subject=opening.subject,
        topic_id=opening.topic.id,
        requester_id=requester.user_id,
        channel=opening.contribution.channel,
        linked_to=opening.linked_to,
        messages=1,
        created_at=now,
        updated_at=now,
        public_at=now,
        waiting_since=None if opening.silent else now,
    )
    add(session, ticket)
    people = dict.fromkeys([requester.user_id, *(each.user_id for each in opening.participants)])
    rows = [{"ticket_id": ticket.id, "user_id": each, "joined_at": now} for each in people]
    add_all(session, Participant, rows)
    writer = opening.written_by or requester
    party = Party.OPERATOR if opening.written_by else Party.CLIENT
    message, attachments = contributions.store(session, ticket, writer, party, opening.contribution, now=now)
    counting.opened(session, ticket, message)
    detail = dict(opening.contribution.detail)
    if opening.may_belong_to:
        detail["may_belong_to"] = opening.may_belong_to
    by = opening.brought_by or requester
    event = record(session, ticket, EventKind.OPENED, by=by, now=now, message=message, **detail)
    if opening.silent:
        return ticket
    happening = Happening(
        event,
        message,
        attachments,
        acknowledge=opening.acknowledge,
        believed=opening.believed,
        brought_by=opening.brought_by,
    )
    notifications.announce(session, desk, ticket, happening, author=requester, now=now)
    return ticket


def add_message(
    session: Session,
    desk: Desk,
    ticket: Ticket,
    author: Sender,
    contribution: Contribution,
    *,
    party: Party,
    now: datetime,
) -> Message:
    """Add a contribution to a ticket, move the ticket on, queue the notifications.

    An internal comment moves nothing. An operator's answer takes a ticket that nobody has; a
    client's message wakes a closed one.
    """
    ticket.messages += 1
    ticket.updated_at = now
    message, attachments = contributions.store(session, ticket, author, party, contribution, now=now)
    detail = contribution.detail
    if contribution.kind is MessageKind.INTERNAL:
        event = record(session, ticket, EventKind.COMMENTED, by=author, now=now, message=message, **detail)
        notifications.announce(
            session, desk, ticket, Happening(event, message, attachments), author=author, now=now
        )
        return message
    _note_public(ticket, party, automatic=contribution.automatic, now=now)
    woken = _wake(session, ticket, author, party, now=now)
    if party is Party.OPERATOR and ticket.assignee_id is None:
        take(session, ticket, author, now=now)
    if party is Party.OPERATOR and ticket.first_reply_at is None:
        ticket.first_reply_at = now
        counting.answered(session, desk, ticket, by=author, now=now)
    event = record(session, ticket, EventKind.REPLIED, by=author, now=now, message=message, **detail)
    happening = Happening(event, message, attachments, reopened=woken, closes=contribution.closes)
    notifications.announce(session, desk, ticket, happening, author=author, now=now)
    return message


def take(session: Session, ticket: Ticket, operator: Sender, *, now: datetime) -> None:
    """Assign a ticket to the operator who asks for it. Taking one's own again changes nothing."""
    if ticket.assignee_id == operator.user_id and ticket.status is Status.IN_PROGRESS:
        return
    _assign_to(session, ticket, operator.user_id, by=operator, now=now)
    record(session, ticket, EventKind.TAKEN, by=operator, now=now)


def assign(session: Session, desk: Desk, ticket: Ticket, to: int, *, by: Sender, now: datetime) -> None:
    """Assign a ticket to another operator and tell them."""
    if to == by.user_id:
        take(session, ticket, by, now=now)
        return
    _assign_to(session, ticket, to, by=by, now=now)
    event = record(session, ticket, EventKind.ASSIGNED, by=by, now=now, to=to)
    notifications.announce(session, desk, ticket, Happening(event), author=by, now=now)


def move(session: Session, desk: Desk, ticket: Ticket, topic: Topic, *, by: Sender, now: datetime) -> None:
    """Move a ticket to another topic and tell its operators."""
    if ticket.topic_id == topic.id:
        return
    before, ticket.topic_id = ticket.topic_id, topic.id
    ticket.updated_at = now
    counting.moved(session, ticket)
    event = record(session, ticket, EventKind.MOVED, by=by, now=now, before=before, to=topic.id)
    message = contributions.first_message(session, ticket.id)
    notifications.announce(session, desk, ticket, Happening(event, message), author=by, now=now)


def close(
    session: Session, desk: Desk, ticket: Ticket, *, by: Sender | None, tell: bool, now: datetime
) -> None:
    """Close a ticket; `tell` the requester unless a reply just told them."""
    if ticket.status is Status.CLOSED:
        return
    ticket.status, ticket.closed_at, ticket.updated_at = Status.CLOSED, now, now
    ticket.waiting_since = None
    event = record(session, ticket, EventKind.CLOSED, by=by, now=now)
    counting.closed(session, desk, ticket, by=by, now=now)
    first = contributions.first_message(session, ticket.id) if tell else None
    if tell and not (first is not None and first.automatic):  # no program is told (L2)
        notifications.announce(session, desk, ticket, Happening(event), author=by, now=now)


def reopen(session: Session, ticket: Ticket, *, by: Sender, now: datetime) -> None:
    """Open a closed ticket again."""
    if ticket.status is not Status.CLOSED:
        return
    ticket.status = Status.IN_PROGRESS if ticket.assignee_id is not None else Status.NEW
    ticket.updated_at = now
    _opened_again(session, ticket, by=by, now=now)


def _note_public(ticket: Ticket, party: Party, *, automatic: bool, now: datetime) -> None:
    """What clients see of a ticket moved on; they wait from their first unanswered message on."""
    if automatic or party is Party.SYSTEM:
        return
    ticket.public_at = now
    if party is Party.OPERATOR:
        ticket.waiting_since = None
    elif ticket.waiting_since is None:
        ticket.waiting_since = now


def _wake(session: Session, ticket: Ticket, author: Sender, party: Party, *, now: datetime) -> bool:
    """Move the status on after a public message; return whether that opened a closed ticket again."""
    before = ticket.status
    ticket.status = lifecycle.after_message(before, by=party, assigned=ticket.assignee_id is not None)
    if before is not Status.CLOSED or ticket.status is Status.CLOSED:
        return False
    _opened_again(session, ticket, by=author, now=now)
    return True


def _assign_to(session: Session, ticket: Ticket, operator_id: int, *, by: Sender, now: datetime) -> None:
    """Whoever gets a ticket works on it: a closed one is opened again, and says so."""
    if ticket.status is Status.CLOSED:
        _opened_again(session, ticket, by=by, now=now)
    ticket.assignee_id = operator_id
    ticket.status, ticket.updated_at = Status.IN_PROGRESS, now


def _opened_again(session: Session, ticket: Ticket, *, by: Sender, now: datetime) -> None:
    ticket.closed_at = None
    record(session, ticket, EventKind.REOPENED, by=by, now=now)
    counting.reopened(session, ticket, now=now)
