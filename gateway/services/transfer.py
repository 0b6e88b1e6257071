"""All data out, as the objects of the contract (section 7), oldest first.

Everything is of one moment: the snapshot it is read in. Tickets come in batches with all that
belongs to them, so memory stays flat and no query runs for a single row.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, or_, select, text
from sqlalchemy.orm import aliased
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.tickets import Attachment, Event, Message, Participant, Ticket
from gateway.models.topics import Topic
from gateway.services import ledger, topics

Line = dict[str, Any]

TICKETS_AT_ONCE = 50
"""Tickets in memory together, with their texts, of 1 MiB at most each."""

ROWS_AT_ONCE = 500


def export(session: Session, *, since: datetime | None = None) -> Iterator[Line]:
    """Yield one object a line. `since` leaves out requests and mail that did not change after it.

    Companies, users and topics always come, since requests name them.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite's snapshots are of one moment anyway
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    yield from _companies(session)
    yield from user_lines(session)
    yield from topic_lines(session)
    yield from _tickets(session, since)
    for mail_in in ledger.mails_in(session, since=since):
        yield mail_in_line(mail_in)
    for mail_out in ledger.mails_out(session, since=since):
        yield mail_out_line(mail_out)


def utc(moment: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC, to the millisecond, so that lines sort as text."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _companies(session: Session) -> Iterator[Line]:
    company = table_of(Company)
    for row in _streamed(session, select(company.c.name, company.c.cuit).order_by(company.c.id)):
        yield {"type": "company", "name": row.name, "cuit": row.cuit}


def user_lines(session: Session) -> Iterator[Line]:
    person, company = table_of(User), table_of(Company)
    query = (
        select(
            person.c.email,
            person.c.name,
            person.c.role,
            person.c.status,
            company.c.cuit,
            person.c.phone,
            person.c.created_at,
        )
        .outerjoin_from(person, company, company.c.id == person.c.company_id)
        .order_by(person.c.id)
    )
    for row in _streamed(session, query):
        yield {
            "type": "user",
            "email": row.email,
            "name": row.name or None,
            "role": row.role,
            "status": row.status,
            "company": row.cuit,
            "phone": row.phone,
            "created_at": utc(row.created_at),
        }


def topic_lines(session: Session) -> Iterator[Line]:
    for each in topics.list_topics(session):
        yield {
            "type": "topic",
            "name": each.name,
            "address": each.address,
            "operators": list(each.operators),
            "default": each.default,
        }


def _tickets(session: Session, since: datetime | None) -> Iterator[Line]:
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


def mail_in_line(mail: ledger.MailIn) -> Line:
    return {
        "type": "mail_in",
        "id": mail.id,
        "door": mail.door,
        "received_at": utc(mail.received_at),
        "from": mail.sender,
        "to": list(mail.recipients),
        "message_id": mail.message_id,
        "outcome": mail.outcome,
        "reason": mail.reason,
        "ticket": mail.ticket,
    }


def mail_out_line(mail: ledger.MailOut) -> Line:
    return {
        "type": "mail_out",
        "id": mail.id,
        "to": mail.recipient,
        "purpose": mail.purpose,
        "message_id": mail.message_id,
        "state": mail.state,
        "attempts": mail.attempts,
        "ticket": mail.ticket,
        "created_at": utc(mail.created_at),
        "sent_at": utc(mail.sent_at),
    }


def _streamed(session: Session, query: Any) -> Iterable[Row[Any]]:
    return session.execute(query.execution_options(yield_per=ROWS_AT_ONCE))


def _grouped(pairs: Iterable[tuple[int, Any]]) -> dict[int, Any]:
    """Lists by key; a key that nothing has gives an empty list."""
    groups: dict[int, list[Any]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups
