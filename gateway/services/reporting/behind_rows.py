"""What a list of the requests behind a figure shows of each: rows for `behind.Line`."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.tickets import Event, Ticket
from gateway.models.topics import Topic
from gateway.services.recounting import closings_of


def shown(page: Select[Any]) -> Select[Any]:
    """A page of keys with all that a line shows."""
    keys = page.subquery()
    ticket, topic, company = table_of(Ticket), table_of(Topic), table_of(Company)
    requester, assignee, closer = (table_of(User).alias(each) for each in ("requester", "assignee", "closer"))
    joined = (
        keys.join(ticket, ticket.c.id == keys.c.ticket_id)
        .join(topic, topic.c.id == ticket.c.topic_id)
        .join(requester, requester.c.id == ticket.c.requester_id)
        .outerjoin(company, company.c.id == requester.c.company_id)
        .outerjoin(assignee, assignee.c.id == ticket.c.assignee_id)
        .outerjoin(closer, closer.c.id == keys.c.closed_by)
    )
    columns = [
        *(ticket.c[name] for name in ("id", "subject", "channel", "created_at", "first_reply_at")),
        topic.c.name.label("topic"),
        company.c.name.label("company"),
        *(_name(each).label(each.name) for each in (requester, assignee, closer)),
        keys.c.closing,
        keys.c.minutes,
        keys.c.work_minutes,
    ]
    return select(*columns).select_from(joined).order_by(ticket.c.id.desc())


def _name(person: Any) -> ColumnElement[str]:
    return func.coalesce(func.nullif(person.c.name, ""), person.c.email)


def closings(session: Session, numbers: Sequence[int]) -> dict[int, list[datetime]]:
    """When each request was closed, each time: counted rows know the quarter of an hour alone."""
    event = table_of(Event).c
    query = select(event.ticket_id, event.kind, event.actor_id, event.at).where(event.ticket_id.in_(numbers))
    told = defaultdict(list)
    for number, kind, actor, at in session.execute(query.order_by(event.ticket_id, event.id)):
        told[number].append((kind, actor, at))
    return {number: [each.at for each in closings_of(events)] for number, events in told.items()}


def closed_at(closings: Sequence[datetime], number: int | None) -> datetime | None:
    """The moment of a request's closing of that number, the first being 1; None: there is none."""
    return closings[number - 1] if number is not None and number <= len(closings) else None
