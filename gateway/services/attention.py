"""What waits for a person: mail that was set aside, topics nobody serves."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, literal, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import JournalEntry, OutboxItem, OutboxState
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.admission import Outcome
from gateway.services import held

REVIEWED_AT_ONCE = 100
"""Nobody needs to know how many more than this wait, and counting them all takes time."""

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
    return SetAside(
        failed=_count(session, held.undecided(Outcome.FAILED)),
        held=_count(session, held.undecided()),
        undelivered=_count(session, _ended_as(OutboxState.FAILED)),
        uncertain=_count(session, _ended_as(OutboxState.UNCERTAIN)),
    )


def to_review(session: Session) -> int:
    """Count the mails that wait for a person on the page of mail; more than enough is REVIEWED_AT_ONCE."""
    kinds = (held.undecided(), held.undecided(Outcome.FAILED), _ended_as(OutboxState.FAILED))
    found = 0
    for kind in kinds:
        few = select(literal(1)).where(kind).limit(REVIEWED_AT_ONCE - found).subquery()
        found += int(session.execute(select(func.count()).select_from(few)).scalar_one())
    return found


def _ended_as(state: OutboxState) -> ColumnElement[bool]:
    """The condition that a mail of ours ended so and nobody gave it up."""
    item = table_of(OutboxItem).c
    return and_(item.state == state, item.given_up_at.is_(None))


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
