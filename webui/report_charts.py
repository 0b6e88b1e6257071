"""The charts of a report: what was received and closed, how long it took, and at which hours it came."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from gateway.rules.periods import WEEKLY, Period, Stride
from gateway.services.reporting.behind import Figure
from gateway.services.reporting.report import Means, Report, Step
from gateway.services.reporting.words import HOUR, IN_MINUTES_BELOW
from webui import charts
from webui.charts import Bar
from webui.report_links import Links

Point = tuple[str, str]
MOST_NAMED = 3
"""So many days are named where a chart was highest."""


@dataclass(frozen=True, slots=True)
class FlowStep:
    """What was received and closed in a step; `before`: received in the same step of the other period."""

    period: Period
    received: int
    received_path: str
    closed: int
    closed_path: str
    before: int | None
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class FlowChart:
    stride: Stride
    ticks: Sequence[int]
    steps: Sequence[FlowStep]
    closed_line: str
    before_line: str
    labels: Sequence[Period]
    highest: int
    highest_in: Sequence[Period]


@dataclass(frozen=True, slots=True)
class MeanStep:
    """The mean time of what was closed in a step, in the unit of the chart."""

    period: Period
    mean: Fraction | None
    path: str
    before: Fraction | None
    point: Point | None


@dataclass(frozen=True, slots=True)
class MeanChart:
    """`ends`, `ends_before`: the first and the last mean there is, None without any."""

    stride: Stride
    in_hours: bool
    ticks: Sequence[int]
    steps: Sequence[MeanStep]
    line: str
    before_line: str
    labels: Sequence[Period]
    ends: tuple[Fraction, Fraction] | None
    ends_before: tuple[Fraction, Fraction] | None


@dataclass(frozen=True, slots=True)
class Field:
    """An hour of the week; `level` 0 is nothing."""

    count: int
    level: int
    path: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A row for each weekday, Monday first; `busiest`: the weekday and hour with most, None without any."""

    rows: Sequence[Sequence[Field]]
    busiest: tuple[int, int] | None
    highest: int


def flow(report: Report, links: Links) -> FlowChart:
    """What was received and closed by day, week or month, beside what was received before."""
    period = report.now.period
    cuts = period.steps(period.stride)
    steps, before = _grouped(report.now.days, cuts), _before(report, cuts)
    earlier = [each.received if each is not None else None for each in before]
    received, closed = [each.received for each in steps], [each.closed for each in steps]
    axis, places = charts.scale([*received, *closed, *earlier]), charts.amid(len(steps))
    highest, dash = max(received, default=0), charts.wide(len(steps))
    return FlowChart(
        stride=period.stride,
        ticks=axis.ticks,
        steps=[
            FlowStep(
                step.period,
                step.received,
                links.behind(Figure.RECEIVED, period=step.period),
                step.closed,
                links.behind(Figure.CLOSED, period=step.period),
                old,
                bar,
            )
            for step, old, bar in zip(steps, earlier, charts.bars(received, axis), strict=True)
        ],
        closed_line=charts.path(charts.points(closed, axis, places), dash=dash),
        before_line=charts.path(charts.points(earlier, axis, places), dash=dash),
        labels=[cuts[number] for number in charts.labelled(len(cuts))],
        highest=highest,
        highest_in=[each.period for each in steps if each.received == highest][:MOST_NAMED],
    )


def resolution(report: Report, links: Links) -> MeanChart:
    """The mean time to resolution by week or month, beside that of before."""
    period = report.now.period
    stride = Stride.WEEK if period.days <= WEEKLY else Stride.MONTH
    cuts = period.steps(stride)
    steps = _grouped(report.now.days, cuts)
    now = [each.resolution.mean for each in steps]
    before = [each.resolution.mean if each is not None else None for each in _before(report, cuts)]
    in_hours = max((each for each in [*now, *before] if each is not None), default=0) >= IN_MINUTES_BELOW
    unit = HOUR if in_hours else 1
    means, earlier = _in(now, unit), _in(before, unit)
    axis, places = charts.scale([*means, *earlier]), charts.across(len(steps))
    points = charts.points(means, axis, places)
    return MeanChart(
        stride=stride,
        in_hours=in_hours,
        ticks=axis.ticks,
        steps=[
            MeanStep(cut, mean, links.behind(Figure.CLOSED, period=cut), old, point)
            for cut, mean, old, point in zip(cuts, means, earlier, points, strict=True)
        ],
        line=charts.path(points),
        before_line=charts.path(charts.points(earlier, axis, places)),
        labels=[cuts[number] for number in charts.labelled(len(cuts))],
        ends=_ends(means),
        ends_before=_ends(earlier),
    )


def hours(report: Report, links: Links) -> HeatMap:
    """How many were received in each hour of the week."""
    highest = max((count for row in report.now.hours for count in row), default=0)
    places = [
        (weekday, hour)
        for weekday, row in enumerate(report.now.hours)
        for hour, count in enumerate(row)
        if count == highest
    ]
    return HeatMap(
        rows=[
            [
                Field(
                    count,
                    charts.level(count, highest),
                    links.behind(Figure.RECEIVED, hour=(weekday, hour)) if count else "",
                )
                for hour, count in enumerate(row)
            ]
            for weekday, row in enumerate(report.now.hours)
        ],
        busiest=places[0] if highest else None,
        highest=highest,
    )


def _grouped(days: Sequence[Step], cuts: Sequence[Period]) -> list[Step]:
    """Return the days of a period added up by step."""
    found: list[Step] = []
    place = 0
    for cut in cuts:
        found.append(_added(cut, days[place : place + cut.days]))
        place += cut.days
    return found


def _before(report: Report, cuts: Sequence[Period]) -> list[Step | None]:
    """Return of the other period the days as far from its beginning as each step; None beyond its end."""
    if report.before is None:
        return [None for _cut in cuts]
    found: list[Step | None] = []
    place = 0
    for cut in cuts:
        days = report.before.days[place : place + cut.days]
        found.append(_added(Period(days[0].period.first, days[-1].period.last), days) if days else None)
        place += cut.days
    return found


def _added(period: Period, days: Sequence[Step]) -> Step:
    return Step(
        period,
        sum(each.received for each in days),
        sum(each.closed for each in days),
        sum((each.resolution for each in days), Means()),
    )


def _in(values: Iterable[Fraction | None], unit: int) -> list[Fraction | None]:
    return [value / unit if value is not None else None for value in values]


def _ends(values: Iterable[Fraction | None]) -> tuple[Fraction, Fraction] | None:
    known = [value for value in values if value is not None]
    return (known[0], known[-1]) if known else None
