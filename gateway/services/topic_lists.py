"""Topics as the pages of administration show them: in order, with who serves them and what is open."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.lifecycle import Status
from gateway.rules.people import Role, UserStatus

OPEN = (Status.NEW, Status.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may serve a topic."""

    id: int
    email: str
    name: str

    @property
    def shown(self) -> str:
        return self.name or self.email


@dataclass(frozen=True, slots=True)
class TopicShown:
    """A topic, who serves it now, and how many of its requests are open."""

    id: int
    name: str
    description: str
    address: str | None
    default: bool
    enabled: bool
    operators: Sequence[Colleague]
    open: int


@dataclass(frozen=True, slots=True)
class TopicNamed:
    """A topic to choose."""

    id: int
    name: str
    enabled: bool


def every(session: Session) -> list[TopicShown]:
    """Return all topics in the order people chose."""
    topic, ticket = table_of(Topic).c, table_of(Ticket).c
    counted = select(ticket.topic_id, func.count()).where(ticket.status.in_(OPEN)).group_by(ticket.topic_id)
    waiting = {row[0]: int(row[1]) for row in session.execute(counted)}
    serving = _serving(session)
    rows = session.execute(
        select(
            topic.id,
            topic.name,
            topic.description,
            topic.address,
            topic.is_default,
            topic.enabled,
            topic.position,
        )
    ).all()
    return [
        TopicShown(
            id=row.id,
            name=row.name,
            description=row.description,
            address=row.address,
            default=row.is_default,
            enabled=row.enabled,
            operators=tuple(serving.get(row.id, ())),
            open=waiting.get(row.id, 0),
        )
        for row in sorted(rows, key=lambda row: (row.position, row.name))
    ]


def one(session: Session, topic_id: int) -> TopicShown:
    """Return one topic."""
    found = next((each for each in every(session) if each.id == topic_id), None)
    if found is None:
        raise NotFound("topic")
    return found


def is_served(session: Session) -> bool:
    """Whether anybody answers any topic; before, nobody is told of a new request."""
    serving, person = table_of(TopicOperator).c, table_of(User).c
    answers = (
        select(serving.user_id)
        .join(table_of(User), person.id == serving.user_id)
        .where(person.role != Role.CLIENT, person.status == UserStatus.ACTIVE)
        .limit(1)
    )
    return session.execute(answers).first() is not None


def names(session: Session) -> list[TopicNamed]:
    """Return the topics to choose among, in order. Python sorts them: databases differ on accents."""
    topic = table_of(Topic).c
    rows = session.execute(select(topic.id, topic.name, topic.enabled, topic.position)).all()
    return [
        TopicNamed(row.id, row.name, row.enabled)
        for row in sorted(rows, key=lambda row: (row.position, row.name))
    ]


def colleagues(session: Session) -> list[Colleague]:
    """Return everybody who may serve a topic, by name."""
    person = table_of(User).c
    rows = session.execute(
        select(person.id, person.email, person.name).where(
            person.role != Role.CLIENT, person.status == UserStatus.ACTIVE
        )
    )
    return sorted((Colleague(*row) for row in rows), key=lambda each: (each.shown.casefold(), each.id))


def _serving(session: Session) -> dict[int, list[Colleague]]:
    """Return by topic who serves it. Somebody disabled may still stand in its list, and does not count."""
    serving = table_of(TopicOperator).c
    may = {each.id: each for each in colleagues(session)}
    found: dict[int, list[Colleague]] = {}
    for row in session.execute(select(serving.topic_id, serving.user_id)):
        if row.user_id in may:
            found.setdefault(row.topic_id, []).append(may[row.user_id])
    return {topic: sorted(those, key=lambda each: each.shown.casefold()) for topic, those in found.items()}
