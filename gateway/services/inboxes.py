"""The lists of an operator, a page at a time: what a row shows, how many there are, what can be chosen.

Which requests those are is said in `lists` and `search`. A list selects columns; what a row shows of its
messages comes with the same query.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.tickets import Message, Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.lifecycle import Channel, Status
from gateway.rules.people import Party, Role, Sender, UserStatus
from gateway.services import lists, pages, portal
from gateway.services.lists import UNASSIGNED, Key, Order, Readable, Shape, Shown, View, Wish, key_of
from gateway.services.pages import COUNTED, PAGE, Count
from gateway.services.statements import run

__all__ = ["COUNTED", "PAGE", "UNASSIGNED", "Count", "Key", "Order", "Shown", "View", "Wish", "key_of"]

OPENING_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A ticket in a list. `opening` is how its last message begins, `writer` who wrote it."""

    number: int
    subject: str
    status: Status
    topic: str
    requester: str
    company: str | None
    assignee: str | None
    opening: str
    writer: str | None
    unverified: bool
    attachments: bool
    activity: datetime
    waiting_since: datetime | None
    unread: bool  # somebody else wrote since the reader last opened it


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `after` leads to the next one, None on the last."""

    lines: Sequence[Line]
    after: Key | None


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters of a list offer: numbers and names of what its reader may see."""

    topics: Sequence[tuple[int, str]]
    assignees: Sequence[tuple[int, str]]


def page(
    session: Session,
    reader: Sender,
    wish: Wish,
    *,
    after: Key | None = None,
    zone: ZoneInfo,
    served: Sequence[int] | None = None,
) -> Page:
    """Return a page of a list. Invalid when its words cannot be searched, or not in time (W17).

    `served` are the topics the reader answers, if known.
    """
    readable = _readable(reader, wish.view)
    source = lists.source_of(session, reader, wish, zone=zone, readable=readable, served=served)
    if readable is None and pages.is_plain(wish) and len(source.runs) == 1:
        query, values = _plain_page(source.shape, after=after is not None), lists.after_key(after)
        whole: Sequence[Any] = run(session, query, **source.values, **values).all()
        lines = [Line(*row) for row in whole[:PAGE]]
        return Page(lines, Key(lines[-1].activity, lines[-1].number) if len(whole) > PAGE else None)
    found = pages.keys_in(session, source, wish, after=after)
    if not found.keys:
        return Page([], None)
    query = NUMBERED if readable is None else _numbered(_rows(readable, portal.newest(reader), PUBLIC_AT))
    rows: Sequence[Any] = run(session, query, reader=reader.user_id, numbers=found.numbers).all()
    known = {row.id: Line(*row) for row in rows}
    return Page([known[number] for number in found.numbers], found.after)


@dataclass(frozen=True, slots=True)
class Beside:
    """The requests beside one on a page of a list. `page_after`: the one after it is on the next page."""

    index: int
    before: int | None
    after: int | None
    page_after: Key | None = None


def beside(
    session: Session, reader: Sender, wish: Wish, number: int, *, after: Key | None, zone: ZoneInfo
) -> Beside | None:
    """Return what stands beside a request on a page of a list; None when it is not on that page now."""
    readable = _readable(reader, wish.view)
    found = pages.keys(session, reader, wish, after=after, zone=zone, readable=readable)
    if number not in found.numbers:
        return None
    index = found.numbers.index(number)
    before = found.numbers[index - 1] if index > 0 else None
    if index + 1 < len(found.numbers):
        return Beside(index, before, found.numbers[index + 1])
    if found.after is None:
        return Beside(index, before, None)
    more = pages.keys(session, reader, wish, after=found.after, zone=zone, readable=readable).numbers
    return Beside(index, before, more[0] if more else None, found.after)


def last_before(
    session: Session, reader: Sender, wish: Wish, number: int, *, after: Key | None, zone: ZoneInfo
) -> int | None:
    """Return the last request on a page of a list, for the first one of the page behind it.

    Where the list moved meanwhile, that one may stand on this page itself; then it is the one before it.
    """
    readable = _readable(reader, wish.view)
    found = pages.keys(session, reader, wish, after=after, zone=zone, readable=readable).numbers
    before = found[: found.index(number)] if number in found else found
    return before[-1] if before else None


def matching(session: Session, reader: Sender, wish: Wish, *, zone: ZoneInfo) -> Count:
    """Return how many requests fulfil a wish, up to COUNTED."""
    return pages.count(session, reader, wish, zone=zone, readable=_readable(reader, wish.view))


def open_counts(
    session: Session, reader: Sender, *, served: Sequence[int] | None = None
) -> Mapping[View, Count]:
    """Return how many open requests each list has, up to COUNTED. `served` as for `page`."""
    zone = ZoneInfo("UTC")  # no day is asked for
    sources = [lists.source_of(session, reader, Wish(view), zone=zone, served=served) for view in View]
    return dict(zip(View, pages.count_each(session, sources), strict=True))


def choices(session: Session, reader: Sender) -> Choices:
    """Return the topics an operator answers, and who answers them, too (C6); an administrator all."""
    rows: Sequence[Any] = run(session, CHOICES[reader.role is Role.ADMIN], reader=reader.user_id).all()
    return Choices(
        topics=[(row.id, row.name) for row in rows if row.is_topic],
        assignees=[(row.id, row.name) for row in rows if not row.is_topic],
    )


def _choices(*, everything: bool) -> Select[Any]:
    """Topics in their order, then people by name: one statement for both."""
    topic, serving, person = table_of(Topic), table_of(TopicOperator), table_of(User)
    name = func.coalesce(func.nullif(person.c.name, ""), person.c.email)
    topics = select(
        literal(1).label("is_topic"), topic.c.id, topic.c.name, topic.c.position, topic.c.name.label("sorted")
    )
    people = select(literal(0), person.c.id, name, literal(0), func.lower(name)).where(
        person.c.role != Role.CLIENT, person.c.status == UserStatus.ACTIVE
    )
    if not everything:
        mine = select(serving.c.topic_id).where(serving.c.user_id == lists.READER)
        colleagues = select(serving.c.user_id).where(serving.c.topic_id.in_(mine))
        topics = topics.where(topic.c.id.in_(mine))
        # an OR of both would have PostgreSQL read through all people there are
        people = people.where(person.c.id.in_(union(colleagues, select(lists.READER))))
    both = union_all(topics, people).subquery()
    return select(both).order_by(both.c.is_topic.desc(), both.c.position, both.c.sorted, both.c.id)


def may_open(operator: Sender) -> ColumnElement[bool]:
    """The tickets an operator answers: those of their topics, those assigned to them; an
    administrator all. The same as services/threads.may_act, as a condition."""
    ticket, serving = table_of(Ticket), table_of(TopicOperator)
    if operator.role is Role.ADMIN:
        return ticket.c.id.is_not(None)
    mine = select(serving.c.topic_id).where(serving.c.user_id == operator.user_id)
    return or_(ticket.c.assignee_id == operator.user_id, ticket.c.topic_id.in_(mine))


def _readable(reader: Sender, view: View) -> Readable | None:
    """Who asked is a client there, and may not answer it at all (C1)."""
    return partial(portal.public, reader) if view is View.MINE else None


def _rows(
    readable: Readable | None, newest: ColumnElement[int], activity: ColumnElement[datetime]
) -> Select[Any]:
    """What lines show of tickets, in the order of `Line`."""
    ticket, last, writer = table_of(Ticket), table_of(Message), table_of(User).alias("writer")
    requester, assignee = table_of(User).alias("requester"), table_of(User).alias("assignee")
    topic, company = table_of(Topic), table_of(Company)
    return (
        select(
            ticket.c.id,
            ticket.c.subject,
            ticket.c.status,
            topic.c.name,
            func.coalesce(func.nullif(requester.c.name, ""), requester.c.email),
            company.c.name,
            func.coalesce(func.nullif(assignee.c.name, ""), assignee.c.email),
            func.coalesce(func.substr(last.c.text, 1, OPENING_CHARACTERS), ""),
            func.coalesce(func.nullif(writer.c.name, ""), writer.c.email),
            func.coalesce(_unverified(last), false()),
            lists.has_files(readable),
            activity,
            ticket.c.waiting_since,
            lists.unread(readable),
        )
        .select_from(ticket)
        .join(topic, topic.c.id == ticket.c.topic_id)
        .join(requester, requester.c.id == ticket.c.requester_id)
        .outerjoin(company, company.c.id == requester.c.company_id)
        .outerjoin(assignee, assignee.c.id == ticket.c.assignee_id)
        .outerjoin(last, and_(last.c.ticket_id == ticket.c.id, last.c.number == newest))
        .outerjoin(writer, writer.c.id == last.c.author_id)
    )


@lru_cache(maxsize=256)
def _plain_page(shape: Shape, *, after: bool) -> Select[Any]:
    """The lines of a page and one more, of a list as it is: the keys and what lines show in one statement."""
    source = lists.Source(shape, (), {})
    (stretch,) = source.runs
    first = source.first(stretch, PAGE + 1, after=after).subquery("first")
    rows = ROWS.where(table_of(Ticket).c.id.in_(select(first.c.id)))
    return stretch.ordered(rows, PAGE + 1)


def _numbered(rows: Select[Any]) -> Select[Any]:
    return rows.where(table_of(Ticket).c.id.in_(bindparam("numbers", expanding=True)))


def _unverified(message: FromClause) -> ColumnElement[bool]:
    by_mail = and_(message.c.channel == Channel.EMAIL, message.c.party == Party.CLIENT)
    return and_(by_mail, message.c.verified.is_(False))


PUBLIC_AT = table_of(Ticket).c.public_at
ROWS = _rows(None, table_of(Ticket).c.messages, table_of(Ticket).c.updated_at)
NUMBERED = _numbered(ROWS)
"""Of the lists whose reader may read everything: worded once. Those of clients ask portal each time."""

CHOICES = {everything: _choices(everything=everything) for everything in (False, True)}
