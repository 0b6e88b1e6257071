"""A listed web form speaks for whoever filled it in; nobody else's Reply-To does."""

from dataclasses import replace

import pytest

from gateway.mail.addresses import Address
from gateway.mail.classify import Kind
from gateway.mail.interpret import read
from gateway.mail.reading import Arrival, Reading, Surroundings
from gateway.mail.web_forms import from_its_writer
from gateway.rules.people import Verdict

FORM = "formulario@example.com"
LAURA = Address("laura@andina.example", "Laura Giménez")
RAW = """\
From: Formulario <formulario@example.com>
To: soporte@example.com
Reply-To: =?utf-8?q?Laura_Gim=C3=A9nez?= <Laura@Andina.example>
Subject: Consulta desde la web

Quiero un presupuesto.
""".replace("\n", "\r\n").encode()
SENT = Arrival("smtp", "www-data@example.com", ("soporte@example.com",), listed_peer=True)


@pytest.fixture
def sent() -> Reading:
    reading = read(RAW, SENT, Surroundings("example.com", "", "here", dkim=False))
    return replace(reading, verdict=Verdict.PASS, verdict_reason="dmarc-pass")


def test_a_listed_form_speaks_for_who_filled_it_in(sent: Reading) -> None:
    mail = from_its_writer(sent, [FORM])
    assert (mail.sender, mail.claimed) == (LAURA, (LAURA,))
    assert (mail.verdict, mail.verdict_reason) == (Verdict.NONE, "web-form")
    assert (mail.kind, mail.text) == (Kind.PERSON, sent.text)


@pytest.mark.parametrize("reason", ["no-reply", "auto-submitted", "response-suppressed", "null-sender"])
def test_what_a_form_carries_was_written_by_a_person(sent: Reading, reason: str) -> None:
    mail = from_its_writer(replace(sent, kind=Kind.AUTOMATIC, kind_reason=reason), [FORM])
    assert (mail.sender, mail.kind) == (LAURA, Kind.PERSON)


@pytest.mark.parametrize(
    "different",
    [
        pytest.param({"sender": Address("x@evil.example")}, id="a sender not listed"),
        pytest.param({"sender": None}, id="several senders"),
        pytest.param({"verdict": Verdict.NONE}, id="a form not believed"),
        pytest.param({"verdict": Verdict.FAIL}, id="a form refused"),
        pytest.param({"reply_to": ()}, id="nobody to answer"),
        pytest.param({"reply_to": (LAURA, Address("x@evil.example"))}, id="two to answer"),
        pytest.param({"kind": Kind.BOUNCE, "kind_reason": "delivery-report"}, id="a bounce"),
        pytest.param({"kind": Kind.AUTOMATIC, "kind_reason": "own-loop"}, id="a mail of ours that came back"),
    ],
)
def test_all_other_mail_is_from_whom_it_is_from(sent: Reading, different: dict[str, object]) -> None:
    mail = replace(sent, **different)  # type: ignore[arg-type]
    assert from_its_writer(mail, [FORM]) == mail


def test_without_a_list_there_are_no_forms(sent: Reading) -> None:
    assert from_its_writer(sent, ()) == sent
