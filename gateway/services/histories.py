"""A ticket with its whole history, for operators who may answer it. Clients read `portal` instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.queues import JournalEntry
from gateway.models.tickets import Message, Participant, Ticket
from gateway.models.topics import Topic
from gateway.rules.lifecycle import Channel, EventKind
from gateway.rules.people import Sender
from gateway.services import deliveries, happenings, held, inboxes, provenance, staff
from gateway.services.conversation import (
    LARGEST_NUMBER,
    Conversation,
    Entry,
    MessageShown,
    files_of,
    first_shown,
)

_HELD = 10


def read(
    session: Session, number: int, operator: Sender, *, whole: bool, wanted: int | None = None
) -> Conversation:
    """Return a ticket this operator may open; NotFound when there is none, or not for them (C6).

    Without `whole` the oldest messages, and what happened among them, are left out, but for the
    `wanted` one and all that follow it. The number of queries does not depend on how many there are.
    """
    row = _facts(session, number, operator)
    place = _place(session, row.id, wanted) if wanted is not None and not whole else None
    first = first_shown(row.messages, whole=whole, wanted=place)
    events = happenings.rows_of(session, row.id)
    others = _others(session, row.id, row.requester_id)
    copied = tuple(email for email, joined_at in others if joined_at == row.created_at)
    messages = _messages(session, row.id, operator, first, _Around(events, copied))
    begun = messages[0].at if first > 1 and messages else None
    happened = [each for each in happenings.shown(session, events) if begun is None or each.at >= begun]
    entries: list[Entry] = [*messages, *happened]
    entries.sort(key=lambda entry: entry.at)  # stable: a message before what it made happen
    related = _related(session, operator, row.linked_to, _may_belong_to(events))
    return Conversation(
        number=row.id,
        subject=row.subject,
        status=row.status,
        topic=row.topic,
        channel=row.channel,
        requester=row.requester or row.email,
        requester_email=row.email,
        phone=row.phone,
        company=row.company,
        cuit=row.cuit,
        assignee=row.assignee,
        assigned_to_reader=row.assignee_id == operator.user_id,
        asked_by_reader=row.requester_id == operator.user_id,
        created_at=row.created_at,
        first_reply_at=row.first_reply_at,
        participants=tuple(email for email, _ in others),
        linked_to=row.linked_to if row.linked_to in related else None,
        may_belong_to=may_be if (may_be := _may_belong_to(events)) in related else None,
        held=_held(session, row.id),
        entries=tuple(entries),
        earlier=first - 1,
    )


def _facts(session: Session, number: int, operator: Sender) -> Any:
    ticket, topic, company = table_of(Ticket), table_of(Topic), table_of(Company)
    requester, assignee = table_of(User).alias("requester"), table_of(User).alias("assignee")
    row = session.execute(
        select(
            ticket,
            topic.c.name.label("topic"),
            requester.c.name.label("requester"),
            requester.c.email,
            requester.c.phone,
            company.c.name.label("company"),
            company.c.cuit,
            func.coalesce(func.nullif(assignee.c.name, ""), assignee.c.email).label("assignee"),
        )
        .join_from(ticket, topic, topic.c.id == ticket.c.topic_id)
        .join(requester, requester.c.id == ticket.c.requester_id)
        .outerjoin(company, company.c.id == requester.c.company_id)
        .outerjoin(assignee, assignee.c.id == ticket.c.assignee_id)
        .where(ticket.c.id == min(number, LARGEST_NUMBER), inboxes.may_open(operator))
    ).first()
    if row is None:
        raise NotFound(f"ticket {number}")
    return row


def _place(session: Session, number: int, wanted: int) -> int | None:
    """Where in the ticket a message stands, None when it is of another one."""
    message = table_of(Message).c
    return session.execute(
        select(message.number).where(message.id == min(wanted, LARGEST_NUMBER), message.ticket_id == number)
    ).scalar()


@dataclass(frozen=True, slots=True)
class _Around:
    """What messages are told apart by: the events of their ticket, who stood in copy of the first one."""

    events: Sequence[Any]
    copied: tuple[str, ...]


def _messages(
    session: Session, number: int, operator: Sender, first: int, around: _Around
) -> list[MessageShown]:
    message, author, entry = table_of(Message), table_of(User), table_of(JournalEntry)
    rows = session.execute(
        select(
            *(column for column in message.c if column.name != "html"),  # of up to 1 MiB each
            (message.c.html != "").label("as_sent"),
            author.c.name,
            author.c.email,
            entry.c.size.label("octets"),
            entry.c.recipients,
        )
        .outerjoin_from(message, author, author.c.id == message.c.author_id)
        .outerjoin(entry, entry.c.id == message.c.journal_id)
        .where(message.c.ticket_id == number, message.c.number >= first)
        .order_by(message.c.number)
    ).all()
    ids = [row.id for row in rows]
    files = files_of(session, ids)
    doubtful = [row for row in rows if row.channel is Channel.EMAIL and not row.verified]
    staff_claimed = staff.claimed(session, [row.email or "" for row in doubtful])
    got_to = deliveries.of_messages(session, number, ids, around.events)
    routes = provenance.routes(session, rows, around.events, around.copied)
    return [
        MessageShown(
            id=row.id,
            author=row.name or row.email or "",
            address=row.email or "",
            party=row.party,
            kind=row.kind,
            channel=row.channel,
            text=row.text,
            quoted=row.quoted,
            at=row.created_at,
            mine=row.author_id == operator.user_id,
            files=files.get(row.id, ()),
            verified=row.verified,
            verdict_reason=row.verdict_reason,
            claims_staff=not row.verified and row.channel is Channel.EMAIL and row.email in staff_claimed,
            automatic=row.automatic,
            unreadable=row.unreadable,
            notes=tuple(row.notes),
            route=routes[row.id],
            as_sent=row.as_sent,
            deliveries=got_to.get(row.id, ()),
        )
        for row in rows
    ]


def _others(session: Session, number: int, requester_id: int) -> list[tuple[str, datetime]]:
    """Who takes part besides the requester, and since when."""
    taking_part, person = table_of(Participant), table_of(User)
    rows = session.execute(
        select(person.c.email, taking_part.c.joined_at)
        .join_from(taking_part, person, person.c.id == taking_part.c.user_id)
        .where(taking_part.c.ticket_id == number, person.c.id != requester_id)
        .order_by(taking_part.c.joined_at, person.c.id)
    )
    return [(row.email, row.joined_at) for row in rows]


def _may_belong_to(events: Sequence[Any]) -> int | None:
    named = (row.detail.get("may_belong_to") for row in events if row.kind is EventKind.OPENED)
    return next((each for each in named if isinstance(each, int)), None)


def _related(session: Session, operator: Sender, *numbers: int | None) -> frozenset[int]:
    """Which of these tickets this operator may open: of the others not even the number is told (C6)."""
    wanted = [each for each in numbers if each is not None]
    if not wanted:
        return frozenset()
    ticket = table_of(Ticket).c
    rows = session.execute(select(ticket.id).where(ticket.id.in_(wanted), inboxes.may_open(operator)))
    return frozenset(rows.scalars())


def _held(session: Session, number: int) -> tuple[int, ...]:
    """The mails that point at this ticket and wait for a decision, oldest first."""
    entry = table_of(JournalEntry).c
    query = select(entry.id).where(entry.ticket_id == number, held.undecided())
    return tuple(session.execute(query.order_by(entry.id).limit(_HELD)).scalars())
