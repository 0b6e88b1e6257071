"""Held mail: kept with its reason and candidate ticket, without effect until an operator decides.

Its sender is told nothing (T16, L9). What it was about is the journal entry: there is no other row
that could disagree with it.
"""

from dataclasses import dataclass

from gateway.rules.admission import Outcome
from gateway.services.threads import Thread


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a mail, why (a catalogue key), and the ticket it touched or may belong to."""

    outcome: Outcome
    reason: str
    ticket_id: int | None = None


def keep(reason: str, thread: Thread | None = None) -> Settled:
    """Hold a mail."""
    return Settled(Outcome.HELD, reason, thread.ticket.id if thread else None)
