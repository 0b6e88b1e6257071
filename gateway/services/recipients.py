"""Everybody a notice on a ticket may go to or speak of, loaded in three queries whatever their number."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.queues import OutboxItem
from gateway.models.tickets import Message, Participant, Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.audience import Serving
from gateway.rules.people import Role, UserStatus

LAST = 50
"""How far back in a ticket we look for the mail that a person has already."""


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

    @property
    def shown(self) -> str:
        """The name, or the address of somebody without one."""
        return self.name or self.email


@dataclass(frozen=True, slots=True)
class Circle:
    """A ticket, its topic and the people around it."""

    ticket: Ticket
    topic: Topic
    people: Mapping[int, Person]
    serving: tuple[Serving, ...]
    participants: tuple[int, ...]

    def name_of(self, user_id: int | None) -> str:
        """How somebody is called; "" for nobody."""
        person = self.people.get(user_id) if user_id is not None else None
        return person.shown if person else ""


def around(session: Session, ticket: Ticket, author_id: int | None) -> Circle:
    """Load the circle of a ticket. Disabled people are in it to be named, not to be told."""
    operator, participant = table_of(TopicOperator), table_of(Participant)
    person, company = table_of(User), table_of(Company)
    serving = session.execute(
        select(operator.c.user_id, operator.c.notices)
        .where(operator.c.topic_id == ticket.topic_id)
        .order_by(operator.c.user_id)
    ).all()
    participants = session.execute(
        select(participant.c.user_id)
        .where(participant.c.ticket_id == ticket.id)
        .order_by(participant.c.user_id)
    ).scalars()
    taking_part = tuple(participants)
    wanted = {row.user_id for row in serving} | set(taking_part)
    wanted |= {each for each in (author_id, ticket.assignee_id, ticket.requester_id) if each is not None}
    rows = session.execute(
        select(
            person.c.id,
            person.c.email,
            person.c.name,
            person.c.role,
            person.c.status,
            person.c.language,
            company.c.name.label("company"),
            company.c.cuit,
        )
        .outerjoin(company, company.c.id == person.c.company_id)
        .where(person.c.id.in_(wanted))
    )
    people = {
        row.id: Person(
            row.id, row.email, row.name, row.role, row.status, row.language, row.company or "", row.cuit or ""
        )
        for row in rows
    }
    topic = session.get(Topic, ticket.topic_id)
    if topic is None:
        raise LookupError(f"ticket {ticket.id} has no topic")
    return Circle(
        ticket=ticket,
        topic=topic,
        people=people,
        serving=tuple(
            Serving(row.user_id, row.notices)
            for row in serving
            if people[row.user_id].status is UserStatus.ACTIVE
        ),
        participants=tuple(each for each in taking_part if people[each].status is not UserStatus.DISABLED),
    )


def known_mail(session: Session, ticket_id: int, users: list[int]) -> dict[int, tuple[str, ...]]:
    """Return, by user, the Message-IDs they have in their mailbox: the last from us, the last of theirs.

    Each is told only of their own, so nobody's Message-ID or token reaches another (C8, T13).
    """
    item, message = table_of(OutboxItem), table_of(Message)
    ours = session.execute(
        select(item.c.user_id, item.c.message_id)
        .where(item.c.ticket_id == ticket_id, item.c.user_id.in_(users))
        .order_by(item.c.id.desc())
        .limit(LAST)
    )
    theirs = session.execute(
        select(message.c.author_id, message.c.message_id)
        .where(
            message.c.ticket_id == ticket_id,
            message.c.author_id.in_(users),
            message.c.message_id.is_not(None),
        )
        .order_by(message.c.id.desc())
        .limit(LAST)
    )
    last_ours: dict[int, str] = {}
    last_theirs: dict[int, str] = {}
    for user, message_id in ours:
        last_ours.setdefault(user, message_id)
    for user, message_id in theirs:
        last_theirs.setdefault(user, message_id)
    return {user: tuple(each[user] for each in (last_ours, last_theirs) if user in each) for user in users}
