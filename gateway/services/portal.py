"""What a client may read of requests they made or take part in: the only source of text for clients (C2).

Nothing internal comes from here, not even its time: activity is that of the public messages alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, and_, exists, false, func, or_, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.tickets import Message, Participant, Ticket
from gateway.models.topics import Topic
from gateway.rules.lifecycle import MessageKind, Status
from gateway.rules.people import Party, Sender
from gateway.services import lists, pages
from gateway.services.conversation import (
    LARGEST_NUMBER,
    Conversation,
    MessageShown,
    files_of,
    first_shown,
)
from gateway.services.lists import Key, View, Wish
from gateway.services.pages import Count

OPENING_CHARACTERS = 200
MESSAGES = table_of(Message)


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request in the list of who asked for it."""

    number: int
    subject: str
    status: Status
    topic: str
    opening: str
    writer: str | None
    mine: bool
    attachments: bool
    activity: datetime
    unread: bool  # somebody else wrote since they last opened it


@dataclass(frozen=True, slots=True)
class RequestPage:
    """One page of that list; `after` leads to the next one, None on the last."""

    lines: Sequence[RequestLine]
    after: Key | None


def public(reader: Sender, message: FromClause = MESSAGES) -> ColumnElement[bool]:
    """The messages a client may read: public ones by people, and whatever they wrote themselves.

    An automatic mail by somebody else, a bounce for one, is nothing for clients.
    """
    own = message.c.author_id == reader.user_id
    return and_(
        message.c.kind == MessageKind.PUBLIC,
        message.c.party != Party.SYSTEM,
        or_(message.c.automatic.is_(False), own),
    )


def readable(reader: Sender, message: FromClause = MESSAGES) -> ColumnElement[bool]:
    """The messages somebody may read, of the tickets in the same query: all public ones of their own
    requests. Where they take part those that were mailed to them: what operators wrote to the client
    since they joined (T6), and what they wrote themselves.
    """
    ticket, taking_part = table_of(Ticket), table_of(Participant)
    mailed = and_(message.c.party == Party.OPERATOR, taking_part.c.joined_at <= message.c.created_at)
    since = or_(mailed, message.c.author_id == reader.user_id)
    of_reader = and_(taking_part.c.ticket_id == ticket.c.id, taking_part.c.user_id == reader.user_id)
    joined = exists().where(of_reader, since).correlate(ticket, message)
    return and_(public(reader, message), or_(ticket.c.requester_id == reader.user_id, joined))


def newest(reader: Sender) -> ScalarSelect[int]:
    """The number of the newest message of a ticket that a client may read."""
    ticket, message = table_of(Ticket), table_of(Message).alias("newest")
    return (
        select(message.c.number)
        .where(message.c.ticket_id == ticket.c.id, public(reader, message))
        .order_by(message.c.number.desc())
        .limit(1)
        .correlate(ticket)
        .scalar_subquery()
    )


def requests(
    session: Session, reader: Sender, wish: Wish, *, after: Key | None = None, zone: ZoneInfo
) -> RequestPage:
    """Return a page of the requests this person made. Invalid when its words cannot be searched (W17)."""
    own, readable = _own(wish), partial(public, reader)
    found = pages.keys(session, reader, own, after=after, zone=zone, readable=readable)
    if not found.keys:
        return RequestPage([], None)
    ticket, topic, writer = table_of(Ticket), table_of(Topic), table_of(User)
    last = table_of(Message).alias("last")
    rows = session.execute(
        select(
            ticket.c.id,
            ticket.c.subject,
            ticket.c.status,
            topic.c.name,
            func.coalesce(func.substr(last.c.text, 1, OPENING_CHARACTERS), ""),
            writer.c.name,
            func.coalesce(last.c.author_id == reader.user_id, false()),
            lists.has_files(readable),
            ticket.c.public_at,
            lists.unread(readable),
        )
        .join_from(ticket, topic, topic.c.id == ticket.c.topic_id)
        .outerjoin(last, and_(last.c.ticket_id == ticket.c.id, last.c.number == newest(reader)))
        .outerjoin(writer, writer.c.id == last.c.author_id)
        .where(ticket.c.id.in_(found.numbers)),
        {"reader": reader.user_id},
    )
    lines = {row[0]: RequestLine(*row) for row in rows}
    return RequestPage([lines[number] for number in found.numbers], found.after)


def matching(session: Session, reader: Sender, wish: Wish, *, zone: ZoneInfo) -> Count:
    """Return how many of their requests fulfil a wish."""
    return pages.count(session, reader, _own(wish), zone=zone, readable=partial(public, reader))


def _own(wish: Wish) -> Wish:
    """A client's list knows their own requests and no filter by people or companies."""
    return replace(wish, view=View.MINE, assignee=None, company="", client="")


def read(
    session: Session, number: int, reader: Sender, *, whole: bool, wanted: int | None = None
) -> Conversation:
    """Return a request this person made or takes part in; NotFound when it is neither (C6).

    `wanted` is the place of a message, as `whole` leaves nothing out.
    """
    row = _facts(session, number, reader)
    total = _count(session, row.id, reader)
    first = first_shown(total, whole=whole, wanted=wanted)
    return Conversation(
        number=row.id,
        subject=row.subject,
        status=row.status,
        topic=row.topic,
        channel=row.channel,
        requester=row.requester,
        assignee=row.assignee,
        asked_by_reader=row.requester_id == reader.user_id,
        created_at=row.created_at,
        entries=tuple(_messages(session, row.id, reader, first)),
        earlier=first - 1,
    )


def written_after(session: Session, number: int, reader: Sender, shown: int) -> Sequence[int]:
    """Return the places of what others wrote on a request after the place `shown`; NotFound as in `read`."""
    ticket = _facts(session, number, reader)
    authors = session.execute(
        select(MESSAGES.c.author_id)
        .join_from(MESSAGES, table_of(Ticket), table_of(Ticket).c.id == MESSAGES.c.ticket_id)
        .where(MESSAGES.c.ticket_id == ticket.id, readable(reader))
        .order_by(MESSAGES.c.number)
    ).scalars()
    places = enumerate(authors, start=1)
    return [place for place, author in places if place > shown and author != reader.user_id]


def _facts(session: Session, number: int, reader: Sender) -> Any:
    ticket, topic, taking_part = table_of(Ticket), table_of(Topic), table_of(Participant)
    assignee, requester = table_of(User).alias("assignee"), table_of(User).alias("requester")
    takes_part = exists().where(
        taking_part.c.ticket_id == ticket.c.id, taking_part.c.user_id == reader.user_id
    )
    row = session.execute(
        select(
            ticket,
            topic.c.name.label("topic"),
            assignee.c.name.label("assignee"),
            requester.c.name.label("requester"),
        )
        .join_from(ticket, topic, topic.c.id == ticket.c.topic_id)
        .join(requester, requester.c.id == ticket.c.requester_id)
        .outerjoin(assignee, assignee.c.id == ticket.c.assignee_id)
        .where(
            ticket.c.id == min(number, LARGEST_NUMBER),
            or_(ticket.c.requester_id == reader.user_id, takes_part),
        )
    ).first()
    if row is None:
        raise NotFound(f"request {number}")
    return row


def _count(session: Session, number: int, reader: Sender) -> int:
    ticket = table_of(Ticket)
    counted = select(func.count()).join_from(MESSAGES, ticket, ticket.c.id == MESSAGES.c.ticket_id)
    return int(session.execute(counted.where(ticket.c.id == number, readable(reader))).scalar_one())


def _messages(session: Session, number: int, reader: Sender, first: int) -> list[MessageShown]:
    """Of others only what they wrote anew: what they quoted was cut before it was sent (C3).

    Their ids are their places: a gap between those of the rows would count the internal ones (C1).
    """
    message, author, ticket = MESSAGES.c, table_of(User), table_of(Ticket)
    rows = session.execute(
        select(
            message.id,
            message.author_id,
            message.party,
            message.kind,
            message.channel,
            message.text,
            message.quoted,
            message.created_at,
            author.c.name,
        )
        .join_from(MESSAGES, ticket, ticket.c.id == message.ticket_id)
        .outerjoin(author, author.c.id == message.author_id)
        .where(ticket.c.id == number, readable(reader))
        .order_by(message.number)
        .offset(first - 1)
    ).all()
    files = files_of(session, [row.id for row in rows])
    return [
        MessageShown(
            id=place,
            author=row.name or "",
            party=row.party,
            kind=row.kind,
            channel=row.channel,
            text=row.text,
            quoted=row.quoted if row.author_id == reader.user_id else "",
            at=row.created_at,
            mine=row.author_id == reader.user_id,
            files=files.get(row.id, ()),
        )
        for place, row in enumerate(rows, start=first)
    ]
