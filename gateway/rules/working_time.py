"""How much of the time between two moments lies in the company's working hours."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from itertools import pairwise
from threading import Lock
from zoneinfo import ZoneInfo

from gateway.rules.days_off import national

Span = tuple[int, int]
"""Minutes of the day, begin < end <= 1440."""

DAY = 86_400
FIRST_YEAR, LAST_YEAR = 1970, 2100
_EPOCH_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When a company works.

    `days`: seven, Monday first; a day without spans is free; spans in order, apart. `holidays`: the national
    ones are free, but for those of `worked`. `free`: the company's own days off with their names, in order.
    """

    days: tuple[tuple[Span, ...], ...]
    holidays: bool = True
    free: tuple[tuple[date, str], ...] = ()
    worked: tuple[date, ...] = ()


USUAL = WorkingHours(days=(((9 * 60, 18 * 60),),) * 5 + ((), ()))


@dataclass(frozen=True, slots=True)
class _Table:
    """The spans from one second to another: when each begins, how long it is, how much was before.

    A year begins with a span of no length, so that every moment has one at or before it.
    """

    since: int
    until: int
    total: int = 0
    begins: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=list)

    def moved(self, seconds: int) -> "_Table":
        """The same, counted from another zero."""
        return replace(self, total=self.total + seconds, before=[each + seconds for each in self.before])


class WorkClock:
    """Working time between moments, quick when asked a million times: a year is worked out once, when met."""

    __slots__ = ("_free", "_hours", "_lock", "_table", "_worked", "_zone")

    def __init__(self, hours: WorkingHours, zone: ZoneInfo) -> None:
        self._hours, self._zone = hours, zone
        self._free = frozenset(day for day, _ in hours.free)
        self._worked = frozenset(hours.worked)
        self._table = _Table(since=0, until=-1)  # holds no moment
        self._lock = Lock()

    def minutes(self, begin: datetime, end: datetime) -> int:
        """Return the whole working minutes from one aware moment to another; 0 unless `end` is the later."""
        seconds = self.seconds_upto(end.timestamp()) - self.seconds_upto(begin.timestamp())
        return int(seconds // 60) if seconds > 0 else 0

    def seconds_upto(self, moment: float) -> float:
        """Return the working seconds from a moment of this clock's choice to one of the epoch: subtract two.

        Before 1970 and after 2100 no time passes here, so that no date of a stranger makes the table grow.
        """
        table = self._table
        if not table.since <= moment <= table.until:
            moment = min(max(moment, _first_second(FIRST_YEAR)), _first_second(LAST_YEAR + 1))
            table = self._reach(moment)
        at = bisect_right(table.begins, moment) - 1
        past, length = moment - table.begins[at], table.lengths[at]
        return table.before[at] + (past if past < length else length)

    def _reach(self, moment: float) -> _Table:
        """Return a table that holds a moment: the one there is, its zero unmoved, and more years."""
        with self._lock:
            table = self._table
            if table.until < table.since:
                table = self._of_year(min(_year_of(moment), LAST_YEAR))
            while moment < table.since:
                front = self._of_year(_year_of(table.since) - 1)
                table = _joined(front.moved(table.before[0] - front.total), table)
            while moment > table.until:
                table = _joined(table, self._of_year(_year_of(table.until)).moved(table.total))
            self._table = table  # whole at once: others read it without the lock
        return table

    def _of_year(self, year: int) -> _Table:
        since, until = _first_second(year), _first_second(year + 1)
        begins, lengths, before, total = [since], [0], [0], 0
        for begin, end in self._spans(since, until):
            begins.append(begin)
            lengths.append(end - begin)
            before.append(total)
            total += end - begin
        return _Table(since, until, total, begins, lengths, before)

    def _spans(self, since: int, until: int) -> Iterator[tuple[int, int]]:
        """Every span of working time between two seconds, in order, cut where the clocks of the zone change.

        So an hour that a clock shows twice counts twice, and one that it leaves out does not count.
        """
        for (begin, offset), (end, _) in pairwise([*_offsets(self._zone, since, until), (until, 0)]):
            for day in range((begin + offset) // DAY, (end + offset - 1) // DAY + 1):
                midnight = day * DAY - offset
                for opens, closes in self._open(date.fromordinal(_EPOCH_DAY + day)):
                    first, last = max(midnight + opens * 60, begin), min(midnight + closes * 60, end)
                    if first < last:
                        yield first, last

    def _open(self, day: date) -> tuple[Span, ...]:
        spans = self._hours.days[day.weekday()]
        if not spans or day in self._free:
            return ()
        if self._hours.holidays and day not in self._worked and day in national(day.year):
            return ()
        return spans


def _joined(earlier: _Table, later: _Table) -> _Table:
    return _Table(
        earlier.since,
        later.until,
        later.total,
        earlier.begins + later.begins,
        earlier.lengths + later.lengths,
        earlier.before + later.before,
    )


def _first_second(year: int) -> int:
    return (date(year, 1, 1).toordinal() - _EPOCH_DAY) * DAY


def _year_of(moment: float) -> int:
    return datetime.fromtimestamp(moment, UTC).year


def _offsets(zone: ZoneInfo, since: int, until: int) -> Iterator[tuple[int, int]]:
    """From when on a zone is how many seconds ahead of UTC: at `since`, and at each change before `until`."""
    offset = _offset(zone, since)
    yield since, offset
    for day in range(since, until, DAY):
        after = _offset(zone, day + DAY)
        if after != offset:
            moments = range(day + 1, day + DAY + 1)
            change = moments[bisect_left(moments, True, key=partial(_is_ahead, zone, after))]
            offset = after
            if change < until:
                yield change, offset


def _is_ahead(zone: ZoneInfo, offset: int, moment: int) -> bool:
    return _offset(zone, moment) == offset


def _offset(zone: ZoneInfo, moment: int) -> int:
    ahead = datetime.fromtimestamp(moment, zone).utcoffset()
    return 0 if ahead is None else int(ahead.total_seconds())
