"""Everybody a notice on a ticket may go to or speak of, loaded in four queries whatever their number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, bindparam, or_, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.queues import OutboxItem
from gateway.models.tickets import Message, Participant, Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.audience import Serving
from gateway.rules.mentions import Nameable
from gateway.rules.people import Role, UserStatus, is_staff
from gateway.services.statements import run

LAST = 50
"""How far back in a ticket we look for the mail that a person has already."""


PERSON, COMPANY, TOPIC = table_of(User).c, table_of(Company).c, table_of(Topic).c
OPERATOR, PARTICIPANT = table_of(TopicOperator).c, table_of(Participant).c
ITEM, MESSAGE = table_of(OutboxItem).c, table_of(Message).c
TOPIC_SHOWN = select(TOPIC.name, TOPIC.address).where(TOPIC.id == bindparam("topic"))
SERVING = (
    select(OPERATOR.user_id, OPERATOR.notices)
    .where(OPERATOR.topic_id == bindparam("topic"))
    .order_by(OPERATOR.user_id)
)
TAKING_PART = (
    select(PARTICIPANT.user_id)
    .where(PARTICIPANT.ticket_id == bindparam("ticket"))
    .order_by(PARTICIPANT.user_id)
)
PEOPLE = (
    select(
        PERSON.id,
        PERSON.email,
        PERSON.name,
        PERSON.role,
        PERSON.status,
        PERSON.language,
        PERSON.silent_until,
        COMPANY.name.label("company"),
        COMPANY.cuit,
    )
    .outerjoin(table_of(Company), COMPANY.id == PERSON.company_id)
    .where(PERSON.id.in_(bindparam("wanted", expanding=True)))
)
NAMEABLE = (
    select(PERSON.id, PERSON.name, PERSON.email)
    .outerjoin(
        table_of(TopicOperator), (OPERATOR.user_id == PERSON.id) & (OPERATOR.topic_id == bindparam("topic"))
    )
    .where(
        PERSON.status == UserStatus.ACTIVE,
        PERSON.role != Role.CLIENT,
        or_(
            PERSON.role == Role.ADMIN,
            OPERATOR.user_id.is_not(None),
            PERSON.id == bindparam("assignee", type_=Integer),
        ),
    )
    .order_by(PERSON.id)
)
MAIL_OF_OURS = (
    select(ITEM.user_id, ITEM.message_id)
    .where(ITEM.ticket_id == bindparam("ticket"), ITEM.user_id.in_(bindparam("users", expanding=True)))
    .order_by(ITEM.id.desc())
    .limit(LAST)
)
MAIL_OF_THEIRS = (
    select(MESSAGE.author_id, MESSAGE.message_id)
    .where(
        MESSAGE.ticket_id == bindparam("ticket"),
        MESSAGE.author_id.in_(bindparam("users", expanding=True)),
        MESSAGE.message_id.is_not(None),
    )
    .order_by(MESSAGE.id.desc())
    .limit(LAST)
)


@dataclass(frozen=True, slots=True)
class Person:
    """A user as a notice shows or addresses them."""

    id: int
    email: str
    name: str
    role: Role
    status: UserStatus
    language: str
    company: str
    cuit: str
    silent_until: datetime | None = None

    @property
    def answers(self) -> bool:
        """Whether they are an operator now; somebody who was one may still stand in a topic's list."""
        return is_staff(self.role) and self.status is UserStatus.ACTIVE

    @property
    def shown(self) -> str:
        """The name, or the address of somebody without one."""
        return self.name or self.email


@dataclass(frozen=True, slots=True)
class TopicShown:
    """A topic as mail out names it and is from."""

    name: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Circle:
    """A ticket, its topic and the people around it."""

    ticket: Ticket
    topic: TopicShown
    people: Mapping[int, Person]
    serving: tuple[Serving, ...]
    participants: tuple[int, ...]

    def name_of(self, user_id: int | None) -> str:
        """How somebody is called; "" for nobody."""
        person = self.people.get(user_id) if user_id is not None else None
        return person.shown if person else ""


def nameable(session: Session, ticket: Ticket) -> dict[int, Nameable]:
    """Return the operators who may read an internal comment, and so be named in it with @."""
    rows = run(session, NAMEABLE, topic=ticket.topic_id, assignee=ticket.assignee_id)
    return {row.id: Nameable(row.name, row.email) for row in rows}


def around(session: Session, ticket: Ticket, author_id: int | None, also: Iterable[int] = ()) -> Circle:
    """Load the circle of a ticket, and some more people.

    Disabled people are in it to be named, not to be told.
    """
    topic = run(session, TOPIC_SHOWN, topic=ticket.topic_id).one()
    serving = run(session, SERVING, topic=ticket.topic_id).all()
    taking_part = tuple(run(session, TAKING_PART, ticket=ticket.id).scalars())
    wanted = {row.user_id for row in serving} | set(taking_part) | set(also)
    wanted |= {each for each in (author_id, ticket.assignee_id, ticket.requester_id) if each is not None}
    rows = run(session, PEOPLE, wanted=list(wanted))
    people = {
        row.id: Person(
            row.id,
            row.email,
            row.name,
            row.role,
            row.status,
            row.language,
            row.company or "",
            row.cuit or "",
            row.silent_until,
        )
        for row in rows
    }
    return Circle(
        ticket=ticket,
        topic=TopicShown(topic.name, topic.address),
        people=people,
        serving=tuple(Serving(row.user_id, row.notices) for row in serving if people[row.user_id].answers),
        participants=tuple(each for each in taking_part if people[each].status is not UserStatus.DISABLED),
    )


def readers_of_reply(circle: Circle, author: int | None) -> tuple[int, ...]:
    """Return who is sent what an operator answers: everybody who takes part but its writer."""
    return tuple(each for each in circle.participants if each != author)


def reached(circle: Circle, author: int | None) -> list[Person]:
    """Return the same as people, the requester first: as a page says whom an answer goes to."""
    told = readers_of_reply(circle, author)
    return [circle.people[each] for each in sorted(told, key=lambda one: one != circle.ticket.requester_id)]


def known_mail(session: Session, ticket_id: int, users: list[int]) -> dict[int, tuple[str, ...]]:
    """Return, by user, the Message-IDs they have in their mailbox: the last from us, the last of theirs.

    Each is told only of their own, so nobody's Message-ID or token reaches another (C8, T13).
    """
    ours = run(session, MAIL_OF_OURS, ticket=ticket_id, users=users)
    theirs = run(session, MAIL_OF_THEIRS, ticket=ticket_id, users=users)
    last_ours: dict[int, str] = {}
    last_theirs: dict[int, str] = {}
    for row in ours:
        last_ours.setdefault(row.user_id, row.message_id)
    for row in theirs:
        last_theirs.setdefault(row.author_id, row.message_id)
    return {user: tuple(each[user] for each in (last_ours, last_theirs) if user in each) for user in users}
