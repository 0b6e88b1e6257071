"""The tiles of a report: each figure with what it was before, and the way to the requests it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from gateway.catalogue import _
from gateway.rules import changes
from gateway.rules.changes import Better, Change
from gateway.services.reporting.behind import Figure
from gateway.services.reporting.report import Report, Times, Totals
from webui.report_links import Links

Value = Fraction | int | None


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure. `timed`: its values are minutes, None where there are no cases. `work`: in working hours."""

    name: str
    path: str
    value: Value
    before: Value
    change: Change | None
    timed: bool = False
    work: Value = None


def tiles(report: Report, links: Links) -> Sequence[Tile]:
    """Return the tiles in the order they are shown."""
    now, before = report.now.totals, report.before.totals if report.before is not None else None

    def count(name: str, figure: Figure, field: str, better: Better) -> Tile:
        value = getattr(now, field)
        earlier = getattr(before, field) if before is not None else None
        change = changes.of_count(value, earlier, better) if earlier is not None else None
        return Tile(name, links.behind(figure), value, earlier, change)

    closed, answered = links.behind(Figure.CLOSED), links.behind(Figure.ANSWERED)
    return [
        count(_("Received requests"), Figure.RECEIVED, "received", changes.RECEIVED),
        count(_("Closed requests"), Figure.CLOSED, "closed", changes.CLOSED),
        _mean(_("Mean resolution"), closed, *_times(now, before, "resolution")),
        count(_("Open at the end"), Figure.OPEN, "open_at_end", changes.OPEN),
        _median(_("Median resolution"), closed, *_times(now, before, "resolution")),
        _mean(_("Mean first answer"), answered, *_times(now, before, "first_answer")),
        _median(_("Median first answer"), answered, *_times(now, before, "first_answer")),
        count(_("Reopened"), Figure.REOPENED, "reopened", changes.REOPENED),
    ]


def _times(now: Totals, before: Totals | None, field: str) -> tuple[Times, Times | None]:
    return getattr(now, field), getattr(before, field) if before is not None else None


def _mean(name: str, path: str, now: Times, before: Times | None) -> Tile:
    earlier = before.means.mean if before is not None else None
    return _timed(name, path, now, before, (now.means.mean, earlier, now.means.work_mean))


def _median(name: str, path: str, now: Times, before: Times | None) -> Tile:
    earlier = before.median if before is not None else None
    return _timed(name, path, now, before, (now.median, earlier, now.work_median))


def _timed(
    name: str,
    path: str,
    now: Times,
    before: Times | None,
    values: tuple[Fraction | None, Fraction | None, Fraction | None],
) -> Tile:
    value, earlier, work = values
    change = None
    if before is not None:
        cases = min(now.means.cases, before.means.cases)
        change = changes.of_minutes(value, earlier, cases=cases, better=Better.LESS)
    return Tile(name, path, value, earlier, change, timed=True, work=work)
