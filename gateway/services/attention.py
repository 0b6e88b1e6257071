"""What waits for a person: mail that was set aside, topics nobody serves."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import JournalEntry, OutboxItem, OutboxState
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.admission import Outcome
from gateway.services import held

HELD_LONG = timedelta(days=14)
"""After that somebody is reminded of held mail, every day (T16)."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """How many mails were kept without effect, and how many of ours did not reach their end."""

    failed: int
    held: int
    undelivered: int
    uncertain: int


def set_aside(session: Session) -> SetAside:
    """Count them."""
    outcome, state = table_of(JournalEntry).c.outcome, table_of(OutboxItem).c.state
    return SetAside(
        failed=_count(session, outcome == Outcome.FAILED),
        held=_count(session, held.undecided()),
        undelivered=_count(session, state == OutboxState.FAILED),
        uncertain=_count(session, state == OutboxState.UNCERTAIN),
    )


def held_since(session: Session, moment: datetime) -> int:
    """Count the mails held since before a moment that still wait for a decision (T16)."""
    return _count(session, and_(held.undecided(), table_of(JournalEntry).c.settled_at < moment))


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


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    return int(session.execute(select(func.count()).where(condition)).scalar_one())
