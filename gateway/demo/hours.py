"""When people write: mostly while shops are open, some in the evening, hardly ever at night."""

from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

OPENING, CLOSING = time(8, 20), time(18, 40)
SATURDAY = 5


def somewhen(dice: Random, day: datetime, zone: ZoneInfo) -> datetime:
    """Return a moment of that day on which a request may be opened, with mornings the busiest."""
    minutes = int(dice.triangular(8 * 60, 20.5 * 60, 10.5 * 60))
    midnight = day.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(minutes=minutes, seconds=dice.randrange(60))


def is_quiet(day: datetime, zone: ZoneInfo) -> bool:
    """Whether hardly anybody works on that day."""
    return day.astimezone(zone).weekday() >= SATURDAY


def after(dice: Random, before: datetime, typical: timedelta, zone: ZoneInfo) -> datetime:
    """Return when somebody answers who needs about that long, counting only hours of work."""
    gap = typical * min(dice.lognormvariate(0, 0.8), 12)
    there = (before + max(gap, timedelta(minutes=2))).astimezone(zone)
    if there.weekday() < SATURDAY and OPENING <= there.time() <= CLOSING:
        return there
    day = there if there.time() < OPENING else there + timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    start = day.replace(hour=OPENING.hour, minute=OPENING.minute)
    return start + timedelta(minutes=dice.triangular(0, 240, 25))
