"""An address that refuses our mail for good, again and again, gets no automatic mail (L10)."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, update
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.rules.limits import Rate
from gateway.rules.people import Sender, Verdict
from gateway.services import counters
from gateway.services.statements import run

UNTIL_THEY_WRITE = datetime(9000, 1, 1, tzinfo=UTC)
"""Value of `person.silent_until`: until a proven mail of theirs shows that the address lives."""

HARD_FAILURES = Rate(3, timedelta(days=7))
REASON = "undelivered"

PERSON = table_of(User).c
SILENCE = update(table_of(User)).where(PERSON.id == bindparam("user")).values(silent_until=UNTIL_THEY_WRITE)
REVIVE = (
    update(table_of(User))
    .where(PERSON.id == bindparam("user"), PERSON.silent_until == UNTIL_THEY_WRITE)
    .values(silent_until=None)
)


def count_failure(session: Session, user_id: int, *, now: datetime) -> bool:
    """Count a mail that their side refused for good; return whether it was one too many in a week."""
    name = f"undelivered:{user_id}"
    counters.count(session, name, now=now)
    if counters.allows(session, name, HARD_FAILURES, now=now):
        return False
    run(session, SILENCE, user=user_id)
    return True


def revive(session: Session, sender: Sender | None) -> None:
    """They wrote, and it is proven that it was they: their address is good again."""
    if sender is not None and sender.verdict is Verdict.PASS:
        run(session, REVIVE, user=sender.user_id)
