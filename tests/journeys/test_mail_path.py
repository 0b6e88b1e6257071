"""The whole way on real servers: a client's mail in, the operators told, an answer out, and back again."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest

from tests.dovecot import PASSWORD, Dovecot, dovecot
from tests.fakes_relay import Received, Relay, in_thread
from tests.journeys.conftest import MARTIN, SOFIA
from tests.office import answer, body, mail
from tests.processes import Installation, Letter, deliver

CLIENT = "laura.gimenez@andina.example"


@pytest.fixture(scope="module")
def running() -> Iterator[Dovecot]:
    with dovecot() as server:
        yield server


@pytest.fixture
def server(running: Dovecot) -> Dovecot:
    return replace(running, user=f"{secrets.token_hex(8)}@example.com")


def test_a_request_by_smtp_is_answered_by_mail(installation: Installation) -> None:
    with in_thread(Relay()) as relay:
        installation.configure(mailer=to(relay))
        with installation.start("smtp", "processor", "mailer") as process:
            port = process.port("smtp")
            assert deliver(letter(mail(), CLIENT, "soporte@example.com"), port)
            first = arrived(relay, 3)
            assert set(first) == {MARTIN, SOFIA, CLIENT}
            notice = first[MARTIN]
            reply = answer(notice, "Ya vimos el problema.", sender=MARTIN, message_id="m@sysmo.example")
            assert deliver(letter(reply, MARTIN, notice["Reply-To"]), port)
            to_client = arrived(relay, 4)[CLIENT]
            assert "Ya vimos el problema." in body(to_client)
            again = answer(to_client, "Ahora anda, gracias.", sender=CLIENT, message_id="c@andina.example")
            assert deliver(letter(again, CLIENT, to_client["Reply-To"]), port)
            assert "Ahora anda" in body(arrived(relay, 5)[MARTIN])
            last = answer(to_client, "Una cosa más.", sender=CLIENT, message_id="d@andina.example")
            assert deliver(letter(last, CLIENT, to_client["Reply-To"]), port)
            arrived(relay, 6)
            installation.drain()
    (ticket,) = [each for each in installation.json("export") if each["type"] == "ticket"]
    assert [(each["author"], each["role"]) for each in ticket["messages"]] == [
        (CLIENT, "client"),
        (MARTIN, "operator"),
        (CLIENT, "client"),
        (CLIENT, "client"),
    ]
    assert (ticket["status"], ticket["assignee"]) == ("in_progress", MARTIN)
    assert installation.command("check").returncode == 0


def test_a_request_by_imap_is_pushed_and_told(installation: Installation, server: Dovecot) -> None:
    with in_thread(Relay()) as relay:
        installation.configure(mailer=to(relay), **{"imap.soporte": mailbox(server)})
        with installation.start("imap", "processor", "mailer") as process:
            process.wait_for("imap.connected")
            server.deliver(mail())
            assert "Desde ayer no podemos emitir" in body(arrived(relay, 3)[SOFIA])


def test_a_mail_piped_in_is_taken(installation: Installation) -> None:
    done = installation.command("ingest", "-", "--to", "soporte@example.com", "--from", CLIENT, give=mail())
    assert done.returncode == 0, done.stderr.decode()
    with installation.start("processor"):
        installation.drain_journal()
    kinds = [json.loads(line)["type"] for line in installation.command("export").stdout.splitlines()]
    assert (kinds.count("ticket"), kinds.count("mail_in")) == (1, 1)


def to(relay: Relay) -> dict[str, object]:
    return {"transport": "smtp", "host": "127.0.0.1", "port": relay.port, "security": "none"}


def mailbox(server: Dovecot) -> dict[str, object]:
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "username": server.user,
        "password": PASSWORD,
    }


def letter(data: bytes, sender: str, recipient: str) -> Letter:
    return Letter("", sender, recipient, data)


def arrived(relay: Relay, count: int) -> dict[str, EmailMessage]:
    """The newest mail to each recipient once `count` are here."""
    return {each.recipients[0]: parsed(each) for each in relay.wait_for(count)}


def parsed(received: Received) -> EmailMessage:
    return BytesParser(policy=default).parsebytes(received.data)
