"""What is special about a mail reaches whoever has to deal with it, and nobody else."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from gateway.rules.admission import Outcome
from gateway.runtime import Runtime
from tests.factories import make_operator, make_topic
from tests.office import Office, body

CORPUS = Path(__file__).parent.parent / "corpus"
MARTIN = "martin.sosa@sysmo.example"
CLIENT = "ana.gomez@cliente.example"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("smime-encrypted", "(Está cifrado: no se puede leer acá.", id="encrypted"),
        pytest.param("google-calendar-invitation", "(Es la invitación a una reunión)", id="an invitation"),
    ],
)
def test_an_operator_is_told_by_mail_what_a_mail_is(
    session: Session, runtime: Runtime, now: datetime, name: str, words: str
) -> None:
    make_topic(session, "Soporte", make_operator(session), is_default=True)
    office = Office(runtime, session, now)
    raw = (CORPUS / f"{name}.eml").read_bytes()
    assert office.deliver(raw, recipients=["soporte@example.com"]).outcome is Outcome.OPENED
    sent = {each["X-Envelope-To"]: body(each) for each in office.out()}
    assert words in sent[MARTIN]
    assert words not in sent[CLIENT]
