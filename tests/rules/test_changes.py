from fractions import Fraction

import pytest

from gateway.rules.changes import (
    CLOSED,
    NO_DATA,
    OPEN,
    RECEIVED,
    RESOLUTION,
    SAME,
    Better,
    Change,
    ChangeKind,
    of_count,
    of_minutes,
)

PERCENT, DIFFERENCE = ChangeKind.PERCENT, ChangeKind.DIFFERENCE


@pytest.mark.parametrize(
    ("now", "before", "better", "expected"),
    [
        pytest.param(204, 182, RECEIVED, Change(PERCENT, 12, True, None), id="more received is neutral"),
        pytest.param(182, 204, RECEIVED, Change(PERCENT, 11, False, None), id="fewer received is neutral"),
        pytest.param(199, 170, CLOSED, Change(PERCENT, 17, True, True), id="more closed is good"),
        pytest.param(170, 199, CLOSED, Change(PERCENT, 15, False, False), id="fewer closed is bad"),
        pytest.param(60, 40, OPEN, Change(PERCENT, 50, True, False), id="more open is bad"),
        pytest.param(40, 60, OPEN, Change(PERCENT, 33, False, True), id="fewer open is good"),
        pytest.param(43, 39, OPEN, Change(DIFFERENCE, 4, True, False), id="a difference under five"),
        pytest.param(44, 39, OPEN, Change(PERCENT, 13, True, False), id="a difference of five"),
        pytest.param(30, 4, CLOSED, Change(DIFFERENCE, 26, True, True), id="under five before"),
        pytest.param(4, 30, CLOSED, Change(DIFFERENCE, 26, False, False), id="under five now"),
        pytest.param(0, 30, CLOSED, Change(DIFFERENCE, 30, False, False), id="none now"),
        pytest.param(10, 5, CLOSED, Change(PERCENT, 100, True, True), id="twice as many"),
        pytest.param(5, 10, CLOSED, Change(PERCENT, 50, False, False), id="half as many"),
        pytest.param(10, 0, CLOSED, NO_DATA, id="never over zero"),
        pytest.param(3, 0, CLOSED, NO_DATA, id="nor a few over zero"),
        pytest.param(0, 0, CLOSED, SAME, id="none and none"),
        pytest.param(7, 7, RECEIVED, SAME, id="as many"),
        pytest.param(225, 200, RECEIVED, Change(PERCENT, 13, True, None), id="half a percent up"),
        pytest.param(175, 200, RECEIVED, Change(PERCENT, 13, False, None), id="half a percent down"),
        pytest.param(10010, 10000, RECEIVED, Change(DIFFERENCE, 10, True, None), id="not zero percent"),
        pytest.param(10**12, 10, RECEIVED, Change(PERCENT, 10**13 - 100, True, None), id="huge"),
    ],
)
def test_of_count(now: int, before: int, better: Better, expected: Change) -> None:
    assert of_count(now, before, better) == expected


@pytest.mark.parametrize(
    ("now", "before", "cases", "expected"),
    [
        pytest.param(Fraction(564), Fraction(656), 9, Change(PERCENT, 14, False, True), id="shorter"),
        pytest.param(Fraction(656), Fraction(564), 9, Change(PERCENT, 16, True, False), id="longer"),
        pytest.param(Fraction(564), Fraction(656), 4, Change(DIFFERENCE, 92, False, True), id="few cases"),
        pytest.param(Fraction(565), Fraction(564), 9, Change(DIFFERENCE, 1, True, False), id="not 0 %"),
        pytest.param(Fraction(1127, 2), Fraction(564), 9, SAME, id="the same in whole minutes"),
        pytest.param(Fraction(10), Fraction(0), 9, NO_DATA, id="over zero"),
        pytest.param(Fraction(10), None, 0, NO_DATA, id="no cases before"),
        pytest.param(None, Fraction(10), 0, NO_DATA, id="no cases now"),
        pytest.param(None, None, 0, NO_DATA, id="no cases at all"),
        pytest.param(Fraction(0), Fraction(0), 9, SAME, id="nothing and nothing"),
        pytest.param(Fraction(0), Fraction(40), 9, Change(PERCENT, 100, False, True), id="down to nothing"),
    ],
)
def test_of_minutes(now: Fraction | None, before: Fraction | None, cases: int, expected: Change) -> None:
    assert of_minutes(now, before, cases=cases, better=RESOLUTION) == expected
