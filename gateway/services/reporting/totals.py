"""The figures of a report beside those of the other period: one line each, and how it changed."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from gateway.catalogue import _
from gateway.rules import changes
from gateway.rules.changes import Better, Change, ChangeKind
from gateway.services.reporting.report import Report, Times, Totals

Amount = int | Fraction | None


@dataclass(frozen=True, slots=True)
class Line:
    """A figure, in minutes if `timed`; `title` is a sentence of the catalogues. No `change`: not compared."""

    title: str
    timed: bool
    now: Amount
    before: Amount
    change: Change | None


@dataclass(frozen=True, slots=True)
class _Timed:
    title: str
    times: Callable[[Totals], Times]
    value: Callable[[Times], Fraction | None]
    better: Better


def _resolution(totals: Totals) -> Times:
    return totals.resolution


def _first_answer(totals: Totals) -> Times:
    return totals.first_answer


def _mean(times: Times) -> Fraction | None:
    return times.means.mean


def _work_mean(times: Times) -> Fraction | None:
    return times.means.work_mean


def _median(times: Times) -> Fraction | None:
    return times.median


def _work_median(times: Times) -> Fraction | None:
    return times.work_median


_COUNTS: tuple[tuple[str, Callable[[Totals], int], Better], ...] = (
    (_("Received requests"), lambda totals: totals.received, changes.RECEIVED),
    (_("Closed requests"), lambda totals: totals.closed, changes.CLOSED),
    (_("Open at the end"), lambda totals: totals.open_at_end, changes.OPEN),
    (_("Reopened"), lambda totals: totals.reopened, changes.REOPENED),
)
_MAIN = (
    _Timed(_("Mean resolution"), _resolution, _mean, changes.RESOLUTION),
    _Timed(_("Mean first answer"), _first_answer, _mean, changes.FIRST_ANSWER),
)
_REST = (
    _Timed(_("Mean resolution, in working hours"), _resolution, _work_mean, changes.RESOLUTION),
    _Timed(_("Median resolution"), _resolution, _median, changes.RESOLUTION),
    _Timed(_("Median resolution, in working hours"), _resolution, _work_median, changes.RESOLUTION),
    _Timed(_("Mean first answer, in working hours"), _first_answer, _work_mean, changes.FIRST_ANSWER),
    _Timed(_("Median first answer"), _first_answer, _median, changes.FIRST_ANSWER),
    _Timed(_("Median first answer, in working hours"), _first_answer, _work_median, changes.FIRST_ANSWER),
)


def main_lines(report: Report) -> list[Line]:
    """Return the figures people look at first."""
    counts = [_count(report, *each) for each in _COUNTS]
    return [*counts, *(_time(report, each) for each in _MAIN)]


def all_lines(report: Report) -> list[Line]:
    """Return every figure of the whole period."""
    return [*main_lines(report), *(_time(report, each) for each in _REST)]


def percent(change: Change | None) -> Fraction | None:
    """Return a change as a fraction, negative for less; None when no percentage says anything."""
    if change is None or change.kind not in (ChangeKind.PERCENT, ChangeKind.SAME):
        return None
    return Fraction(change.amount if change.up else -change.amount, 100)


def difference(now: Amount, before: Amount) -> Amount:
    """Return by how much a figure is more, or None."""
    return None if now is None or before is None else now - before


def _count(report: Report, title: str, value: Callable[[Totals], int], better: Better) -> Line:
    now = value(report.now.totals)
    if report.before is None:
        return Line(title, False, now, None, None)
    before = value(report.before.totals)
    return Line(title, False, now, before, changes.of_count(now, before, better))


def _time(report: Report, asked: _Timed) -> Line:
    times = asked.times(report.now.totals)
    now = asked.value(times)
    if report.before is None:
        return Line(asked.title, True, now, None, None)
    times_before = asked.times(report.before.totals)
    before = asked.value(times_before)
    cases = min(times.means.cases, times_before.means.cases)
    return Line(
        asked.title, True, now, before, changes.of_minutes(now, before, cases=cases, better=asked.better)
    )
