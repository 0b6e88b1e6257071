"""Held mail: kept with its reason and candidate ticket, without effect until an operator decides.

Its sender is told nothing (T16, L9). What it was about is the journal entry: there is no other row
that could disagree with it.
"""

from gateway.rules.admission import Outcome
from gateway.services.journal import Settled
from gateway.services.threads import Thread


def keep(reason: str, thread: Thread | None = None) -> Settled:
    """Hold a mail."""
    return Settled(Outcome.HELD, reason, thread.ticket.id if thread else None)
