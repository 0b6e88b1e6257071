"""Killed while mail is applied: each mail has one effect, each notice is queued once (E2)."""

from collections import Counter

import pytest

from tests.fakes_relay import Relay, in_thread
from tests.journeys.conftest import MARTIN, SOFIA
from tests.journeys.ledger import Ledger
from tests.processes import Installation, deliver_all, letters

DELIVERIES = 60


@pytest.mark.parametrize("failpoint", ["P1:3", "P2:3", "P3:3", "P4:3"])
def test_every_mail_has_one_effect(installation: Installation, failpoint: str) -> None:
    sent = letters(DELIVERIES)
    with installation.start("smtp") as process:
        assert deliver_all(sent, process.port("smtp")) == sent
    with installation.start("processor", failpoint=failpoint) as process:
        process.wait_killed()
    with in_thread(Relay()) as relay:
        installation.configure(
            mailer={"transport": "smtp", "host": "127.0.0.1", "port": relay.port, "security": "none"}
        )
        with installation.start("processor", "mailer"):
            installation.drain_journal()
            installation.drain_outbox()
        told = Counter(mail.recipients[0] for mail in relay.received)
    with Ledger(installation) as ledger:
        assert ledger.tickets_by_message_id() == {letter.message_id: 1 for letter in sent}
        assert ledger.outcomes() == {"opened": DELIVERIES}
    assert (told[MARTIN], told[SOFIA]) == (DELIVERIES, DELIVERIES)
    installation.check_books()
