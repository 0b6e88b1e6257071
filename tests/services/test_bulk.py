"""One thing done to many requests: what could not be done is told, and nothing of others is touched."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select
from sqlmodel import Session

from gateway.errors import Invalid
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import OutboxItem
from gateway.models.tickets import Event, Ticket, TicketSeen
from gateway.models.topics import Topic
from gateway.rules.lifecycle import Status
from gateway.rules.people import Role, Sender, UserStatus
from gateway.runtime import Runtime
from gateway.services import bulk
from gateway.services.bulk import Bulk, Left, Wanted
from gateway.services.desk import Desk, open_desk
from tests.conftest import NOW
from tests.factories import make_operator, make_ticket, make_topic, make_user


def sender(user: User) -> Sender:
    return Sender(user.id, user.email, user.name, user.role, user.status)


@pytest.fixture
def desk(runtime: Runtime) -> Desk:
    return open_desk(runtime.config, runtime.secret)


@dataclass
class Office:
    martin: User
    carla: User
    fresh: Ticket
    mine: Ticket
    carlas: Ticket
    closed: Ticket
    foreign: Ticket

    @property
    def everything(self) -> list[int]:
        every = (self.fresh, self.mine, self.carlas, self.closed, self.foreign)
        return [each.id for each in every] + [99999]


@pytest.fixture
def office(session: Session) -> Office:
    martin = make_operator(session)
    carla = make_operator(session, "carla@sysmo.example", name="Carla Núñez")
    laura = make_user(session)
    billing, access = make_topic(session, "Facturación", martin, carla), make_topic(session, "Accesos", carla)
    doing = {"status": Status.IN_PROGRESS, "messages": 2}
    return Office(
        martin=martin,
        carla=carla,
        fresh=make_ticket(session, laura, billing, messages=1),
        mine=make_ticket(session, laura, billing, assignee_id=martin.id, **doing),
        carlas=make_ticket(session, laura, billing, assignee_id=carla.id, **doing),
        closed=make_ticket(session, laura, billing, status=Status.CLOSED, closed_at=NOW),
        foreign=make_ticket(session, laura, access),
    )


def events(session: Session) -> list[tuple[int, str]]:
    row = table_of(Event)
    found = session.execute(select(row.c.ticket_id, row.c.kind).order_by(row.c.id))
    return [(ticket, str(kind)) for ticket, kind in found]


def recipients(session: Session) -> list[str]:
    row = table_of(OutboxItem)
    return list(session.execute(select(row.c.recipient).order_by(row.c.id)).scalars())


def test_taking_leaves_what_colleagues_have_and_what_is_closed(
    session: Session, desk: Desk, office: Office
) -> None:
    report = bulk.do(session, desk, sender(office.martin), Wanted(Bulk.TAKE), office.everything, now=NOW)
    assert report.changed == 1
    assert report.left == {
        Left.HAD: [office.mine.id],
        Left.TAKEN: [office.carlas.id],
        Left.CLOSED: [office.closed.id],
        Left.ABSENT: [office.foreign.id, 99999],
    }
    assert events(session) == [(office.fresh.id, "taken")]
    assert office.fresh.assignee_id == office.martin.id
    assert office.foreign.assignee_id is None


def test_assigning_tells_whoever_gets_them(session: Session, desk: Desk, office: Office) -> None:
    wanted = Wanted(Bulk.REASSIGN, to=office.carla.id)
    report = bulk.do(session, desk, sender(office.martin), wanted, office.everything, now=NOW)
    assert report.changed == 2
    assert set(report.left) == {Left.HAD, Left.CLOSED, Left.ABSENT}
    session.flush()
    assert set(recipients(session)) == {office.carla.email}
    assert office.mine.assignee_id == office.carla.id


@pytest.mark.parametrize("tell", [True, False])
def test_closing_tells_the_requester_if_asked_to(
    session: Session, desk: Desk, office: Office, tell: bool
) -> None:
    wanted = Wanted(Bulk.CLOSE, tell=tell)
    report = bulk.do(session, desk, sender(office.martin), wanted, office.everything, now=NOW)
    assert report.changed == 3
    assert report.left == {Left.CLOSED: [office.closed.id], Left.ABSENT: [office.foreign.id, 99999]}
    session.flush()
    assert recipients(session) == ["laura.gimenez@andina.example"] * (3 if tell else 0)
    assert office.foreign.status is Status.NEW


def test_read_marks_reach_no_further_than_the_pages_do(session: Session, desk: Desk, office: Office) -> None:
    row = table_of(TicketSeen)
    own = make_ticket(session, office.martin, session.get_one(Topic, office.foreign.topic_id))
    asked = [office.mine.id, office.foreign.id, own.id]
    report = bulk.do(session, desk, sender(office.martin), Wanted(Bulk.READ), asked, now=NOW)
    assert (report.changed, report.left) == (2, {Left.ABSENT: [office.foreign.id]})
    marked = session.execute(select(row.c.ticket_id, row.c.number).order_by(row.c.ticket_id)).all()
    assert [tuple(each) for each in marked] == [(office.mine.id, 2), (own.id, 0)]
    bulk.do(session, desk, sender(office.martin), Wanted(Bulk.UNREAD), asked, now=NOW)
    assert session.execute(select(row.c.ticket_id)).all() == []
    assert events(session) == []


@pytest.mark.parametrize("to", ["client", "disabled", "nobody", "unknown"])
def test_nothing_is_assigned_to_somebody_who_cannot_answer(
    session: Session, desk: Desk, office: Office, to: str
) -> None:
    client = session.execute(select(table_of(User).c.id).where(table_of(User).c.role == Role.CLIENT))
    gone = make_operator(session, "gone@sysmo.example", status=UserStatus.DISABLED)
    whom = {"client": client.scalar_one(), "disabled": gone.id, "nobody": None, "unknown": 99999}[to]
    with pytest.raises(Invalid):
        bulk.do(
            session, desk, sender(office.martin), Wanted(Bulk.REASSIGN, to=whom), [office.mine.id], now=NOW
        )
    assert events(session) == []


@pytest.mark.parametrize("numbers", [[], range(1, 102)])
def test_none_and_too_many_are_refused(
    session: Session, desk: Desk, office: Office, numbers: list[int]
) -> None:
    with pytest.raises(Invalid):
        bulk.do(session, desk, sender(office.martin), Wanted(Bulk.TAKE), numbers, now=NOW)


def test_the_page_that_asks_once_more_lists_only_what_can_be_opened(session: Session, office: Office) -> None:
    found = bulk.chosen(session, sender(office.martin), office.everything)
    own = [office.fresh.id, office.mine.id, office.carlas.id, office.closed.id]
    assert [each.number for each in found] == own
    assert [each.assignee for each in found] == [None, "Martín Sosa", "Carla Núñez", None]
    assert [each.name for each in bulk.colleagues(session)] == ["Carla Núñez", "Martín Sosa"]
