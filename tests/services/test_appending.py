"""Every case of the table of T4 as a mail that really comes: what is done with it, and who learns what."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import func, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.tickets import Message, Ticket
from gateway.rules.admission import Admission, Evidence, Outcome, Standing
from gateway.rules.lifecycle import Status
from gateway.rules.people import Verdict
from gateway.runtime import Runtime
from tests.factories import make_operator, make_topic, make_user
from tests.office import Office, mail
from tests.rules.test_admission import expected

LAURA, LUIS, EVIL = "laura.gimenez@andina.example", "luis@otra.example", "x@evil.example"
MARTIN, SOFIA = "martin.sosa@sysmo.example", "sofia.paz@sysmo.example"
STANDING = {
    LAURA: Standing.PARTICIPANT,
    LUIS: Standing.STRANGER,
    EVIL: Standing.STRANGER,
    MARTIN: Standing.OPERATOR,
}
SAYS = {
    Verdict.PASS: "Authentication-Results: mx.example.com; dmarc=pass header.from={}\r\n",
    Verdict.NONE: "Authentication-Results: mx.example.com; dmarc=none header.from={}\r\n",
    Verdict.FAIL: "Authentication-Results: mx.example.com; dmarc=fail (p=reject) header.from={}\r\n",
}
BECOMES = {
    Admission.APPEND: Outcome.APPENDED,
    Admission.CONTINUE: Outcome.OPENED,
    Admission.OPEN: Outcome.OPENED,
    Admission.HOLD: Outcome.HELD,
}
LONG_AGO = timedelta(days=31)


@dataclass
class Scene:
    """A request of Laura's, two operators, and the token of everybody who was sent a mail on it."""

    office: Office
    ticket: Ticket
    tokens: dict[str, str]
    closed_long: bool
    strict: bool

    def written(self, sender: str, evidence: Evidence, verdict: Verdict) -> bytes:
        """A mail that shows just this."""
        code = self.office.desk.code(self.ticket.id)
        others = self.tokens[SOFIA if sender != SOFIA else LAURA]
        shown = {
            Evidence.OWN_TOKEN: {"in_reply_to": f"<{self.tokens.get(sender, '')}@example.com>"},
            Evidence.OTHERS_TOKEN: {"in_reply_to": f"<{others}@example.com>"},
            Evidence.CODE: {"subject": f"Re: Red [#{self.ticket.id}-{code}]"},
            Evidence.NUMBER: {"in_reply_to": "<uno@andina.example>"},  # a number they wrote is no secret
            Evidence.NOTHING: {},
        }[evidence]
        domain = sender.partition("@")[2]
        return SAYS[verdict].format(domain).encode() + mail(
            sender=sender, message_id="n@x.example", text="Sigue igual.", **({"subject": "Red"} | shown)
        )

    def messages(self) -> int:
        message = table_of(Message).c
        query = select(func.count()).where(message.ticket_id == self.ticket.id)
        return int(self.office.session.execute(query).scalar_one())


@pytest.fixture(params=["token", "verified"])
def strict(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "verified")


@pytest.fixture(params=["open", "closed long ago"])
def scene(
    request: pytest.FixtureRequest,
    session: Session,
    make_runtime: Callable[..., Runtime],
    now: datetime,
    strict: bool,
) -> Scene:
    sofia = make_operator(session, SOFIA, name="Sofía Paz")
    make_topic(session, "Facturación", make_operator(session), sofia, is_default=True)
    make_user(session, LUIS, name="Luis")
    mode = "verified" if strict else "token"
    trust = f'[trust]\nauthserv_ids = ["mx.example.com"]\ndkim = false\noperator_mail = "{mode}"'
    office = Office(make_runtime(trust), session, now)
    ticket = session.get(Ticket, office.deliver(mail(), recipients=["soporte@example.com"]).ticket_id)
    assert ticket is not None
    tokens = {each["X-Envelope-To"]: each["Message-ID"][1:].partition("@")[0] for each in office.out()}
    closed_long = request.param != "open"
    if closed_long:
        ticket.status, ticket.closed_at = Status.CLOSED, now - LONG_AGO
        session.flush()
    return Scene(office, ticket, tokens, closed_long, strict)


def cases() -> Iterator[tuple[str, Evidence, Verdict]]:
    """All there are; who is a stranger was never given a token."""
    for sender, evidence, verdict in product(STANDING, Evidence, Verdict):
        if evidence is not Evidence.OWN_TOKEN or STANDING[sender] is not Standing.STRANGER:
            yield sender, evidence, verdict


def test_every_case_of_the_table_comes_true(scene: Scene) -> None:
    names_it = re.compile(
        rf"#{scene.ticket.id}\b|solicitud-{scene.ticket.id}-|solicitudes/{scene.ticket.id}\b"
    )
    seen, before = scene.office.seen, scene.messages()
    for sender, evidence, verdict in cases():
        step = scene.office.session.begin_nested()
        done = scene.office.deliver(
            scene.written(sender, evidence, verdict), recipients=["soporte@example.com"]
        )
        case = (evidence, STANDING[sender], verdict, scene.closed_long, scene.strict)
        decided = expected(*case)
        assert done.outcome is BECOMES[decided], case
        assert scene.messages() == before + (decided is Admission.APPEND), case
        for each in scene.office.out():
            told = each["X-Envelope-To"]
            if told not in (MARTIN, SOFIA) and decided is not Admission.APPEND:
                assert decided in (Admission.OPEN, Admission.CONTINUE), case
                assert not names_it.search(each.as_string()), case
        step.rollback()
        scene.office.session.expire_all()
        scene.office.seen = seen
