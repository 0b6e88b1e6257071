"""Tickets as the export writes them, each with its messages, attachments and events.

They come in batches with all that belongs to them, so no query runs for a single ticket.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.tickets import Attachment, Event, Message, Participant, Ticket
from gateway.models.topics import Topic

Line = dict[str, Any]

TICKETS_AT_ONCE = 50
"""Tickets in memory together, with their texts, of 1 MiB at most each."""


def utc(moment: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC, to the microsecond as it is kept, so that lines sort as text."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def ticket_lines(session: Session, since: datetime | None) -> Iterator[Line]:
    """Yield the tickets, or those that changed since a moment, oldest first."""
    ticket, topic = table_of(Ticket), table_of(Topic)
    requester, assignee = aliased(table_of(User)), aliased(table_of(User))
    query = (
        select(
            ticket,
            topic.c.name.label("topic"),
            requester.c.email.label("requester"),
            assignee.c.email.label("assignee"),
        )
        .join_from(ticket, topic, topic.c.id == ticket.c.topic_id)
        .join(requester, requester.c.id == ticket.c.requester_id)
        .outerjoin(assignee, assignee.c.id == ticket.c.assignee_id)
        .order_by(ticket.c.id)
    )
    if since is not None:
        query = query.where(_changed(since))
    for batch in session.execute(query.execution_options(yield_per=TICKETS_AT_ONCE)).partitions():
        keys = [row.id for row in batch]
        participants = _participants(session, keys)
        messages = _messages(session, keys)
        events = _events(session, keys)
        for row in batch:
            yield {
                "type": "ticket",
                "number": row.id,
                "subject": row.subject,
                "topic": row.topic,
                "status": row.status,
                "requester": row.requester,
                "assignee": row.assignee,
                "participants": participants[row.id],
                "channel": row.channel,
                "linked_to": row.linked_to,
                "created_at": utc(row.created_at),
                "first_reply_at": utc(row.first_reply_at),
                "closed_at": utc(row.closed_at),
                "messages": messages[row.id],
                "events": events[row.id],
            }


def _changed(since: datetime) -> ColumnElement[bool]:
    """An event, such as a bounce, may come without the ticket itself being touched."""
    ticket, event = table_of(Ticket), table_of(Event)
    return or_(
        ticket.c.updated_at >= since, exists().where(event.c.ticket_id == ticket.c.id, event.c.at >= since)
    )


def _participants(session: Session, tickets: Sequence[int]) -> dict[int, list[str]]:
    joined, person = table_of(Participant), table_of(User)
    rows = session.execute(
        select(joined.c.ticket_id, person.c.email)
        .join_from(joined, person, person.c.id == joined.c.user_id)
        .where(joined.c.ticket_id.in_(tickets))
        .order_by(joined.c.ticket_id, joined.c.joined_at, person.c.id)
    )
    return _grouped((row.ticket_id, row.email) for row in rows)


def _messages(session: Session, tickets: Sequence[int]) -> dict[int, list[Line]]:
    message, author = table_of(Message), table_of(User)
    rows = session.execute(
        select(
            message.c.id,
            message.c.ticket_id,
            author.c.email.label("author"),
            message.c.party,
            message.c.kind,
            message.c.channel,
            message.c.verified,
            message.c.automatic,
            message.c.message_id,
            message.c.text,
            message.c.quoted,
            message.c.created_at,
        )
        .outerjoin_from(message, author, author.c.id == message.c.author_id)
        .where(message.c.ticket_id.in_(tickets))
        .order_by(message.c.ticket_id, message.c.number)
    )
    attachments = _attachments(session, tickets)
    return _grouped((row.ticket_id, _message(row, attachments[row.id])) for row in rows)


def _message(row: Row[Any], attachments: list[Line]) -> Line:
    return {
        "id": str(row.id),
        "author": row.author,
        "role": row.party,
        "kind": row.kind,
        "channel": row.channel,
        "verified": row.verified,
        "automatic": row.automatic,
        "message_id": row.message_id,
        "text": row.text,
        "quoted": row.quoted,
        "created_at": utc(row.created_at),
        "attachments": attachments,
    }


def _attachments(session: Session, tickets: Sequence[int]) -> dict[int, list[Line]]:
    file, message = table_of(Attachment), table_of(Message)
    rows = session.execute(
        select(
            file.c.message_id, file.c.filename, file.c.content_type, file.c.size, file.c.sha256, file.c.inline
        )
        .join_from(file, message, message.c.id == file.c.message_id)
        .where(message.c.ticket_id.in_(tickets))
        .order_by(file.c.message_id, file.c.position)
    )
    keys = ("filename", "content_type", "size", "sha256", "inline")
    return _grouped((row.message_id, dict(zip(keys, row[1:], strict=True))) for row in rows)


def _events(session: Session, tickets: Sequence[int]) -> dict[int, list[Line]]:
    event, actor = table_of(Event), table_of(User)
    rows = session.execute(
        select(event.c.ticket_id, event.c.kind, actor.c.email, event.c.at, event.c.detail)
        .outerjoin_from(event, actor, actor.c.id == event.c.actor_id)
        .where(event.c.ticket_id.in_(tickets))
        .order_by(event.c.ticket_id, event.c.id)
    )
    return _grouped(
        (row.ticket_id, {"kind": row.kind, "actor": row.email, "at": utc(row.at), "detail": row.detail})
        for row in rows
    )


def _grouped(pairs: Iterable[tuple[int, Any]]) -> dict[int, Any]:
    """Lists by key; a key that nothing has gives an empty list."""
    groups: dict[int, list[Any]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups
