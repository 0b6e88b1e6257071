"""`sysmo check --mail`: servers that let us in, and servers that do not, said in one line."""

import socket
from collections.abc import Iterator

import pytest

from gateway.cli.check_mail import check_mailbox, check_smarthost
from gateway.cli.findings import Level
from gateway.config import Config, Imap
from tests.fakes_imap import PASSWORD, FakeImap
from tests.fakes_relay import Answer, Relay, Step, in_thread

CANARY = "hunter2canary"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is ours and where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def mailbox(port: int, password: str = PASSWORD) -> Imap:
    return Imap.model_validate(
        {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "username": "soporte",
            "password": password,
        }
    )


def smarthost(port: int, **values: object) -> Config:
    section = {"transport": "smtp", "host": "127.0.0.1", "port": port, "security": "none"}
    return Config.model_validate({"mailer": section | values})


def test_a_mailbox_that_can_be_read() -> None:
    with FakeImap() as server:
        server.deliver(b"Subject: one\r\n\r\n")
        finding = check_mailbox("soporte", mailbox(server.port), str)
    assert finding.level is Level.OK
    assert finding.details == {"name": "soporte", "count": 1}
    assert not [command for command in server.commands if "FETCH" in command or "STORE" in command]


def test_a_mailbox_with_the_wrong_password() -> None:
    with FakeImap() as server:
        finding = check_mailbox("soporte", mailbox(server.port, CANARY), str)
    assert finding.level is Level.PROBLEM
    assert "soporte" in finding.text
    assert CANARY not in finding.text


def test_a_mailbox_where_nobody_listens(closed_port: int) -> None:
    finding = check_mailbox("soporte", mailbox(closed_port), str)
    assert finding.level is Level.PROBLEM
    assert "\n" not in finding.text


def test_a_smarthost_that_lets_us_in() -> None:
    with in_thread(Relay()) as relay:
        finding = check_smarthost(smarthost(relay.port), str)
    assert finding.level is Level.OK
    assert relay.received == []


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"username": "soporte", "password": CANARY}, id="it takes no password"),
        pytest.param({"security": "starttls"}, id="it offers no STARTTLS"),
    ],
)
def test_a_smarthost_that_does_not_do_what_we_insist_on(values: dict[str, object]) -> None:
    with in_thread(Relay()) as relay:
        finding = check_smarthost(smarthost(relay.port, **values), str)
    assert finding.level is Level.PROBLEM
    assert CANARY not in finding.text


def test_a_smarthost_that_turns_everybody_away() -> None:
    with in_thread(Relay({Step.GREETING: Answer("554 5.3.2 not now")})) as relay:
        finding = check_smarthost(smarthost(relay.port), str)
    assert finding.level is Level.PROBLEM
    assert "not now" in finding.text


def test_a_smarthost_where_nobody_listens(closed_port: int) -> None:
    finding = check_smarthost(smarthost(closed_port), str)
    assert finding.level is Level.PROBLEM
    assert "\n" not in finding.text
