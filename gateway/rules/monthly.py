"""When the report of a month goes out, and of which month: a day and an hour of the site's clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.rules.periods import Period, last_month

FIRST_DAY, LAST_DAY = 1, 28
"""Every month has these."""

LAST_HOUR = 23


@dataclass(frozen=True, slots=True)
class Schedule:
    """Whether, on which day of a month and from which hour on the report of the month before goes out."""

    on: bool = True
    day: int = 1
    hour: int = 8

    def moment(self, month: date, zone: ZoneInfo) -> datetime:
        """When it goes out in the month of a date. An hour that the clock skips begins right after it."""
        there = datetime.combine(month.replace(day=self.day), time(self.hour), zone)
        return there.astimezone(UTC)


def due(schedule: Schedule, *, sent: date | None, now: datetime, zone: ZoneInfo) -> Period | None:
    """Return the month to report on now, or None. `sent`: the first day of the last month reported on.

    It is always the month before this one: what was missed longer ago nobody waits for.
    """
    today = now.astimezone(zone).date()
    month = last_month(today)
    if not schedule.on or now < schedule.moment(today, zone) or (sent is not None and sent >= month.first):
        return None
    return month


def next_moment(schedule: Schedule, *, sent: date | None, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when the next one goes out, `now` if it is about to; None when none does."""
    if not schedule.on:
        return None
    if due(schedule, sent=sent, now=now, zone=zone) is not None:
        return now
    month = now.astimezone(zone).date()
    while (moment := schedule.moment(month, zone)) < now or _is_sent(month, sent):
        month = month.replace(day=1) + timedelta(days=32)
    return moment


def _is_sent(month: date, sent: date | None) -> bool:
    return sent is not None and sent >= last_month(month).first
