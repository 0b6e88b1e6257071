"""`sysmo mail accept`, `discard`, and what `list`, `show` and `check` say of held mail."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.models.queues import JournalEntry
from gateway.models.tickets import Message
from gateway.rules.admission import Decision, Outcome
from gateway.rules.people import Role
from tests.cli.installation import SYSMO, Installation
from tests.factories import make_operator, make_ticket, make_topic, make_user
from tests.office import mail

STRANGER = "codigos@tienda.example"
ADA = "ada@sysmo.example"
RAW = mail(
    sender=f"Códigos <{STRANGER}>",
    subject="Tu código",
    text="Hola,\x1b[2J\n\n\ttu código\xa0es 9182\n" + "\n".join(f"línea {n}" for n in range(20)),
    message_id="codigo@tienda.example",
)


@pytest.fixture
def held(office: Installation) -> int:
    """A stranger's mail, held for request #1."""
    with office.database.transaction() as session:
        operator = make_operator(session)
        make_operator(session, ADA, name="Ada", role=Role.ADMIN)
        topic = make_topic(session, "Facturación", operator, is_default=True)
        make_ticket(session, make_user(session), topic)
    entry = office.accept(RAW)
    hold(office, entry)
    return entry


def hold(office: Installation, entry: int, reason: str = "stranger", **values: object) -> None:
    wanted = {"from_address": STRANGER, "ticket_id": 1} | values
    office.settle(entry, outcome=Outcome.HELD, reason=reason, **wanted)


def decision(office: Installation, entry: int) -> tuple[Outcome | None, Decision | None]:
    with office.database.snapshot() as session:
        found = session.get_one(JournalEntry, entry)
        return found.outcome, found.decision


@contextmanager
def processor(office: Installation) -> Iterator[None]:
    """A processor beside us. SQLite must not be open here twice: closing one drops the other's locks."""
    office.database.close()
    process = subprocess.Popen(
        [*SYSMO, "--config", str(office.file), "run", "processor"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def test_the_list_says_why_in_words_and_for_which_request(office: Installation, held: int) -> None:
    out = office.sysmo("mail", "list", "--outcome", "held").out
    line = next(each for each in out.splitlines() if each.startswith(str(held)))
    assert STRANGER in line
    assert "#1" in line
    assert "quien escribe no participa de la solicitud" in line
    assert [each["reason"] for each in office.sysmo("mail", "list", "--outcome", "held", "--json").json] == [
        "stranger"
    ]


def test_show_says_what_happened_what_to_type_and_how_it_begins(office: Installation, held: int) -> None:
    out = office.sysmo("mail", "show", str(held)).out
    assert "El correo muestra la dirección de respuesta" in out
    assert f"sysmo mail accept {held} --person" in out
    assert f"sysmo mail accept {held} --as-new" in out
    assert f"sysmo mail discard {held}" in out
    assert "Remitente: no verificado" in out
    assert "Asunto: Tu código" in out
    assert "  |     tu código es 9182" in out
    assert "línea 19" not in out
    assert "\x1b" not in out


def test_show_of_what_cannot_be_accepted_offers_no_accepting(office: Installation, held: int) -> None:
    hold(office, held, "command-mistake")
    out = office.sysmo("mail", "show", str(held)).out
    assert "No se puede aceptar." in out
    assert f"accept {held}" not in out
    assert f"discard {held}" in out


def test_show_of_an_operators_mail_says_that_it_stays_internal(office: Installation, held: int) -> None:
    hold(office, held, "operator-without-token")
    out = office.sysmo("mail", "show", str(held)).out
    assert "como comentario interno; sus comandos no se ejecutan" in out
    assert "--person" not in out


def test_accept_waits_for_the_processor_and_says_what_became_of_it(office: Installation, held: int) -> None:
    with processor(office):
        done = office.sysmo("mail", "accept", str(held), "--by", ADA, "--wait", "60")
    assert done.status == 0
    assert done.out.endswith(f"Correo {held}: mensaje 1 de la solicitud #1.\n")
    shown = office.sysmo("mail", "show", str(held), "--json").json
    assert (shown["outcome"], shown["reason"]) == ("appended", "accepted")
    assert (shown["decision"], shown["decided_by"]) == ("accept", ADA)
    with office.database.snapshot() as session:
        assert session.get_one(Message, 1).journal_id == held
    assert office.sysmo("mail", "accept", str(held)).status == 1


def test_without_a_processor_it_goes_in_later(office: Installation, held: int) -> None:
    done = office.sysmo("mail", "accept", str(held), "--as-new", "--wait", "0")
    assert done.status == 0
    assert "Va a entrar en cuanto ande el procesador" in done.out
    assert decision(office, held) == (None, Decision.ACCEPT_AS_NEW)


def test_discarded_it_is_listed_no_more(office: Installation, held: int) -> None:
    done = office.sysmo("mail", "discard", str(held))
    assert done.status == 0
    assert done.out.endswith(f"El correo {held} quedó descartado: guardado, y sin efecto.\n")
    assert office.sysmo("mail", "list", "--outcome", "held", "--json").json == []
    assert len(office.sysmo("mail", "list", "--outcome", "discarded", "--json").json) == 1
    assert decision(office, held) == (Outcome.HELD, Decision.DISCARD)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        pytest.param(["accept", "99"], 1, id="no such mail"),
        pytest.param(["accept", "out-1"], 1, id="mail out"),
        pytest.param(["accept", "99999999999"], 1, id="a number no mail can have"),
        pytest.param(["discard", "99"], 1, id="no such mail to discard"),
        pytest.param(["accept", "1", "--ticket", "77"], 1, id="no such request"),
        pytest.param(["accept", "1", "--ticket", "0"], 2, id="no number of a request"),
        pytest.param(["accept", "1", "--as-new", "--person"], 2, id="a contradiction"),
        pytest.param(["accept", "1", "--by", "nadie@sysmo.example"], 2, id="by nobody"),
        pytest.param(["accept", "1", "--by", "laura.gimenez@andina.example"], 2, id="by a client"),
        pytest.param(["discard", "1", "--by", "nadie@sysmo.example"], 2, id="discarded by nobody"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    office: Installation, held: int, arguments: list[str], status: int
) -> None:
    assert held == 1
    ended = office.sysmo("mail", *arguments)
    assert ended.status == status
    assert ended.err.startswith("sysmo: ")
    assert decision(office, held) == (Outcome.HELD, None)


def test_check_counts_what_waits_and_what_waits_long(office: Installation, held: int) -> None:
    def findings() -> dict[str, int]:
        found = office.sysmo("check", "--json").json["findings"]
        return {each["check"]: each["details"]["count"] for each in found if "held" in each["check"]}

    assert findings() == {"journal.held": 1, "journal.held_long": 1}, "settled in May, long ago"
    office.sysmo("mail", "discard", str(held))
    assert findings() == {}
