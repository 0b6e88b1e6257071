"""What reports count, made anew from tickets and their events, in the background.

Needed for tickets older than the tables, and when the company's hours, the zone of the site or the list of
holidays change, since working minutes hang on them. The scheduler does it in small batches.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, and_, delete, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.reports import CountedClosing, CountedRequest
from gateway.models.site import Setting
from gateway.models.tickets import Event, Message, Ticket
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Party
from gateway.rules.periods import minutes_between, quarter_of
from gateway.rules.working_time import WorkClock
from gateway.services import working_hours
from gateway.services.statements import add_all

BATCH = 500
"""Tickets in one transaction: on SQLite nobody else writes meanwhile."""

_DONE, _DOING = "reports_counted", "reports_counting"
_SETTING, _TICKET, _EVENT = table_of(Setting), table_of(Ticket), table_of(Event)
_FIRST = _SAID = table_of(Message)
_OPENS = (EventKind.REOPENED, EventKind.TAKEN, EventKind.ASSIGNED)
"""To take or assign a closed ticket opens it; older ones say no more than that."""


@dataclass(slots=True)
class Closing:
    """A closing, and what came after it."""

    at: datetime
    by: int | None
    reopened: datetime | None = None
    next: datetime | None = None


def is_current(session: Session, zone: ZoneInfo) -> bool:
    """Whether every ticket is counted, its working minutes by today's hours."""
    return _said(session, _DONE) == working_hours.stamp(session, zone)


def count_some(session: Session, zone: ZoneInfo, *, now: datetime) -> bool:
    """Count some tickets that are not counted by today's hours; return whether more may wait."""
    stamp = working_hours.stamp(session, zone)
    if _said(session, _DONE) == stamp:
        return False
    begun, _, reached = _said(session, _DOING).rpartition(" ")
    tickets = _next(session, int(reached) if begun == stamp else 0)
    recount(session, tickets, working_hours.clock(session, zone))
    if len(tickets) == BATCH:
        _say(session, _DOING, f"{stamp} {tickets[-1].id}", now=now)
        return True
    _say(session, _DONE, stamp, now=now)
    return False


def recount(session: Session, tickets: Sequence[Row[Any]], clock: WorkClock) -> None:
    """Write the rows of these tickets anew."""
    counted = [each for each in tickets if not each.automatic]
    for table in (CountedClosing, CountedRequest):
        row = table_of(table).c
        session.execute(delete(table).where(row.ticket_id.in_([each.id for each in tickets])))
    events = _events(session, [each.id for each in counted])
    add_all(session, CountedRequest, [_request(each, events[each.id], clock) for each in counted])
    closings = (row for each in counted for row in _closings(each, events[each.id], clock))
    add_all(session, CountedClosing, list(closings))


def closings_of(events: Iterable[tuple[EventKind, int | None, datetime]]) -> list[Closing]:
    """Return the closings told by the events of one ticket, in order."""
    closings: list[Closing] = []
    is_open = True
    for kind, actor, at in events:
        if kind is EventKind.CLOSED and is_open:
            if closings:
                closings[-1].next = at
            closings.append(Closing(at, actor))
            is_open = False
        elif kind in _OPENS and not is_open:
            closings[-1].reopened = at
            is_open = True
    return closings


def _request(ticket: Row[Any], events: Sequence[Row[Any]], clock: WorkClock) -> dict[str, Any]:
    begin, answered = ticket.created_at, ticket.first_reply_at
    answer = next((each for each in events if each.party is Party.OPERATOR and each.at == answered), None)
    return {
        "ticket_id": ticket.id,
        "opened": quarter_of(begin),
        "topic_id": ticket.topic_id,
        "requester_id": ticket.requester_id,
        "channel": ticket.channel,
        "answered": quarter_of(answered) if answered else None,
        "answered_by": answer.actor_id if answer else None,
        "answer_minutes": minutes_between(begin, answered) if answered else None,
        "answer_work_minutes": clock.minutes(begin, answered) if answered else None,
    }


def _closings(ticket: Row[Any], events: Sequence[Row[Any]], clock: WorkClock) -> Iterator[dict[str, Any]]:
    closings = closings_of((each.kind, each.actor_id, each.at) for each in events)
    for number, closing in enumerate(closings, 1):
        yield {
            "ticket_id": ticket.id,
            "number": number,
            "closed": quarter_of(closing.at),
            "closed_by": closing.by,
            "topic_id": ticket.topic_id,
            "requester_id": ticket.requester_id,
            "minutes": minutes_between(ticket.created_at, closing.at),
            "work_minutes": clock.minutes(ticket.created_at, closing.at),
            "reopened": quarter_of(closing.reopened) if closing.reopened else None,
            "next_closed": quarter_of(closing.next) if closing.next else None,
        }


def _next(session: Session, reached: int) -> Sequence[Row[Any]]:
    """The next tickets, locked: whoever moves one holds that lock, too."""
    first: ColumnElement[bool] = and_(_FIRST.c.ticket_id == _TICKET.c.id, _FIRST.c.number == 1)
    query = (
        select(
            _TICKET.c.id,
            _TICKET.c.topic_id,
            _TICKET.c.requester_id,
            _TICKET.c.channel,
            _TICKET.c.created_at,
            _TICKET.c.first_reply_at,
            _FIRST.c.automatic,
        )
        .join_from(_TICKET, _FIRST, first)
        .where(_TICKET.c.id > reached)
        .order_by(_TICKET.c.id)
        .limit(BATCH)
    )
    return session.execute(query.with_for_update(of=_TICKET)).all()


def _events(session: Session, tickets: Sequence[int]) -> dict[int, list[Row[Any]]]:
    kinds = (EventKind.REPLIED, EventKind.CLOSED, *_OPENS)
    rows = session.execute(
        select(_EVENT.c.ticket_id, _EVENT.c.kind, _EVENT.c.actor_id, _EVENT.c.at, _SAID.c.party)
        .outerjoin_from(
            _EVENT, _SAID, and_(_SAID.c.id == _EVENT.c.message_id, _EVENT.c.kind == EventKind.REPLIED)
        )
        .where(_EVENT.c.ticket_id.in_(tickets), _EVENT.c.kind.in_(kinds))
        .order_by(_EVENT.c.ticket_id, _EVENT.c.id)
    )
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.ticket_id].append(row)
    return found


def _said(session: Session, name: str) -> str:
    return session.execute(select(_SETTING.c.value).where(_SETTING.c.name == name)).scalar() or ""


def _say(session: Session, name: str, value: str, *, now: datetime) -> None:
    session.merge(Setting(name=name, value=value, updated_at=now))
