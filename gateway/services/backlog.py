"""How the two queues stand: what waits, since when, and what was set aside."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import Job, JournalEntry, OutboxItem, OutboxState
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.admission import Outcome
from gateway.services import outbox


@dataclass(frozen=True, slots=True)
class Backlog:
    """Numbers of mails and the time of the oldest; `paused_until` when nothing goes out for now."""

    waiting: int
    oldest_waiting: datetime | None
    failed: int
    held: int
    unsent: int
    oldest_unsent: datetime | None
    undelivered: int
    uncertain: int
    paused_until: datetime | None


def look(session: Session, *, now: datetime) -> Backlog:
    """Count both queues."""
    entry, item = table_of(JournalEntry), table_of(OutboxItem)
    waiting, oldest_waiting = session.execute(
        select(func.count(), func.min(entry.c.received_at)).where(entry.c.outcome.is_(None))
    ).one()
    unsent, oldest_unsent = session.execute(
        select(func.count(), func.min(item.c.created_at)).where(item.c.state.in_(outbox.UNENDED))
    ).one()
    outcomes = _counted(session, select(entry.c.outcome, func.count()).group_by(entry.c.outcome))
    states = _counted(session, select(item.c.state, func.count()).group_by(item.c.state))
    pause = session.get(Job, outbox.PAUSE)
    paused = pause is not None and pause.due_at is not None and pause.due_at > now
    return Backlog(
        waiting=waiting,
        oldest_waiting=oldest_waiting,
        failed=outcomes.get(Outcome.FAILED, 0),
        held=outcomes.get(Outcome.HELD, 0),
        unsent=unsent,
        oldest_unsent=oldest_unsent,
        undelivered=states.get(OutboxState.FAILED, 0),
        uncertain=states.get(OutboxState.UNCERTAIN, 0),
        paused_until=pause.due_at if pause is not None and paused else None,
    )


def unserved_topics(session: Session) -> list[str]:
    """Return the topics without an operator: of a new request in one of them nobody is told."""
    topic, serving = table_of(Topic), table_of(TopicOperator)
    rows = session.execute(
        select(topic.c.name)
        .outerjoin_from(topic, serving, serving.c.topic_id == topic.c.id)
        .where(topic.c.enabled.is_(True), serving.c.user_id.is_(None))
        .order_by(topic.c.id)
    )
    return list(rows.scalars())


def _counted(session: Session, query: Select[Any]) -> dict[Any, int]:
    return {row[0]: row[1] for row in session.execute(query)}
