"""Administrators are told of what asks for them: once an hour for one cause, and nobody else."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from gateway.catalogue import translator
from gateway.rules.people import Role, UserStatus
from gateway.runtime import Runtime
from gateway.services import alerts
from gateway.services.alerts import Cause
from tests.factories import make_operator
from tests.office import Office, body

ADMIN = "ana.ruiz@sysmo.example"


@pytest.fixture
def office(session: Session, runtime: Runtime, now: datetime) -> Office:
    make_operator(session, ADMIN, name="Ana Ruiz", role=Role.ADMIN)
    return Office(runtime, session, now)


def alerted(office: Office, cause: Cause = Cause.LOOP) -> list[str]:
    alerts.raise_alert(office.session, office.desk, cause, "laura@andina.example, #7", now=office.now)
    return [each["X-Envelope-To"] for each in office.out()]


def test_an_alert_says_what_happened_and_can_start_no_loop(office: Office) -> None:
    alerts.raise_alert(office.session, office.desk, Cause.LOOP, "laura@andina.example, #7", now=office.now)
    (mail,) = office.out()
    assert "dejamos de mandar" in mail["Subject"].lower()
    assert "laura@andina.example, #7" in body(mail)
    assert (mail["Reply-To"], mail["X-Envelope-From"]) == (None, "")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Sysmo-Loop"]


def test_one_mail_an_hour_for_one_cause(office: Office) -> None:
    assert [len(alerted(office)) for _ in range(3)] == [1, 0, 0]
    assert len(alerted(office, Cause.ACKNOWLEDGEMENTS)) == 1
    office.now += timedelta(minutes=59)
    assert alerted(office) == []
    office.now += timedelta(minutes=1)
    assert alerted(office) == [ADMIN]


@pytest.mark.parametrize(
    ("email", "changes"),
    [
        pytest.param("otra@sysmo.example", {"role": Role.OPERATOR}, id="an operator"),
        pytest.param("otra@sysmo.example", {"status": UserStatus.DISABLED}, id="a disabled one"),
        pytest.param("soporte@example.com", {}, id="one whose address is the desk's own"),
        pytest.param(
            "otra@sysmo.example",
            {"silent_until": datetime.fromisoformat("2027-01-01T00:00:00+00:00")},
            id="one who gets no automatic mail",
        ),
    ],
)
def test_some_are_not_told(office: Office, email: str, changes: dict[str, object]) -> None:
    make_operator(office.session, email, **{"role": Role.ADMIN} | changes)
    assert alerted(office) == [ADMIN]


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_words(cause: Cause, language: str) -> None:
    assert translator(language)(f"alert.{cause}") != f"alert.{cause}"
