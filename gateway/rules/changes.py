"""How a figure changed against another period: in percent, as a difference, or not to be said.

A percentage of few cases sounds like news and is chance: then the difference is told, and over zero
nothing is.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

FEW = 5
"""Below so many cases, or for a count a difference of fewer, there is no percentage."""


class ChangeKind(StrEnum):
    """What can be said of a change."""

    PERCENT = "percent"
    DIFFERENCE = "difference"
    SAME = "same"
    NO_DATA = "no_data"


class Better(StrEnum):
    """Which way a figure should go."""

    MORE = "more"
    LESS = "less"
    NEITHER = "neither"


RECEIVED = Better.NEITHER
CLOSED = Better.MORE
REOPENED = OPEN = RESOLUTION = FIRST_ANSWER = Better.LESS


@dataclass(frozen=True, slots=True)
class Change:
    """`amount` is whole and never negative: percent, or for a difference cases or minutes. `up` is its
    direction; `good` None: neither good nor bad, so it has no colour."""

    kind: ChangeKind
    amount: int = 0
    up: bool = False
    good: bool | None = None


NO_DATA = Change(ChangeKind.NO_DATA)
SAME = Change(ChangeKind.SAME)


def of_count(now: int, before: int, better: Better) -> Change:
    """Return how a number of cases changed."""
    if now == before:
        return SAME
    if not before:
        return NO_DATA
    few = min(now, before, abs(now - before)) < FEW
    return _change(Fraction(now), Fraction(before), better, few=few)


def of_minutes(now: Fraction | None, before: Fraction | None, *, cases: int, better: Better) -> Change:
    """Return how a mean or median changed; `cases`: of how many it is, on the side with fewer of them.

    None is the mean of no cases.
    """
    if now is None or not before:
        return SAME if now == before == 0 else NO_DATA
    if _whole(now) == _whole(before):
        return SAME  # both are shown in whole minutes
    return _change(now, before, better, few=cases < FEW)


def _change(now: Fraction, before: Fraction, better: Better, *, few: bool) -> Change:
    """Return the change of two values that differ, told as a difference when its percentage says nothing."""
    up = now > before
    good = None if better is Better.NEITHER else up == (better is Better.MORE)
    percent = _whole(abs(now - before) * 100 / before)
    if few or not percent:
        return Change(ChangeKind.DIFFERENCE, abs(_whole(now) - _whole(before)), up, good)
    return Change(ChangeKind.PERCENT, percent, up, good)


def _whole(value: Fraction) -> int:
    """Return what is not negative as a whole number, a half rounded up."""
    return int(value + Fraction(1, 2))
