"""Killed while mail comes in by SMTP: what was answered 250 is there once, the rest after the retry (D1)."""

import pytest

from tests.journeys.ledger import Ledger
from tests.processes import Installation, deliver_all, letters

DELIVERIES = 200


@pytest.mark.parametrize("failpoint", ["S1:70", "S2:12", "S3:12", "S4:12", "S5:12", "S6:70"])
def test_every_mail_answered_250_is_there_once(installation: Installation, failpoint: str) -> None:
    sent = letters(DELIVERIES)
    with installation.start("smtp", failpoint=failpoint) as process:
        taken = deliver_all(sent, process.port("smtp"), connections=20)
        process.wait_killed()
    assert 0 < len(taken) < DELIVERIES
    with installation.start("smtp", "processor") as process:
        again = [letter for letter in sent if letter not in taken]
        taken += deliver_all(again, process.port("smtp"), connections=20)
        installation.drain_journal()
    assert len(taken) == DELIVERIES
    with Ledger(installation) as ledger:
        assert ledger.tickets_by_message_id() == {letter.message_id: 1 for letter in sent}
    installation.check_books()
