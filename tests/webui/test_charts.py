"""The numbers of the drawings: round scales, bars and lines that fit, gaps where nothing is known."""

from collections.abc import Sequence
from fractions import Fraction

import pytest

from webui.charts import (
    Scale,
    Value,
    across,
    amid,
    bars,
    labelled,
    level,
    lines_across,
    path,
    points,
    scale,
    share,
    wide,
)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        pytest.param([], [3, 2, 1, 0], id="no step"),
        pytest.param([0, 0], [3, 2, 1, 0], id="only noughts"),
        pytest.param([None, None], [3, 2, 1, 0], id="nothing known"),
        pytest.param([3], [3, 2, 1, 0], id="just full"),
        pytest.param([4], [6, 4, 2, 0], id="just over"),
        pytest.param([12, 9], [12, 8, 4, 0], id="as drawn"),
        pytest.param([30], [30, 20, 10, 0], id="ten"),
        pytest.param([31], [60, 40, 20, 0], id="over ten"),
        pytest.param([182], [240, 160, 80, 0], id="hundreds"),
        pytest.param([Fraction(1, 7)], [3, 2, 1, 0], id="a fraction"),
        pytest.param([Fraction(109, 10)], [12, 8, 4, 0], id="hours"),
        pytest.param([10**30], [12 * 10**29, 8 * 10**29, 4 * 10**29, 0], id="huge"),
    ],
)
def test_scale(values: Sequence[Value | None], ticks: list[int]) -> None:
    assert scale(values).ticks == ticks


def test_a_bar_stands_on_the_ground_and_nothing_is_no_bar() -> None:
    tall, none, half = bars([12, 0, 6], Scale([12, 8, 4, 0]))
    assert tall is not None
    assert (tall.x, tall.y, tall.width, tall.height) == ("15", "0", "70", "100")
    assert none is None
    assert half is not None
    assert (half.x, half.y, half.height) == ("215", "50", "50")
    assert bars([], Scale([3, 2, 1, 0])) == []


@pytest.mark.parametrize(
    ("count", "within", "from_edge"),
    [
        pytest.param(0, [], [], id="none"),
        pytest.param(1, ["150"], ["150"], id="one"),
        pytest.param(2, ["75", "225"], ["0", "300"], id="two"),
        pytest.param(5, ["30", "90", "150", "210", "270"], ["0", "75", "150", "225", "300"], id="five"),
    ],
)
def test_where_points_stand(count: int, within: list[str], from_edge: list[str]) -> None:
    assert (amid(count), across(count)) == (within, from_edge)


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        pytest.param([], "", id="nothing"),
        pytest.param([None, None, None], "", id="nothing known"),
        pytest.param([5, 5, 5], "M0 50 150 50 300 50", id="all equal"),
        pytest.param([0, 10, 0], "M0 100 150 0 300 100", id="up and down"),
        pytest.param([1, None, 1], "M0 90m0 0h0M300 90m0 0h0", id="lone points beside a gap"),
        pytest.param([None, Fraction(10, 3), 0], "M150 66.67 300 100", id="begins late"),
        pytest.param([7], "M150 30m0 0h0", id="one step"),
    ],
)
def test_path(values: list[Value | None], drawn: str) -> None:
    assert path(points(values, Scale([10, 5, 0]), across(len(values)))) == drawn


def test_a_lone_point_above_a_bar_is_a_dash_as_wide() -> None:
    assert path(points([1], Scale([2, 1, 0]), amid(1)), dash=wide(1)) == "M150 50m-105 0h210"
    assert path([], dash=wide(0)) == ""


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, []), (1, [0]), (4, [0, 1, 2, 3]), (30, [0, 7, 14, 21, 29]), (92, [0, 22, 45, 68, 91])],
)
def test_labelled(count: int, expected: list[int]) -> None:
    assert labelled(count) == expected


@pytest.mark.parametrize(
    ("value", "highest", "expected"),
    [(0, 0, 0), (0, 9, 0), (1, 1000, 1), (250, 1000, 1), (251, 1000, 2), (999, 1000, 4), (5, 5, 4)],
)
def test_level(value: int, highest: int, expected: int) -> None:
    assert level(value, highest) == expected


def test_the_rest() -> None:
    assert lines_across() == ["0", "33.33", "66.67", "100"]
    assert [share(3, 4), share(0, 4), share(0, 0)] == [75, 0, 0]
