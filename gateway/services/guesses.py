"""How often a sender guessed at the codes of tickets: they have 20 bits, so guesses are counted (T3, B5).

All we do not know are one sender: addresses cost them nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from gateway import tokens
from gateway.mail.clues import Clue, ClueKind
from gateway.rules import limits
from gateway.rules.people import Sender
from gateway.services import counters


def count_wrong_codes(
    session: Session, clues: Sequence[Clue], sender: Sender | None, *, secret: bytes, now: datetime
) -> None:
    """Count every wrong code a mail shows."""
    codes = [(clue.number, clue.value) for clue in clues if clue.kind is ClueKind.CODE]
    wrong = sum(
        number is not None and not tokens.is_ticket_code(secret, number, code) for number, code in codes
    )
    if wrong:
        counters.count(session, _name(sender), now=now, by=wrong)


def may_use_codes(session: Session, sender: Sender | None, *, now: datetime) -> bool:
    """Whether a right code of theirs counts as one: after too many wrong ones it may be a lucky guess."""
    return counters.allows(session, _name(sender), limits.TOKEN_GUESSES, now=now)


def _name(sender: Sender | None) -> str:
    return f"codes:{sender.email if sender else ''}"
