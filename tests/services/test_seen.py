"""Read marks: how far each person has read a ticket."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.tickets import Ticket, TicketSeen
from gateway.services import seen
from tests.conftest import NOW
from tests.factories import make_operator, make_ticket, make_topic, make_user


@pytest.fixture
def martin(session: Session) -> User:
    return make_operator(session)


@pytest.fixture
def ticket(session: Session, martin: User) -> Ticket:
    return make_ticket(session, make_user(session), make_topic(session, "Facturación", martin), messages=3)


def marks(session: Session) -> dict[tuple[int, int], int]:
    row = table_of(TicketSeen)
    found = session.execute(select(row.c.user_id, row.c.ticket_id, row.c.number))
    return {(user, ticket): number for user, ticket, number in found}


def test_a_mark_goes_forward_and_never_back(session: Session, martin: User, ticket: Ticket) -> None:
    for number, expected in [(1, 1), (3, 3), (2, 3)]:
        seen.mark(session, martin.id, ticket.id, number, now=NOW + timedelta(minutes=number))
        assert marks(session) == {(martin.id, ticket.id): expected}


def test_there_is_something_to_note_until_the_newest_message_was_read(
    session: Session, martin: User, ticket: Ticket
) -> None:
    assert seen.unread_up_to(session, martin.id, ticket.id) == 3
    seen.mark(session, martin.id, ticket.id, 3, now=NOW)
    assert seen.unread_up_to(session, martin.id, ticket.id) is None
    assert seen.unread_up_to(session, martin.id, 999999) is None


def test_marks_are_ones_own_and_can_be_taken_back(session: Session, martin: User, ticket: Ticket) -> None:
    carla = make_operator(session, "carla@sysmo.example")
    for each in (martin, carla):
        seen.mark_all(session, each.id, [(ticket.id, 3)], now=NOW)
    seen.mark_all(session, carla.id, [], now=NOW)
    seen.forget(session, carla.id, ticket.id)
    assert marks(session) == {(martin.id, ticket.id): 3}
