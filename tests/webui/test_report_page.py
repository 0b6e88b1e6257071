"""What the page of a report makes of its figures: tiles, charts, tables, and the ways to what they count."""

from datetime import date
from fractions import Fraction
from urllib.parse import parse_qs, urlsplit

from gateway.rules.changes import SAME, Change, ChangeKind
from gateway.rules.periods import Period, Stride
from gateway.services.reporting.behind import Figure
from gateway.services.reporting.report import ByGroup, ByOperator, Filters, Means
from tests.webui.report_values import APRIL, MARCH, QUIET, figures, report, times
from webui import report_charts, report_tables, report_tiles
from webui.report_links import Links
from webui.views.report_requests import behind_of


def said(path: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(path).query).items()}


def test_tiles_tell_what_changed_and_whether_that_is_good() -> None:
    before = figures(MARCH, received=182, closed=170, open_at_end=39, reopened=11)
    made = report(figures(), before)
    found = report_tiles.tiles(made, Links(made.asked))
    assert [each.value for each in found] == [204, 199, 564, 43, 564, 40, 40, 11]
    assert [each.before for each in found] == [182, 170, 564, 39, 564, 40, 40, 11]
    assert [each.change for each in found[:4]] == [
        Change(ChangeKind.PERCENT, 12, up=True, good=None),
        Change(ChangeKind.PERCENT, 17, up=True, good=True),
        SAME,
        Change(ChangeKind.DIFFERENCE, 4, up=True, good=False),
    ]
    assert [each.work for each in found[2:5]] == [188, None, 188]


def test_without_a_comparison_nothing_changed() -> None:
    made = report()
    tiles = report_tiles.tiles(made, Links(made.asked))
    assert {(each.change, each.before) for each in tiles} == {(None, None)}
    assert {row.change for row in report_tables.operators(made, Links(made.asked))} == {None}


def test_a_mean_of_few_cases_is_no_percentage() -> None:
    now = figures()
    few = figures(MARCH)
    totals = few.totals
    few = figures(
        MARCH,
        totals=type(totals)(182, 3, 0, 39, resolution=times(3, 500), first_answer=times(0, 0)),
    )
    made = report(now, few)
    tiles = report_tiles.tiles(made, Links(made.asked))
    assert tiles[2].change == Change(ChangeKind.DIFFERENCE, 64, up=True, good=False)
    assert tiles[5].change is not None
    assert tiles[5].change.kind is ChangeKind.NO_DATA


def test_every_tile_leads_to_what_it_counts() -> None:
    made = report(filters=Filters(topic=3, operator=7, company=0))
    found = [behind_of(said(each.path)) for each in report_tiles.tiles(made, Links(made.asked))]
    assert [each.figure for each in found] == [
        Figure.RECEIVED, Figure.CLOSED, Figure.CLOSED, Figure.OPEN,
        Figure.CLOSED, Figure.ANSWERED, Figure.ANSWERED, Figure.REOPENED,
    ]  # fmt: skip
    assert {each.period for each in found} == {APRIL}
    assert {each.filters for each in found} == {Filters(3, 7, 0)}


def test_the_other_period_stands_day_by_day_beside_this_one() -> None:
    before = figures(Period(date(2026, 2, 1), date(2026, 2, 10)), {0: (4, 0, 0), 9: (5, 0, 0)})
    made = report(figures(), before)
    chart = report_charts.flow(made, Links(made.asked))
    assert chart.stride is Stride.DAY
    assert [each.before for each in chart.steps[:12]] == [4, 0, 0, 0, 0, 0, 0, 0, 0, 5, None, None]
    assert (chart.highest, [each.first.day for each in chart.highest_in]) == (12, [14])
    assert chart.ticks == [12, 8, 4, 0]
    assert [each.bar is not None for each in chart.steps].count(True) == 2
    assert [each.first.day for each in chart.labels] == [1, 8, 15, 22, 30]


def test_a_long_period_goes_by_weeks_or_months_and_loses_no_request() -> None:
    for last, stride in ((date(2026, 8, 31), Stride.WEEK), (date(2028, 8, 31), Stride.MONTH)):
        period = Period(date(2026, 3, 4), last)
        counts = dict.fromkeys(range(period.days), (1, 2, 30))
        made = report(figures(period, counts), figures(period.previous(), counts))
        chart = report_charts.flow(made, Links(made.asked))
        assert chart.stride is stride
        assert sum(each.received for each in chart.steps) == period.days
        assert sum(each.closed for each in chart.steps) == 2 * period.days
        assert sum(each.before or 0 for each in chart.steps) == period.days
        assert behind_of(said(chart.steps[1].received_path)).period == chart.steps[1].period


def test_a_week_without_a_closing_is_a_gap_in_the_means() -> None:
    made = report(figures(counts={0: (1, 1, 600), 20: (1, 3, 300)}))
    chart = report_charts.resolution(made, Links(made.asked))
    assert [each.mean for each in chart.steps] == [10, None, None, 5, None]
    assert (chart.in_hours, chart.ticks) == (True, [12, 8, 4, 0])
    assert chart.line == "M0 16.67m0 0h0M225 58.33m0 0h0"
    assert (chart.ends, chart.ends_before) == ((Fraction(10), Fraction(5)), None)


def test_short_times_are_read_in_minutes() -> None:
    made = report(figures(counts={0: (1, 1, 42)}))
    chart = report_charts.resolution(made, Links(made.asked))
    assert (chart.in_hours, chart.ticks[0], chart.steps[0].mean) == (False, 60, 42)


def test_nothing_at_all_is_drawn_as_nothing() -> None:
    empty = figures(counts={5: (0, 0, 0)}, received=0, closed=0)
    made = report(empty, empty)
    links = Links(made.asked)
    flow, means, heat = (
        make(made, links) for make in (report_charts.flow, report_charts.resolution, report_charts.hours)
    )
    assert (flow.highest, {each.bar for each in flow.steps}) == (0, {None})
    assert (means.line, means.ends) == ("", None)
    assert (heat.busiest, {field.level for row in heat.rows for field in row}) == (None, {0})


def test_hours_of_the_week_lead_to_their_requests() -> None:
    hours = [list(row) for row in QUIET]
    hours[4][9], hours[6][23] = 8, 1
    made = report(figures(hours=hours))
    heat = report_charts.hours(made, Links(made.asked))
    assert (heat.busiest, heat.highest) == ((4, 9), 8)
    assert [heat.rows[4][9].level, heat.rows[6][23].level, heat.rows[0][0].level] == [4, 1, 0]
    assert behind_of(said(heat.rows[4][9].path)).hour == (4, 9)
    assert heat.rows[0][0].path == ""


def test_who_closed_is_compared_by_who_they_are_and_not_by_name() -> None:
    now = figures(
        operators=[
            ByOperator(7, "Carla", 60, Means(60, 600, 300), 2),
            ByOperator(8, "Carla", 30, Means(30, 300, 150), 0),
            ByOperator(None, "", 9, Means(9, 90, 40), 0),
        ]
    )
    before = figures(MARCH, operators=[ByOperator(8, "Carla", 40, Means(40, 800, 300), 0)])
    made = report(now, before)
    rows = report_tables.operators(made, Links(made.asked))
    assert [each.change.kind if each.change else None for each in rows] == [
        ChangeKind.NO_DATA,
        ChangeKind.PERCENT,
        ChangeKind.NO_DATA,
    ]
    assert rows[1].resolution.change == Change(ChangeKind.PERCENT, 50, up=False, good=True)
    assert [each.share for each in rows] == [100, 50, 15]
    assert [behind_of(said(each.closed_path)).closer for each in rows] == [7, 8, 0]
    assert rows[2].path == ""


def test_companies_are_the_first_twenty_unless_all_are_asked_for() -> None:
    many = [ByGroup(place, f"Empresa {place}", 90 - place, 1, Means(1, 5, 5)) for place in range(1, 31)]
    made = report(figures(companies=many))
    links = Links(made.asked)
    assert len(report_tables.companies(made, links, every=False)) == report_tables.COMPANIES
    every = report_tables.companies(made, links, every=True)
    assert [each.name for each in every] == [each.name for each in many]
    assert behind_of(said(every[4].received_path)).filters == Filters(company=5)
    assert said(links.all_companies)["empresas"] == "todas"


def test_a_shortcut_keeps_what_the_report_is_narrowed_to() -> None:
    made = report(filters=Filters(topic=3))
    shortcuts = Links(made.asked).shortcuts(date(2026, 5, 11))
    assert [each.current for each in shortcuts] == [False, False, False, True, False]
    assert {said(each.path)["tematica"] for each in shortcuts} == {"3"}
    assert said(shortcuts[0].path)["desde"] == "2026-05-05"
