"""When to try again, and when to give up."""

from datetime import datetime, timedelta

SENDING_STEPS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60))
SENDING_LATER = timedelta(hours=2)
SENDING_DAYS = timedelta(days=5)
SENDING_ATTEMPTS = 12
SPREAD = 0.2

READING_STEPS = tuple(timedelta(minutes=m) for m in (1, 5, 15))
READING_ATTEMPTS = 1 + len(READING_STEPS)

RELAY_PAUSE = timedelta(minutes=5)
PAUSES_BEFORE_ASIDE = 3

IMAP_FIRST = timedelta(seconds=5)
IMAP_LONGEST = timedelta(minutes=5)
IMAP_WRONG_PASSWORD = timedelta(minutes=5)


def next_sending(attempts: int, created_at: datetime, *, now: datetime, chance: float) -> datetime | None:
    """Return when to try a mail again after its `attempts`-th failure, or None to give up.

    1, 5, 15, 30, 60 minutes, then every 2 hours, each spread by `chance` (0 to 1) over ±20 %, for
    5 days and at least 12 attempts (invariants E7). Giving up asks for both, so neither a clock
    that jumps ahead nor a machine that was off for a week ends a row that was hardly tried.
    """
    if attempts >= SENDING_ATTEMPTS and now - created_at >= SENDING_DAYS:
        return None
    return now + spread(_step(SENDING_STEPS, attempts, later=SENDING_LATER), chance)


def next_reading(attempts: int, *, now: datetime) -> datetime | None:
    """Return when to read a mail again after its `attempts`-th failure, or None to set it aside."""
    if attempts >= READING_ATTEMPTS:
        return None
    return now + _step(READING_STEPS, attempts, later=READING_STEPS[-1])


def imap_pause(failures: int, chance: float) -> timedelta:
    """Return how long to leave a mail server alone after its `failures`-th failure in a row."""
    doubled = IMAP_FIRST * 2 ** min(failures - 1, 10)
    return spread(min(doubled, IMAP_LONGEST), chance)


def spread(step: timedelta, chance: float) -> timedelta:
    """Return `step` moved by up to ±20 %, so that many waiting do not come back at once."""
    return step * (1 - SPREAD + 2 * SPREAD * chance)


def _step(steps: tuple[timedelta, ...], attempts: int, *, later: timedelta) -> timedelta:
    """Return the pause after the `attempts`-th failure; of a row put back before its first, the shortest."""
    return steps[max(attempts, 1) - 1] if attempts <= len(steps) else later
