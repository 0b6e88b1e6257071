"""Working time counted by hand: every quarter of an hour is looked at, whether it is one of work.

The holidays of Argentina stand here as the decrees have them. Working hours of these tests begin and end
with a quarter of an hour, and so does every change of the clocks.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

QUARTER = 900_000
"""Milliseconds."""

Spans = Sequence[tuple[int, int]]
"""Of a day, in minutes since midnight."""

OFFICE: Sequence[Spans] = [[(540, 1080)]] * 5 + [[], []]
"""Monday to Friday from nine to six: what is meant until somebody says otherwise."""

_DECREED = {
    2026: "01-01 02-16 02-17 03-23 03-24 04-02 04-03 05-01 05-25 06-15 06-20 07-09 07-10 08-17"
    " 10-12 11-09 11-23 12-07 12-08 12-25",
    2027: "01-01 02-08 02-09 03-24 03-25 03-26 04-02 05-01 05-25 06-20 06-21 07-09 08-16 10-11"
    " 11-20 12-08 12-25",
    2028: "01-01 02-28 02-29 03-24",
}
HOLIDAYS = frozenset(
    date.fromisoformat(f"{year}-{day}") for year, days in _DECREED.items() for day in days.split()
)
"""From 2026 until March 2028, with Holy Thursday, the bridge days decreed and the visit of the Pope."""


class OwnHours:
    """Working time between two moments from one day to another."""

    def __init__(
        self,
        zone: ZoneInfo,
        week: Sequence[Spans] = OFFICE,
        *,
        free: Collection[date] = HOLIDAYS,
        first: date = date(2026, 2, 1),
        last: date = date(2028, 4, 1),
    ) -> None:
        start = datetime(first.year, first.month, first.day, tzinfo=UTC)
        quarters = (last - first).days * 96
        moments = (start + timedelta(minutes=15 * each) for each in range(quarters))
        self.works = [_works(each.astimezone(zone), week, free) for each in moments]
        self.before = [0, *accumulate(QUARTER if each else 0 for each in self.works)]
        self.start = int(start.timestamp()) * 1000

    def between(self, begin: int, end: int) -> int:
        """Milliseconds of work from one moment to another; both are milliseconds since 1970."""
        return self._until(end) - self._until(begin)

    def _until(self, moment: int) -> int:
        quarter, past = divmod(moment - self.start, QUARTER)
        if quarter < 0:
            raise ValueError("before the first day")
        return self.before[quarter] + (past if self.works[quarter] else 0)


def _works(local: datetime, week: Sequence[Spans], free: Collection[date]) -> bool:
    minute = local.hour * 60 + local.minute
    return local.date() not in free and any(begin <= minute < end for begin, end in week[local.weekday()])
