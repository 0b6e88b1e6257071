"""Notices that are one too many for their mail, gathered into one mail an operator (B11).

A mail may cause twenty notices. Who is told directly: the one who has the request, then by id, so
that it is the same people each time. The others wait here for their next digest, which says what
happened to which request and nothing of what was written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import bindparam, delete, func, select
from sqlmodel import Session, col

from gateway.mail.notice import Happened, Template, Values
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import OutboxItem, PendingNotice, Purpose
from gateway.models.tickets import Event, Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules import limits
from gateway.rules.people import Role, UserStatus, is_staff
from gateway.services import house_mail, outbox, timeline
from gateway.services.desk import Desk
from gateway.services.notices import NOTICES, SILENT
from gateway.services.statements import add_all, run

AT_ONCE = 10_000
"""Notices taken in one go: a few seconds of work. The rest waits for the next time."""

ITEM, PENDING = table_of(OutboxItem).c, table_of(PendingNotice).c
CAUSED = select(func.count()).where(
    ITEM.ticket_id == bindparam("ticket"),
    ITEM.created_at == bindparam("now"),
    ITEM.purpose == Purpose.NOTICE,
)


@dataclass(frozen=True, slots=True)
class _News:
    """What happened, and what decides who may hear of it."""

    topic_id: int
    assignee_id: int | None
    shown: Happened


def notices_left(session: Session, ticket_id: int, *, now: datetime) -> int:
    """How many more notices the mail that is applied at this very moment may cause."""
    return max(limits.NOTICES - int(run(session, CAUSED, ticket=ticket_id, now=now).scalar_one()), 0)


def postpone(session: Session, event: Event, users: Iterable[int], *, now: datetime) -> None:
    """Keep the notice of an event for the next digest of these operators."""
    same = {"ticket_id": event.ticket_id, "event_id": event.id, "created_at": now}
    add_all(session, PendingNotice, [{"user_id": user, **same} for user in users])


def are_due(session: Session) -> bool:
    """Whether anybody waits for a digest."""
    return session.execute(select(PENDING.id).limit(1)).first() is not None


def send(session: Session, desk: Desk, *, now: datetime) -> None:
    """Queue a digest for everybody who waits for one, of what they may see by now.

    Towards somebody who gets no automatic mail it is left out, which the requests note (L5).
    """
    waiting = _take(session)
    news = _news(session, desk, {event for _, event in waiting})
    readers = _readers(session, {user for user, _ in waiting})
    serving = _serving(session, readers)
    rows = []
    silent: list[tuple[int, str]] = []
    for user_id, theirs in groupby(waiting, key=lambda each: each[0]):
        user = readers.get(user_id)
        if user is None:
            continue
        seen = [news[event] for _, event in theirs if _may_see(user, news[event], serving)]
        if user.silent_until is not None and user.silent_until > now:
            silent += [(each.shown.number, user.email) for each in seen]
        elif seen:
            values = _values(desk, user, [each.shown for each in seen])
            rows.append(house_mail.row(desk, user, Template.DIGEST, Purpose.DIGEST, values, now=now))
    outbox.queue(session, rows)
    timeline.left_out(session, silent, SILENT, now=now)


def _take(session: Session) -> list[tuple[int, int]]:
    """Remove what waits and return it as (user, event), by user and in order.

    What the statement removed is what is told: what another process adds meanwhile stays.
    """
    oldest = select(PENDING.id).order_by(PENDING.id).limit(AT_ONCE).scalar_subquery()
    taken = session.execute(
        delete(PendingNotice).where(PENDING.id.in_(oldest)).returning(PENDING.user_id, PENDING.event_id)
    )
    return sorted((row.user_id, row.event_id) for row in taken)


def _news(session: Session, desk: Desk, events: Iterable[int]) -> Mapping[int, _News]:
    event, ticket, topic = table_of(Event), table_of(Ticket), table_of(Topic)
    actor = table_of(User)
    rows = session.execute(
        select(
            event.c.id,
            event.c.kind,
            ticket.c.id.label("number"),
            ticket.c.subject,
            ticket.c.topic_id,
            ticket.c.assignee_id,
            topic.c.name.label("topic"),
            actor.c.name.label("actor"),
            actor.c.email,
        )
        .join(ticket, ticket.c.id == event.c.ticket_id)
        .join(topic, topic.c.id == ticket.c.topic_id)
        .outerjoin(actor, actor.c.id == event.c.actor_id)
        .where(event.c.id.in_(list(events)))
    )
    return {
        row.id: _News(
            topic_id=row.topic_id,
            assignee_id=row.assignee_id,
            shown=Happened(
                kind=row.kind,
                number=row.number,
                subject=row.subject,
                topic=row.topic,
                actor=row.actor or row.email or "",
                url=desk.url(f"/solicitudes/{row.number}"),
            ),
        )
        for row in rows
    }


def _readers(session: Session, users: Iterable[int]) -> Mapping[int, User]:
    found = session.execute(
        select(User).where(col(User.id).in_(list(users)), col(User.status) == UserStatus.ACTIVE)
    ).scalars()
    return {each.id: each for each in found if is_staff(each.role)}


def _serving(session: Session, users: Iterable[int]) -> frozenset[tuple[int, int]]:
    operator = table_of(TopicOperator).c
    rows = session.execute(
        select(operator.user_id, operator.topic_id).where(operator.user_id.in_(list(users)))
    )
    return frozenset((row.user_id, row.topic_id) for row in rows)


def _may_see(user: User, news: _News, serving: frozenset[tuple[int, int]]) -> bool:
    """As the outbox asks it of every notice (E3)."""
    return user.role is Role.ADMIN or news.assignee_id == user.id or (user.id, news.topic_id) in serving


def _values(desk: Desk, user: User, shown: Sequence[Happened]) -> Values:
    return Values(
        site=desk.site.name,
        recipient=user.name,
        happened=tuple(shown[: limits.DIGEST_LINES]),
        more=max(len(shown) - limits.DIGEST_LINES, 0),
        notices_url=desk.url(NOTICES),
    )
