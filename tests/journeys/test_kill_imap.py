"""Killed while mail is fetched: each mail in the mailbox becomes one message, none is left behind (D11)."""

import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.dovecot import PASSWORD, Dovecot, dovecot
from tests.journeys.ledger import Ledger
from tests.processes import Installation, letters

MAILS = 20


@pytest.fixture(scope="module")
def running() -> Iterator[Dovecot]:
    with dovecot() as server:
        yield server


@pytest.mark.parametrize("failpoint", ["I1", "I2", "I3"])
def test_every_mail_in_the_mailbox_is_taken_once(
    installation: Installation, running: Dovecot, failpoint: str
) -> None:
    server = replace(running, user=f"{secrets.token_hex(8)}@example.com")
    sent = letters(MAILS)
    for letter in sent:
        server.deliver(letter.data)
    installation.configure(
        **{
            "imap.soporte": {
                "host": "127.0.0.1",
                "port": server.port,
                "security": "none",
                "username": server.user,
                "password": PASSWORD,
                "processed": "Procesados",
            }
        }
    )
    with installation.start("imap", failpoint=failpoint) as process:
        process.wait_killed()
    with installation.start("imap", "processor") as process:
        process.wait_for_true(lambda: inbox_is_empty(server))
        installation.drain_journal()
    with Ledger(installation) as ledger:
        assert ledger.tickets_by_message_id() == {letter.message_id: 1 for letter in sent}
        assert ledger.outcomes() == {"opened": MAILS}
    installation.check_books()


def inbox_is_empty(server: Dovecot) -> bool:
    with server.client() as client:
        return client.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"] == 0
