"""Counts as the database groups them → days, hours of the week, and minutes in the middle. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from gateway.rules.periods import ONE, QUARTER, Period, quarter_of_day
from gateway.services.reporting.report import Means, Step, Times

HOUR = 3600 // QUARTER
DAY = 24 * HOUR

Hours = Sequence[Sequence[int]]
Sums = tuple[int, int, int]
"""Cases, minutes and working minutes: `Means` before there are tens of thousands of them."""


def steps(
    period: Period, received: Mapping[int, int], closed: Mapping[int, Sums], zone: ZoneInfo
) -> list[Step]:
    """Each day of a period, from what was received and closed in each quarter of an hour."""
    found = []
    for each, begin, end in _days(period, zone):
        quarters = range(begin, end)
        opened = sum(received.get(quarter, 0) for quarter in quarters)
        sums = [closed[quarter] for quarter in quarters if quarter in closed]
        means = Means(*map(sum, zip(*sums, strict=True)))
        found.append(Step(each, opened, means.cases, means))
    return found


def hours(period: Period, received: Mapping[int, int], zone: ZoneInfo) -> Hours:
    """How many were received in each hour of the week, Monday first."""
    week = [[0] * 24 for _ in range(7)]
    for each, begin, end in _days(period, zone):
        day, hour_of = week[each.first.weekday()], _hour_of(begin, end, zone)
        for quarter in range(begin, end):
            if quarter in received:
                day[hour_of(quarter)] += received[quarter]
    return week


def quarters_of(period: Period, weekday: int, hour: int, zone: ZoneInfo) -> list[int]:
    """The quarters that are in an hour of the week: those that `hours` counts there."""
    return [
        quarter
        for day, begin, end in _days(period, zone)
        if day.first.weekday() == weekday
        for quarter in range(begin, end)
        if _hour_of(begin, end, zone)(quarter) == hour
    ]


def times(minutes: Sequence[tuple[int, int]], work_minutes: Sequence[tuple[int, int]]) -> Times:
    """The means and medians of two histograms of the same cases: how often each number of minutes was."""
    cases = sum(often for _, often in minutes)
    sums = (sum(value * often for value, often in each) for each in (minutes, work_minutes))
    return Times(Means(cases, *sums), median(minutes), median(work_minutes))


def median(histogram: Iterable[tuple[int, int]]) -> Fraction | None:
    """The value in the middle, of an even number of cases the mean of both; None without a case."""
    ordered = sorted(histogram)
    cases = sum(often for _, often in ordered)
    if not cases:
        return None
    return Fraction(_at(ordered, (cases - 1) // 2) + _at(ordered, cases // 2), 2)


def _at(ordered: Iterable[tuple[int, int]], place: int) -> int:
    """The value of the case at a place, the first being 0."""
    for value, often in ordered:
        if place < often:
            return value
        place -= often
    raise IndexError(place)


def _days(period: Period, zone: ZoneInfo) -> Iterable[tuple[Period, int, int]]:
    """Each day with its first quarter and the first after it: 96 of them, unless clocks change."""
    days = [*period.each_day(), period.last + ONE]
    begins = [quarter_of_day(day, zone) for day in days]
    for day, (begin, end) in zip(days, pairwise(begins), strict=False):
        yield Period(day, day), begin, end


def _hour_of(begin: int, end: int, zone: ZoneInfo) -> Callable[[int], int]:
    """How the hour of a quarter of that day is told; a day that clocks change on is asked of the zone."""
    if end - begin == DAY:
        return lambda quarter: (quarter - begin) // HOUR
    return lambda quarter: datetime.fromtimestamp(quarter * QUARTER, UTC).astimezone(zone).hour
