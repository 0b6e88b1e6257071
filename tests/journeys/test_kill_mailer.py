"""Killed while mail goes out: nobody gets a person's mail twice except where E5 says so, none is lost."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.config import Config
from gateway.db import Database
from gateway.models.queues import OutboxState
from gateway.runtime import Runtime
from tests.fakes_relay import Relay, in_thread
from tests.journeys.conftest import MARTIN
from tests.journeys.ledger import Ledger
from tests.office import Office, answer
from tests.processes import Installation, letters

REQUESTS = 15
TWIN_POSSIBLE = ("O6", "O7")


@pytest.mark.parametrize("failpoint", ["O1:2", "O2:1", "O3:6", "O4:6", "O5:6", "O6:6", "O7:6", "O8:6"])
def test_every_mail_goes_out_once(installation: Installation, failpoint: str, tmp_path: Path) -> None:
    queue_mail(installation, tmp_path)
    with in_thread(Relay()) as relay:
        installation.configure(
            mailer={"transport": "smtp", "host": "127.0.0.1", "port": relay.port, "security": "none"}
        )
        with installation.start("mailer", failpoint=failpoint) as process:
            process.wait_killed()
        with installation.start("mailer"):
            installation.drain_outbox()
        received = Counter(message_id_of(mail.data) for mail in relay.received)
    with Ledger(installation) as ledger:
        states, purposes = ledger.outbox(), ledger.purposes()
    assert set(states.values()) <= {OutboxState.SENT, OutboxState.UNCERTAIN}
    for message_id, state in states.items():
        if state is OutboxState.UNCERTAIN:
            assert purposes[message_id] == "acknowledgement"
            assert received[message_id] <= 1
        else:
            assert received[message_id] >= 1
    twins = [message_id for message_id, times in received.items() if times > 1]
    assert all(purposes[message_id] != "acknowledgement" for message_id in twins)
    if not failpoint.startswith(TWIN_POSSIBLE):
        assert twins == []
    installation.check_books()


def queue_mail(installation: Installation, folder: Path, *, requests: int = REQUESTS) -> None:
    """Acknowledgements, notices and an operator's replies, queued as the processor does."""
    database = Database(installation.database_url, pool=2)
    config = Config(storage={"url": str(folder / "blobs")})  # type: ignore[arg-type]
    runtime = Runtime(config=config, db=database, secret=b"a secret for tests only")
    with database.transaction() as session:
        office = Office(runtime, session, datetime.now(UTC))
        for letter in letters(requests):
            office.deliver(letter.data, recipients=[letter.recipient], sender=letter.sender)
            notice = office.out_to(MARTIN)[0]
            reply = answer(notice, "Ya lo vemos.", sender=MARTIN, message_id=f"re-{letter.message_id}")
            office.deliver(reply, recipients=[notice["Reply-To"]], sender=MARTIN)
            office.out()
    database.close()


def message_id_of(data: bytes) -> str:
    head = data.partition(b"\r\n\r\n")[0].decode()
    line = next(line for line in head.split("\r\n") if line.lower().startswith("message-id:"))
    return line.partition(":")[2].strip().strip("<>")
