"""What a client may read of their own requests: the only source of text for clients (invariants C2).

Nothing internal comes from here, not even its time: activity is that of the public messages alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, and_, false, func, or_, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.tickets import Message, Ticket
from gateway.models.topics import Topic
from gateway.rules.lifecycle import MessageKind, Status
from gateway.rules.people import Party, Sender
from gateway.services import lists, pages
from gateway.services.conversation import LARGEST_NUMBER, SHOWN, Conversation, MessageShown, files_of
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
            lists.unread(reader, readable),
        )
        .join_from(ticket, topic, topic.c.id == ticket.c.topic_id)
        .outerjoin(last, and_(last.c.ticket_id == ticket.c.id, last.c.number == newest(reader)))
        .outerjoin(writer, writer.c.id == last.c.author_id)
        .where(ticket.c.id.in_(found.numbers))
    )
    lines = {row[0]: RequestLine(*row) for row in rows}
    return RequestPage([lines[number] for number in found.numbers], found.after)


def matching(session: Session, reader: Sender, wish: Wish, *, zone: ZoneInfo) -> Count:
    """Return how many of their requests fulfil a wish."""
    return pages.count(session, reader, _own(wish), zone=zone, readable=partial(public, reader))


def _own(wish: Wish) -> Wish:
    """A client's list knows their own requests and no filter by people or companies."""
    return replace(wish, view=View.MINE, assignee=None, company="", client="")


def read(session: Session, number: int, reader: Sender, *, whole: bool) -> Conversation:
    """Return a request this person made; NotFound when there is none, or it is not theirs (C6)."""
    ticket, topic, assignee = table_of(Ticket), table_of(Topic), table_of(User)
    row = session.execute(
        select(ticket, topic.c.name.label("topic"), assignee.c.name.label("assignee"))
        .join_from(ticket, topic, topic.c.id == ticket.c.topic_id)
        .outerjoin(assignee, assignee.c.id == ticket.c.assignee_id)
        .where(ticket.c.id == min(number, LARGEST_NUMBER), ticket.c.requester_id == reader.user_id)
    ).first()
    if row is None:
        raise NotFound(f"request {number}")
    messages = _messages(session, number, reader)
    shown = messages if whole else messages[-SHOWN:]
    return Conversation(
        number=row.id,
        subject=row.subject,
        status=row.status,
        topic=row.topic,
        channel=row.channel,
        requester=reader.name or reader.email,
        assignee=row.assignee,
        created_at=row.created_at,
        entries=tuple(shown),
        earlier=len(messages) - len(shown),
    )


def _messages(session: Session, number: int, reader: Sender) -> list[MessageShown]:
    """Of others only what they wrote anew: what they quoted was cut before it was sent (C3).

    Their ids are their places: a gap between those of the rows would count the internal ones (C1).
    """
    message, author = table_of(Message), table_of(User)
    rows = session.execute(
        select(message, author.c.name)
        .outerjoin_from(message, author, author.c.id == message.c.author_id)
        .where(message.c.ticket_id == number, public(reader))
        .order_by(message.c.number)
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
        for place, row in enumerate(rows, start=1)
    ]
