"""Floods: one address, one domain, many victims. Beyond a cap silence, which the request notes (L4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import Door, OutboxItem
from gateway.models.tickets import Event
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Role, UserStatus
from gateway.runtime import Runtime
from tests.factories import make_operator, make_topic, make_user
from tests.office import Office, body, mail

ADMIN = "ana.ruiz@sysmo.example"
VERIFIED = "mx.example.com; dmarc=pass header.from=andina.example"
LAURA = "Laura Giménez <laura.gimenez@andina.example>"


@dataclass
class Counter:
    """Where requests come in, and what is acknowledged of them. `ingest` is under no other rate."""

    office: Office
    numbers: int = 0

    def request(self, sender: str = LAURA, **more: str) -> list[EmailMessage]:
        """Return the acknowledgements a new request causes."""
        self.numbers += 1
        values = {"text": f"Consulta {self.numbers}", "message_id": f"{self.numbers}@andina.example"} | more
        raw = mail(sender=sender, **values)
        entry = self.office.journal(raw, recipients=["soporte@example.com"], door=Door.INGEST)
        assert self.office.apply(entry).outcome is Outcome.OPENED
        return [each for each in self.office.out() if each["X-Purpose"] == "acknowledgement"]

    def verified(self, **more: str) -> list[EmailMessage]:
        return self.request(**{"Authentication_Results": VERIFIED} | more)

    def withheld(self) -> list[str]:
        event = table_of(Event).c
        query = select(event.detail).where(event.kind == EventKind.SILENCED).order_by(event.id)
        return [detail["reason"] for detail in self.office.session.execute(query).scalars()]


@pytest.fixture
def counter(session: Session, make_runtime, now: datetime) -> Counter:
    make_topic(session, "Facturación", is_default=True, address="facturas@example.com")
    runtime: Runtime = make_runtime('[trust]\nauthserv_ids = ["mx.example.com"]')
    return Counter(Office(runtime, session, now))


def test_a_verified_address_gets_three_an_hour_and_ten_a_day(counter: Counter) -> None:
    got = []
    for _ in range(5):
        got.append(sum(len(counter.verified()) for _ in range(5)))
        counter.office.now += timedelta(hours=1)
    assert got == [3, 3, 3, 1, 0]
    counter.office.now += timedelta(hours=20)
    assert len(counter.verified()) == 1
    assert set(counter.withheld()) == {"ack-address"}
    assert len(counter.withheld()) == 15, "each request says so"


def test_an_unverified_address_gets_one_a_day(counter: Counter) -> None:
    got = []
    for _ in range(25):
        got.append(len(counter.request()))
        counter.office.now += timedelta(hours=1)
    assert [hour for hour, each in enumerate(got) if each] == [0, 24]


def test_an_unverified_domain_gets_thirty_a_day(counter: Counter) -> None:
    got = [len(counter.request(f"cliente{each}@andina.example")) for each in range(33)]
    assert got == [1] * 30 + [0] * 3
    assert counter.withheld() == ["ack-domain"] * 3
    assert len(counter.verified()) == 1, "who can prove it is not of that flood"
    assert len(counter.request("x@otra.example")) == 1


def test_many_victims_open_the_breaker_and_it_closes_after_an_hour(
    counter: Counter, session: Session
) -> None:
    make_operator(session, ADMIN, role=Role.ADMIN)
    sent = [len(counter.request(f"v{each}@d{each}.example")) for each in range(120)]
    assert sum(sent) == 120
    assert counter.request("uno-mas@otra.example") == []
    counter.office.now += timedelta(minutes=59)
    assert counter.request("y-otro@otra.example") == [], "a minute is over, the breaker is not"
    counter.office.now += timedelta(minutes=1)
    assert len(counter.request("de-nuevo@otra.example")) == 1
    assert counter.withheld() == ["too-many-at-once"] * 2
    item = table_of(OutboxItem).c
    told = select(item.recipient).where(item.purpose == "alert")
    assert session.execute(told).scalars().all() == [ADMIN], "one alert"


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        pytest.param({"to": "soporte@example.com"}, 1, id="written to the house"),
        pytest.param({"to": "facturas@example.com"}, 1, id="written to the topic"),
        pytest.param({"to": "x@andina.example", "Cc": "facturas@example.com"}, 1, id="in copy"),
        pytest.param({"to": "x@andina.example"}, 0, id="in blind copy"),
        pytest.param({"to": "undisclosed-recipients:;"}, 0, id="to nobody at all"),
        pytest.param({"to": "soporte@example.com", "List-Id": "<l.example>"}, 0, id="through a list"),
    ],
)
def test_only_what_was_written_to_us_is_acknowledged(
    counter: Counter, headers: dict[str, str], sent: int
) -> None:
    assert len(counter.request(**headers)) == sent
    assert counter.withheld() == [], "none was due, so none was left out"


BOMB = "GANE DINERO ya https://evil.example/x www.evil.example evil。example hxxp://evil[.]example a@evil.es"


def test_an_advert_in_the_subject_does_not_reach_a_victim(counter: Counter) -> None:
    (unproven,) = counter.request(subject=BOMB)
    assert "GANE" not in unproven.as_string()
    (proven,) = counter.verified(subject=BOMB)
    assert "evil" not in proven.as_string()
    assert "GANE DINERO ya" in body(proven)


def test_a_subject_is_one_line_of_120_characters(counter: Counter) -> None:
    (sent,) = counter.verified(subject="Muy largo " * 60)
    line = next(line for line in body(sent).splitlines() if line.startswith("Muy largo"))
    assert (len(line), line[-1]) == (120, "…")
    assert len(sent["Subject"]) < 150


@pytest.mark.parametrize("proof", ["", VERIFIED], ids=["unverified", "verified"])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("<b>Gane</b> <a href=x>aca</a>", id="HTML in the name"),
        pytest.param("Llame ya al 0800-555-4321", id="a telephone number"),
        pytest.param("Llame www.evil.example", id="a link"),
    ],
)
def test_a_name_the_sender_chose_is_never_repeated(counter: Counter, name: str, proof: str) -> None:
    (sent,) = counter.request(f'"{name}" <laura.gimenez@andina.example>', Authentication_Results=proof)
    everything = sent["To"] + body(sent) + sent.get_body(("html",)).get_content()
    for word in ("Gane", "aca<", "Llame", "0800", "evil"):
        assert word not in everything
    assert sent["To"] == "laura.gimenez@andina.example"


def test_the_name_of_an_account_greets_who_proved_to_be_it(counter: Counter, session: Session) -> None:
    make_user(session, "laura.gimenez@andina.example", name="Laura Giménez", status=UserStatus.ACTIVE)
    (proven,) = counter.verified()
    assert "Hola, Laura." in body(proven)
    (unproven,) = counter.request("jorge@litoral.example")
    assert "Hola" not in body(unproven)


def test_a_sign_up_at_a_service_gives_nothing_back(counter: Counter) -> None:
    """Somebody signs up elsewhere with our address; the service must not get its own code back."""
    (sent,) = counter.request(
        "Servicio <cuentas@servicio.example>",
        subject="Tu código es 778812",
        text="Tu código es 778812. Confirmá en https://servicio.example/confirmar?c=778812",
    )
    assert "778812" not in sent.as_string()
    assert "servicio.example/confirmar" not in sent.as_string()
    text = body(sent)
    assert "Facturación" in text
    assert "[#1-" in sent["Subject"]
    assert sent["Reply-To"].startswith("soporte+")
    assert len(sent.get_payload()) == 2, "text and HTML, and no file"


def test_who_has_no_account_is_invited_to_make_one_where_that_is_possible(
    session: Session, make_runtime, now: datetime
) -> None:
    make_topic(session, is_default=True, address="facturas@example.com")
    make_user(session, "conocida@andina.example")
    counter = Counter(Office(make_runtime(), session, now))
    (invited,) = counter.request()
    assert "completá tu registro: http://127.0.0.1:8000/registro\r\n" in body(invited)
    (known,) = counter.request("conocida@andina.example")
    assert "/registro" not in known.as_string()
    closed = Counter(Office(make_runtime("[accounts]\nregistration = false"), session, now), numbers=9)
    closed.office.out()
    (silent,) = closed.request("otra@andina.example")
    assert "/registro" not in silent.as_string()


def test_operators_are_shown_where_they_choose_their_notices(
    session: Session, make_runtime, now: datetime
) -> None:
    make_topic(session, "Facturación", make_operator(session), is_default=True)
    office = Office(make_runtime(), session, now)
    office.deliver(mail())
    (notice,) = office.out_to("martin.sosa@sysmo.example")
    assert "Elegir mis avisos: http://127.0.0.1:8000/cuenta#avisos-por-tematica" in body(notice)
