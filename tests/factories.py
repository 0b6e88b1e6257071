"""Rows for tests, each with sensible values unless the test says otherwise."""

from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from gateway.models.people import Company, User
from gateway.models.tickets import Participant, Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.people import Role, Sender, UserStatus

AT = datetime(2026, 5, 11, 20, 48, tzinfo=UTC)


def make_user(session: Session, email: str = "laura.gimenez@andina.example", **values: Any) -> User:
    user = User(
        **{"email": email, "name": "Laura Giménez", "status": UserStatus.ACTIVE, "created_at": AT} | values
    )
    session.add(user)
    session.flush()
    return user


def make_operator(session: Session, email: str = "martin.sosa@sysmo.example", **values: Any) -> User:
    return make_user(session, email, **{"name": "Martín Sosa", "role": Role.OPERATOR} | values)


def make_company(session: Session, **values: Any) -> Company:
    company = Company(
        **{"name": "Distribuidora Andina S.A.", "cuit": "30999999804", "created_at": AT} | values
    )
    session.add(company)
    session.flush()
    return company


def make_topic(session: Session, name: str = "Facturación", *operators: User, **values: Any) -> Topic:
    topic = Topic(**{"name": name, "created_at": AT} | values)
    session.add(topic)
    session.flush()
    for operator in operators:
        session.add(TopicOperator(topic_id=topic.id, user_id=operator.id))
    session.flush()
    return topic


def make_ticket(session: Session, requester: User, topic: Topic, **values: Any) -> Ticket:
    ticket = Ticket(
        **{
            "subject": "No puedo emitir facturas A desde ayer",
            "topic_id": topic.id,
            "requester_id": requester.id,
            "created_at": AT,
            "updated_at": AT,
            "public_at": values.get("updated_at", AT),
        }
        | values
    )
    session.add(ticket)
    session.flush()
    session.add(Participant(ticket_id=ticket.id, user_id=requester.id, joined_at=AT))
    session.flush()
    return ticket


def sender_of(user: User) -> Sender:
    """Who does something, as a page knows them."""
    return Sender(user.id, user.email, user.name, user.role, user.status)
