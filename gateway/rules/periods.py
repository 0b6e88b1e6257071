"""Periods of whole days, what they are compared with, and the steps a chart takes through them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

QUARTER = 900
"""Seconds. Every zone in use is off UTC by whole quarters of an hour, so each day begins with one."""

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 12, 31)
LONGEST_DAYS = 3660
"""Ten years: beyond, a report is a mistake in a date."""

DAILY, WEEKLY = 92, 550
"""Up to so many days a chart has a step for each day, up to so many for each week."""

ONE = timedelta(days=1)


class Comparison(StrEnum):
    """What a period is compared with; the values stand in addresses."""

    PREVIOUS = "anterior"
    LAST_YEAR = "anio"
    DATES = "fechas"
    NONE = "no"


class Stride(StrEnum):
    """How long a step of a chart is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """From a first day to a last one, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def previous(self) -> "Period":
        """The period of equal length that ends the day before this one begins."""
        return Period(self.first - timedelta(days=self.days), self.first - ONE)

    def last_year(self) -> "Period":
        """The same days a year before; of the 29th of February the 28th."""
        return Period(_year_before(self.first), _year_before(self.last))

    def each_day(self) -> Iterator[date]:
        for day in range(self.days):
            yield self.first + timedelta(days=day)

    def quarters(self, zone: ZoneInfo) -> tuple[int, int]:
        """The first quarter of an hour since 1970 that is in it, and the first that is after it."""
        return quarter_of_day(self.first, zone), quarter_of_day(self.last + ONE, zone)

    @property
    def stride(self) -> Stride:
        if self.days <= DAILY:
            return Stride.DAY
        return Stride.WEEK if self.days <= WEEKLY else Stride.MONTH

    def steps(self, stride: Stride) -> list["Period"]:
        """The period cut at each day, Monday or first of a month; its ends may be shorter."""
        steps: list[Period] = []
        first = self.first
        while first <= self.last:
            last = min(_end_of(first, stride), self.last)
            steps.append(Period(first, last))
            first = last + ONE
        return steps


def quarter_of(moment: datetime) -> int:
    """The number of the quarter of an hour that a moment is in, since 1970 in UTC."""
    return int(moment.timestamp() // QUARTER)


def minutes_between(begin: datetime, end: datetime) -> int:
    """Whole minutes from one moment to a later one; none when a clock was set back meanwhile."""
    return max(0, (end - begin) // timedelta(minutes=1))


def quarter_of_day(day: date, zone: ZoneInfo) -> int:
    """The quarter of an hour a day begins with."""
    return quarter_of(datetime.combine(day, time(), zone).astimezone(UTC))


def last_month(today: date) -> Period:
    """The last month that is over."""
    last = today.replace(day=1) - ONE
    return Period(last.replace(day=1), last)


def frequent(today: date) -> dict[str, Period]:
    """The periods people ask for most, by name, in the order they are offered."""
    return {
        "7": Period(today - timedelta(days=6), today),
        "30": Period(today - timedelta(days=29), today),
        "month": Period(today.replace(day=1), today),
        "last_month": last_month(today),
        "year": Period(today.replace(month=1, day=1), today),
    }


def _end_of(day: date, stride: Stride) -> date:
    match stride:
        case Stride.DAY:
            return day
        case Stride.WEEK:
            return day + timedelta(days=6 - day.weekday())
        case Stride.MONTH:
            return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - ONE


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
