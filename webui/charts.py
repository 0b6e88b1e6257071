"""Figures → the numbers of a drawing 300 wide and 100 high, which the style sheet stretches to its box.

Pure: no word and no markup; templates/report_charts.html draws. Values are never negative.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

WIDTH, HEIGHT = 300, 100
INTERVALS = 3
"""Between so many lines a chart is read; each is a round number."""

ROUND = (1, 2, 3, 4, 5, 6, 8, 10)
LEVELS = 4
LABELS = 5
BAR = Fraction(7, 10)
"""Of the room of a step, the part that its bar takes."""

Value = Fraction | int


@dataclass(frozen=True, slots=True)
class Scale:
    """The ticks of an axis from the highest down to nought."""

    ticks: Sequence[int]

    @property
    def top(self) -> int:
        return self.ticks[0]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from the ground up: its left, its top, how wide and how high it is."""

    x: str
    y: str
    width: str
    height: str


def scale(values: Iterable[Value | None]) -> Scale:
    """Return the lowest scale of round ticks that holds all values."""
    highest = max((value for value in values if value is not None), default=0)
    wanted, power = ceil(Fraction(highest) / INTERVALS), 1
    while wanted > 10 * power:
        power *= 10
    step = next(each * power for each in ROUND if each * power >= max(wanted, 1))
    return Scale([step * number for number in range(INTERVALS, -1, -1)])


def lines_across() -> list[str]:
    """Return the heights of the lines that the ticks stand beside, from the top down."""
    return [_text(Fraction(HEIGHT * number, INTERVALS)) for number in range(INTERVALS + 1)]


def bars(values: Sequence[int], axis: Scale) -> list[Bar | None]:
    """Return a bar for each value; of nothing there is none."""
    room = Fraction(WIDTH, max(len(values), 1))
    width = wide(len(values))
    side = (room - width) / 2
    return [
        Bar(_text(room * place + side), _height(value, axis), _text(width), _text(_part(value, axis)))
        if value
        else None
        for place, value in enumerate(values)
    ]


def wide(count: int) -> Fraction:
    """Return how wide a bar is."""
    return Fraction(WIDTH, max(count, 1)) * BAR


def amid(count: int) -> list[str]:
    """Return where points stand above their bars."""
    room = Fraction(WIDTH, max(count, 1))
    return [_text(room * place + room / 2) for place in range(count)]


def across(count: int) -> list[str]:
    """Return where points stand when the first is at the left edge and the last at the right."""
    if count == 1:
        return [_text(Fraction(WIDTH, 2))]
    return [_text(Fraction(WIDTH * place, count - 1)) for place in range(count)]


def points(
    values: Sequence[Value | None], axis: Scale, places: Sequence[str]
) -> list[tuple[str, str] | None]:
    """Return where each value stands; None where there is none."""
    return [
        None if value is None else (place, _height(value, axis))
        for place, value in zip(places, values, strict=True)
    ]


def path(found: Sequence[tuple[str, str] | None], *, dash: Fraction = Fraction(0)) -> str:
    """Return the line through points, parted where one is missing; through a lone point it is a `dash`."""
    parts: list[str] = []
    run: list[tuple[str, str]] = []
    for point in (*found, None):
        if point is not None:
            run.append(point)
        elif run:
            lone = f"m{_text(-dash / 2)} 0h{_text(dash)}" if len(run) == 1 else ""
            parts.append("M" + " ".join(f"{x} {y}" for x, y in run) + lone)
            run = []
    return "".join(parts)


def labelled(count: int) -> list[int]:
    """Return which of so many steps are named below a chart: some, evenly, the first and last among them."""
    if count <= LABELS:
        return list(range(count))
    return [place * (count - 1) // (LABELS - 1) for place in range(LABELS)]


def level(value: int, highest: int) -> int:
    """Return how dark a field of a heat map is: 0 for nothing, else 1 to LEVELS."""
    return ceil(Fraction(LEVELS * value, highest)) if value else 0


def share(value: int, highest: int) -> int:
    """Return the length of a bar in a table, of 100."""
    return round(Fraction(100 * value, highest)) if highest else 0


def _part(value: Value, axis: Scale) -> Fraction:
    return Fraction(value) * HEIGHT / axis.top


def _height(value: Value, axis: Scale) -> str:
    return _text(HEIGHT - _part(value, axis))


def _text(number: Fraction) -> str:
    return f"{float(number):.2f}".rstrip("0").rstrip(".")
