"""A ticket with its whole history, for operators who may answer it. Clients read `portal` instead."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.queues import OutboxItem, Purpose
from gateway.models.tickets import Event, Message, Participant, Ticket
from gateway.models.topics import Topic
from gateway.rules.lifecycle import Channel, EventKind
from gateway.rules.people import Sender
from gateway.services import inboxes, staff
from gateway.services.conversation import (
    LARGEST_NUMBER,
    SHOWN,
    Conversation,
    Delivery,
    EventShown,
    MessageShown,
    files_of,
)

_TOLD_BY_MESSAGES = (EventKind.OPENED, EventKind.REPLIED, EventKind.COMMENTED)


def read(session: Session, number: int, operator: Sender, *, whole: bool) -> Conversation:
    """Return a ticket this operator may open; NotFound when there is none, or not for them (C6).

    Without `whole` the oldest messages, and what happened among them, are left out.
    """
    row = _facts(session, number, operator)
    first = 1 if whole else max(1, row.messages - SHOWN + 1)
    messages = _messages(session, number, operator, first)
    begun = messages[0].at if first > 1 and messages else None
    events = [each for each in _events(session, number) if begun is None or each.at >= begun]
    entries: list[MessageShown | EventShown] = [*messages, *events]
    entries.sort(key=lambda entry: entry.at)  # stable: a message before what it made happen
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
        created_at=row.created_at,
        first_reply_at=row.first_reply_at,
        participants=_others(session, number, row.requester_id),
        linked_to=row.linked_to,
        may_belong_to=_may_belong_to(session, number),
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


def _messages(session: Session, number: int, operator: Sender, first: int) -> list[MessageShown]:
    message, author = table_of(Message), table_of(User)
    rows = session.execute(
        select(message, author.c.name, author.c.email)
        .outerjoin_from(message, author, author.c.id == message.c.author_id)
        .where(message.c.ticket_id == number, message.c.number >= first)
        .order_by(message.c.number)
    ).all()
    files = files_of(session, [row.id for row in rows])
    doubtful = [row for row in rows if row.channel is Channel.EMAIL and not row.verified]
    staff_claimed = staff.claimed(session, [row.email or "" for row in doubtful])
    deliveries = _deliveries(session, number)
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
            original=row.journal_id is not None,
            deliveries=deliveries.get(row.id, ()),
        )
        for row in rows
    ]


def _events(session: Session, number: int) -> list[EventShown]:
    event, actor, ticket = table_of(Event), table_of(User), table_of(Ticket)
    on_behalf = and_(event.c.kind == EventKind.OPENED, event.c.actor_id != ticket.c.requester_id)
    rows = session.execute(
        select(event.c.kind, event.c.at, event.c.detail, actor.c.name, actor.c.email)
        .outerjoin_from(event, actor, actor.c.id == event.c.actor_id)
        .join(ticket, ticket.c.id == event.c.ticket_id)
        .where(event.c.ticket_id == number, or_(event.c.kind.not_in(_TOLD_BY_MESSAGES), on_behalf))
        .order_by(event.c.id)
    ).all()
    people = _names(session, User, [_target(row) for row in rows if row.kind is EventKind.ASSIGNED])
    topics = _names(session, Topic, [_target(row) for row in rows if row.kind is EventKind.MOVED])
    return [
        EventShown(
            kind=row.kind,
            actor=row.name or row.email or "",
            target=_target_name(row, people, topics),
            at=row.at,
        )
        for row in rows
    ]


def _target(row: Any) -> Any:
    return row.detail.get("to")


def _target_name(row: Any, people: Mapping[int, str], topics: Mapping[int, str]) -> str:
    target = _target(row)
    match row.kind:
        case EventKind.ASSIGNED:
            return people.get(target, "")
        case EventKind.MOVED:
            return topics.get(target, "")
        case _:
            return target if isinstance(target, str) else ""


def _names(session: Session, model: type[User | Topic], ids: list[Any]) -> dict[int, str]:
    table = table_of(model)
    rows = session.execute(select(table.c.id, table.c.name).where(table.c.id.in_([i for i in ids if i])))
    return {row.id: row.name for row in rows}


def _deliveries(session: Session, number: int) -> dict[int, tuple[Delivery, ...]]:
    """Return how far the replies of operators got, by message."""
    event, item = table_of(Event), table_of(OutboxItem)
    found: dict[int, tuple[Delivery, ...]] = defaultdict(tuple)
    for message_id, recipient, state in session.execute(
        select(event.c.message_id, item.c.recipient, item.c.state)
        .join_from(item, event, event.c.id == item.c.event_id)
        .where(item.c.ticket_id == number, item.c.purpose == Purpose.REPLY)
        .order_by(item.c.id)
    ):
        found[message_id] += (Delivery(recipient, state),)
    return found


def _others(session: Session, number: int, requester_id: int) -> tuple[str, ...]:
    taking_part, person = table_of(Participant), table_of(User)
    rows = session.execute(
        select(person.c.email)
        .join_from(taking_part, person, person.c.id == taking_part.c.user_id)
        .where(taking_part.c.ticket_id == number, person.c.id != requester_id)
        .order_by(taking_part.c.joined_at, person.c.id)
    )
    return tuple(rows.scalars())


def _may_belong_to(session: Session, number: int) -> int | None:
    event = table_of(Event)
    detail = session.execute(
        select(event.c.detail).where(event.c.ticket_id == number, event.c.kind == EventKind.OPENED).limit(1)
    ).scalar()
    return detail.get("may_belong_to") if detail else None
