"""Mail that claims to be from our own people is shown with a warning unless it proves it (T15)."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlmodel import Session

from gateway.models.people import User
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic
from gateway.rules.people import Sender, UserStatus
from gateway.runtime import Runtime
from gateway.services import histories, staff
from gateway.services.conversation import MessageShown
from tests.factories import make_operator, make_topic, make_user
from tests.office import Office, body, mail

WARNING = "dice venir de nuestro propio equipo"


@pytest.fixture
def martin(session: Session) -> User:
    return make_operator(session)


@pytest.fixture
def topic(session: Session, martin: User) -> Topic:
    friend = make_operator(session, "ana@gmail.com", name="Ana")
    left = make_operator(session, "juan@vieja.example", name="Juan", status=UserStatus.DISABLED)
    make_user(session, "cliente@andina.example")
    return make_topic(session, "Facturación", martin, friend, left, is_default=True)


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        pytest.param("gerencia@sysmo.example", True, id="the domain of an operator"),
        pytest.param("martin.sosa@sysmo.example", True, id="an operator"),
        pytest.param("cliente@andina.example", False, id="the domain of a client"),
        pytest.param("otra@gmail.com", False, id="a domain where anybody gets an address"),
        pytest.param("juan@vieja.example", False, id="the domain of an operator whose account is disabled"),
        pytest.param("x@sysmo.example.evil.example", False, id="a domain that begins alike"),
        pytest.param("x@otrasysmo.example", False, id="a domain that ends alike"),
    ],
)
@pytest.mark.usefixtures("topic")
def test_which_senders_claim_to_be_ours(session: Session, address: str, warned: bool) -> None:
    assert staff.claimed(session, [address, ""]) == ({address} if warned else set())


@pytest.fixture
def office(topic: Topic, session: Session, make_runtime: Callable[..., Runtime], now: datetime) -> Office:
    assert topic.is_default
    return Office(make_runtime('[trust]\nauthserv_ids = ["mx.example.com"]\ndkim = false'), session, now)


@pytest.mark.parametrize(
    ("address", "proven", "warned"),
    [
        pytest.param("gerencia@sysmo.example", False, True, id="a colleague, nothing proven"),
        pytest.param("gerencia@sysmo.example", True, False, id="a colleague, verified"),
        pytest.param("laura@andina.example", False, False, id="a client, nothing proven"),
    ],
)
def test_operators_are_warned_in_the_notice_and_on_the_page(
    office: Office, martin: User, address: str, proven: bool, warned: bool
) -> None:
    domain = address.partition("@")[2]
    said = f"Authentication-Results: mx.example.com; dmarc=pass header.from={domain}\r\n" if proven else ""
    raw = mail(sender=f"Gerencia <{address}>", subject="Pago urgente", text="Necesito que pagues esto hoy.")
    done = office.deliver(said.encode() + raw, recipients=["soporte@example.com"])
    notice = next(each for each in office.out() if each["X-Envelope-To"] == martin.email)
    assert (WARNING in " ".join(body(notice).split())) is warned
    ticket = office.session.get(Ticket, done.ticket_id)
    assert ticket is not None
    reader = Sender(martin.id, martin.email, martin.name, martin.role, martin.status)
    (shown,) = histories.read(office.session, ticket.id, reader, whole=True).entries
    assert isinstance(shown, MessageShown)
    assert shown.claims_staff is warned
