"""What the page of a request offers an operator to do with it: whom an answer reaches, who may have it,
where it may go, who takes part, and what else its company asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.lifecycle import Status
from gateway.rules.people import Role, Sender, UserStatus
from gateway.services import inboxes, joining, recipients
from gateway.services.conversation import LARGEST_NUMBER
from gateway.services.joining import TakingPart

OTHERS_LISTED = 5
"""Other requests of the company, newest activity first."""

CHOICES = 200
"""Operators or topics to choose from; nobody looks through more."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An operator or a topic that can be chosen."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class OtherRequest:
    """Another request of the same company."""

    number: int
    subject: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """All of it, for one operator."""

    to: tuple[str, ...]  # whom a reply is sent to, the requester first
    own: bool  # the operator asked for it themselves: what they write is the client's side
    topic: int
    assignee: int | None
    topics: Sequence[Choice]
    operators: Sequence[Choice]  # of its topic, and the administrators
    other_operators: Sequence[Choice]
    taking_part: Sequence[TakingPart]  # besides the requester
    proposed: Sequence[str]
    others_of_company: Sequence[OtherRequest]


def read(session: Session, number: int, operator: Sender) -> Handling:
    """Return what this operator may do; NotFound unless they may open the ticket (C6)."""
    ticket = table_of(Ticket)
    found = session.execute(
        select(Ticket).where(ticket.c.id == min(number, LARGEST_NUMBER), inboxes.may_open(operator))
    ).scalar_one_or_none()
    if found is None:
        raise NotFound(f"ticket {number}")
    circle = recipients.around(session, found, operator.user_id)
    operators, others = _operators(session, found.topic_id)
    return Handling(
        to=tuple(each.email for each in recipients.reached(circle, operator.user_id)),
        own=found.requester_id == operator.user_id,
        topic=found.topic_id,
        assignee=found.assignee_id,
        topics=_topics(session, found.topic_id),
        operators=operators,
        other_operators=others,
        taking_part=joining.taking_part(session, found),
        proposed=joining.proposed(session, found),
        others_of_company=_others_of_company(session, found, operator),
    )


def _operators(session: Session, topic_id: int) -> tuple[list[Choice], list[Choice]]:
    """Return the operators who answer a topic or every topic, and the others, by name."""
    person, serving = table_of(User), table_of(TopicOperator)
    rows = session.execute(
        select(person.c.id, person.c.name, person.c.email, person.c.role, serving.c.topic_id)
        .outerjoin_from(
            person, serving, (serving.c.user_id == person.c.id) & (serving.c.topic_id == topic_id)
        )
        .where(person.c.role != Role.CLIENT, person.c.status == UserStatus.ACTIVE)
        .order_by(person.c.name, person.c.email)
        .limit(CHOICES)
    ).all()
    here = [row for row in rows if row.topic_id is not None or row.role is Role.ADMIN]
    chosen = {row.id for row in here}
    elsewhere = [row for row in rows if row.id not in chosen]
    return [_choice(row) for row in here], [_choice(row) for row in elsewhere]


def _choice(row: object) -> Choice:
    return Choice(row.id, row.name or row.email)  # type: ignore[attr-defined]


def _topics(session: Session, current: int) -> list[Choice]:
    """Return the topics a ticket may go to, and the one it is in though that be switched off."""
    topic = table_of(Topic)
    rows = session.execute(
        select(topic.c.id, topic.c.name)
        .where(or_(topic.c.enabled.is_(True), topic.c.id == current))
        .order_by(topic.c.position, topic.c.name)
        .limit(CHOICES)
    )
    return [Choice(*row) for row in rows]


def _others_of_company(session: Session, ticket: Ticket, operator: Sender) -> list[OtherRequest]:
    """Return the newest requests of the requester's company that this operator may open, too (C6)."""
    other, person = table_of(Ticket), table_of(User)
    company = select(person.c.company_id).where(person.c.id == ticket.requester_id).scalar_subquery()
    colleagues = select(person.c.id).where(person.c.company_id == company)
    rows = session.execute(
        select(other.c.id, other.c.subject, other.c.status)
        .where(other.c.requester_id.in_(colleagues), other.c.id != ticket.id, inboxes.may_open(operator))
        .order_by(other.c.updated_at.desc(), other.c.id.desc())
        .limit(OTHERS_LISTED)
    )
    return [OtherRequest(*row) for row in rows]
