"""The requests that were received or closed in the period of a report, with their times, by number."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, and_, func, select, union
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic
from gateway.rules.lifecycle import Channel
from gateway.services.reporting import behind_rows, counted
from gateway.services.reporting.counted import CLOSING, REQUEST, Span
from gateway.services.reporting.report import Asked, Filters

AT_A_TIME = 500

_TICKET, _TOPIC, _COMPANY = table_of(Ticket), table_of(Topic), table_of(Company)
_REQUESTER, _ASSIGNEE, _CLOSER = (table_of(User).alias(name) for name in ("requester", "assignee", "closer"))


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request. Closed: by its last closing in the period, if it was closed there; else None.

    `closed_by` "": by itself, if it was closed. Minutes are since it was received.
    """

    number: int
    subject: str
    requester: str
    company: str
    topic: str
    assignee: str
    channel: Channel
    received_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    closed_by: str
    answer_minutes: int | None
    answer_work_minutes: int | None
    minutes: int | None
    work_minutes: int | None


def rows(session: Session, asked: Asked, *, zone: ZoneInfo, most: int) -> Iterator[RequestRow]:
    """Yield up to `most` of them, read as they are asked for: a long period has many."""
    query = _query(asked, Span.of(asked.period, zone), most)
    for part in session.execute(query.execution_options(yield_per=AT_A_TIME)).partitions():
        closed = behind_rows.closings(session, [each.id for each in part if each.closing is not None])
        for row in part:
            yield _row(row, behind_rows.closed_at(closed.get(row.id, ()), row.closing))


def _query(asked: Asked, span: Span, most: int) -> Select[Any]:
    received = counted.received(span, asked.filters).select(REQUEST.c.ticket_id)
    closed = counted.closed(span, asked.filters).select(CLOSING.c.ticket_id)
    either = union(received, closed).subquery()
    numbers = select(either.c.ticket_id).order_by(either.c.ticket_id).limit(most).subquery()
    there = counted.closed(span, Filters())
    own_closing = and_(CLOSING.c.ticket_id == numbers.c.ticket_id, *there.met(there.moment))
    return (
        select(
            _TICKET.c.id,
            _TICKET.c.subject,
            _named(_REQUESTER).label("requester"),
            _COMPANY.c.name.label("company"),
            _TOPIC.c.name.label("topic"),
            _named(_ASSIGNEE).label("assignee"),
            _TICKET.c.channel,
            _TICKET.c.created_at,
            _TICKET.c.first_reply_at,
            _named(_CLOSER).label("closer"),
            REQUEST.c.answer_minutes,
            REQUEST.c.answer_work_minutes,
            CLOSING.c.number.label("closing"),
            CLOSING.c.minutes,
            CLOSING.c.work_minutes,
        )
        .select_from(numbers)
        .join(_TICKET, _TICKET.c.id == numbers.c.ticket_id)
        .join(REQUEST, REQUEST.c.ticket_id == numbers.c.ticket_id)
        .join(_TOPIC, _TOPIC.c.id == _TICKET.c.topic_id)
        .join(_REQUESTER, _REQUESTER.c.id == _TICKET.c.requester_id)
        .outerjoin(_COMPANY, _COMPANY.c.id == _REQUESTER.c.company_id)
        .outerjoin(_ASSIGNEE, _ASSIGNEE.c.id == _TICKET.c.assignee_id)
        .outerjoin(CLOSING, own_closing)
        .outerjoin(_CLOSER, _CLOSER.c.id == CLOSING.c.closed_by)
        .order_by(numbers.c.ticket_id)
    )


def _named(person: Any) -> Any:
    return func.coalesce(func.nullif(person.c.name, ""), person.c.email)


def _row(row: Row[Any], closed_at: datetime | None) -> RequestRow:
    return RequestRow(
        number=row.id,
        subject=row.subject,
        requester=row.requester,
        company=row.company or "",
        topic=row.topic,
        assignee=row.assignee or "",
        channel=row.channel,
        received_at=row.created_at,
        answered_at=row.first_reply_at,
        closed_at=closed_at,
        closed_by=row.closer or "",
        answer_minutes=row.answer_minutes,
        answer_work_minutes=row.answer_work_minutes,
        minutes=row.minutes,
        work_minutes=row.work_minutes,
    )
