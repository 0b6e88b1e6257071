"""Two mailers on one database, one of them stopped past its lease: one final state, one mail (E4)."""

import signal
from collections import Counter
from pathlib import Path

from tests.fakes_relay import Answer, Relay, Step, in_thread
from tests.journeys.ledger import Ledger
from tests.journeys.test_kill_mailer import message_id_of, queue_mail
from tests.processes import Installation

LEASE_SECONDS = 2
STUCK_SECONDS = 3


def test_a_mailer_stopped_past_its_lease_sends_nothing_more(
    installation: Installation, tmp_path: Path
) -> None:
    queue_mail(installation, tmp_path, requests=2)
    with in_thread(Relay({Step.DATA: Answer(delay=STUCK_SECONDS)})) as stuck, in_thread(Relay()) as relay:
        installation.configure(mailer=through(stuck))
        with installation.start("mailer") as first:
            first.wait_for_true(lambda: any("DATA" in each for each in stuck.commands))
            first.signal(signal.SIGSTOP)
            installation.configure(mailer=through(relay))
            with installation.start("mailer"):
                installation.drain_outbox()
                first.signal(signal.SIGCONT)
                first.wait_for("lease_lost")
        received = Counter(message_id_of(each.data) for each in (*relay.received, *stuck.received))
    with Ledger(installation) as ledger:
        states = {message_id: str(state) for message_id, state in ledger.outbox().items()}
    assert stuck.received == []
    assert set(received.values()) == {1}
    assert {message_id for message_id, state in states.items() if state == "sent"} == set(received)
    assert set(states.values()) <= {"sent", "uncertain"}


def through(relay: Relay) -> dict[str, object]:
    return {
        "transport": "smtp",
        "host": "127.0.0.1",
        "port": relay.port,
        "security": "none",
        "lease_seconds": LEASE_SECONDS,
    }
