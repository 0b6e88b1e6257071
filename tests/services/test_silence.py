"""Loops that no header gives away: counted, cut, alerted once; a person's words go on (L5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import Door, Purpose
from gateway.models.tickets import Event, Message, Ticket
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Role
from gateway.runtime import Runtime
from gateway.services import notices
from tests.factories import make_operator, make_topic, make_user
from tests.office import Office, answer, mail

CLIENT = "laura.gimenez@andina.example"
MARTIN = "martin.sosa@sysmo.example"
ADMIN = "ana.ruiz@sysmo.example"


@dataclass
class Place:
    """An office with an operator and an administrator."""

    office: Office
    numbers: int = 0

    def open(self, sender: str = CLIENT) -> dict[str, EmailMessage]:
        raw = mail(sender=sender, message_id=self.id(), text=f"Consulta {self.numbers}")
        assert self.office.deliver(raw, recipients=["soporte@example.com"]).outcome is Outcome.OPENED
        return self.sent()

    def answer(self, notice: EmailMessage, sender: str) -> dict[str, EmailMessage]:
        raw = answer(notice, f"Respuesta {self.numbers}", sender=sender, message_id=self.id())
        assert self.office.deliver(raw).outcome is Outcome.APPENDED
        return self.sent()

    def sent(self) -> dict[str, EmailMessage]:
        return {each["X-Envelope-To"]: each for each in self.office.out()}

    def id(self) -> str:
        self.numbers += 1
        return f"{self.numbers}@somewhere.example"

    def silent_until(self, email: str) -> datetime | None:
        person = table_of(User).c
        query = select(person.silent_until).where(person.email == email)
        return self.office.session.execute(query).scalar_one()

    def silenced(self) -> list[dict[str, str]]:
        event = table_of(Event).c
        query = select(event.detail).where(event.kind == EventKind.SILENCED).order_by(event.id)
        return list(self.office.session.execute(query).scalars())

    def count(self, model: type) -> int:
        return len(self.office.session.execute(select(table_of(model).c.id)).all())


@pytest.fixture
def place(session: Session, runtime: Runtime, now: datetime) -> Place:
    martin = make_operator(session)
    make_operator(session, ADMIN, name="Ana Ruiz", role=Role.ADMIN)
    make_topic(session, "Facturación", martin, is_default=True)
    return Place(Office(runtime, session, now))


@pytest.mark.parametrize(
    ("responders", "most", "silent"),
    [
        pytest.param([CLIENT], 11, False, id="a client's"),
        pytest.param([MARTIN], 11, False, id="an operator's"),
        pytest.param([CLIENT, MARTIN], 16, True, id="both, so that they answer each other"),
    ],
)
def test_a_responder_without_any_header_falls_silent(
    place: Place, responders: list[str], most: int, silent: bool
) -> None:
    """Each mail to one of these is answered at once, by what looks like a person."""
    waiting = list(place.open().items())
    total = 0
    while waiting:
        total += 1
        assert total <= most, "it never ends"
        to, notice = waiting.pop(0)
        place.office.now += timedelta(seconds=5)
        waiting += place.answer(notice, to).items() if to in responders else []
    assert (place.silent_until(MARTIN) is not None) is silent
    assert ({"to": MARTIN, "reason": "silence"} in place.silenced()) is silent


@pytest.mark.parametrize(
    ("minutes", "messages", "silent"),
    [
        pytest.param(0.5, 4, False, id="ten within ten minutes: two at the start, then two each"),
        pytest.param(0.5, 5, True, id="twelve within ten minutes"),
        pytest.param(5, 9, False, id="twenty within an hour"),
        pytest.param(5, 10, True, id="twenty-two within an hour"),
        pytest.param(8, 30, False, id="sixty in four hours"),
    ],
)
def test_messages_between_an_address_and_a_request_are_counted(
    place: Place, minutes: float, messages: int, silent: bool
) -> None:
    notice = place.open()[MARTIN]
    place.answer(notice, MARTIN)
    assert place.count(Ticket) == 1
    client = make_client_token(place)
    for _ in range(messages):
        place.office.now += timedelta(minutes=minutes / 2)
        told = place.answer(client, CLIENT)
        place.office.now += timedelta(minutes=minutes / 2)
        client = place.answer(told.get(MARTIN, notice), MARTIN)[CLIENT]
    assert (place.silent_until(MARTIN) is not None) is silent
    assert place.count(Message) == 2 + 2 * messages, "all is recorded, whatever happens"


def make_client_token(place: Place) -> EmailMessage:
    """The newest mail to the client."""
    place.office.seen = 0
    return [each for each in place.office.out() if each["X-Envelope-To"] == CLIENT][-1]


def test_silence_holds_for_a_day_and_words_of_people_go_on(place: Place, session: Session) -> None:
    person = make_user(session, CLIENT, silent_until=place.office.now + timedelta(hours=24))
    sent = place.open()
    assert set(sent) == {MARTIN}, "no acknowledgement"
    assert place.silenced() == [{"to": CLIENT, "reason": "silence"}]
    assert set(place.answer(sent[MARTIN], MARTIN)) == {CLIENT}, "a person's words always go"
    place.office.now += timedelta(hours=24)
    assert set(place.open()) == {MARTIN, CLIENT}
    assert person.silent_until is not None


def test_what_is_left_out_is_noted_once_for_each_request(place: Place, session: Session) -> None:
    notice = place.open()[MARTIN]
    client = place.answer(notice, MARTIN)[CLIENT]
    martin = session.execute(select(User).where(table_of(User).c.email == MARTIN)).scalar_one()
    martin.silent_until = place.office.now + timedelta(days=9000)
    session.flush()
    for _ in range(3):
        place.office.now += timedelta(hours=1)
        assert place.answer(client, CLIENT) == {}
    assert place.silenced() == [{"to": MARTIN, "reason": "silence"}]
    place.open("jorge.paz@litoral.example")
    assert place.silenced() == [{"to": MARTIN, "reason": "silence"}] * 2


def test_thirty_requests_an_hour_are_enough(place: Place, session: Session) -> None:
    alerts = []
    for number in range(33):
        place.office.now += timedelta(minutes=1)
        raw = mail(message_id=place.id(), text=f"Consulta {number}")
        entry = place.office.journal(raw, recipients=["soporte@example.com"], door=Door.INGEST)
        assert place.office.apply(entry).outcome is Outcome.OPENED
        alerts += [each for each in place.office.out() if each["X-Purpose"] == "alert"]
        assert (place.silent_until(CLIENT) is not None) is (number >= 30)
    (alert,) = alerts
    assert alert["X-Envelope-To"] == ADMIN
    assert CLIENT in alert.as_string()
    assert place.count(Ticket) == 33


def test_an_address_that_never_writes_is_not_looked_at(place: Place) -> None:
    """Twenty messages of a client within minutes are the operator's work, not a loop of theirs."""
    sent = place.open()
    client = place.answer(sent[MARTIN], MARTIN)[CLIENT]
    for _ in range(20):
        place.office.now += timedelta(seconds=10)
        assert set(place.answer(client, CLIENT)) - {ADMIN} == {MARTIN}
    assert place.silent_until(MARTIN) is None
    assert place.silent_until(CLIENT) is not None


def test_every_mail_but_a_persons_words_is_automatic() -> None:
    """What is automatic may be left out, and says what it is (L3); a person's words never are."""
    forms = [each for each in vars(notices).values() if isinstance(each, notices.Form)]
    assert len(forms) > 7
    assert [form.purpose for form in forms if form.automatic is None] == [Purpose.REPLY]
