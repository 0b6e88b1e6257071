"""What a benchmark says: one JSON line, its value beside the reference of the same run."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

DIGITS = 4
"""Significant ones; more would pretend."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and what it is measured by. `ratio` is value through reference."""

    name: str
    value: float
    unit: str
    reference: float

    @property
    def ratio(self) -> float:
        return self.value / self.reference

    def line(self) -> str:
        """The JSON line, as the contract has it."""
        return json.dumps(
            {**{key: _rounded(each) for key, each in asdict(self).items()}} | {"ratio": _rounded(self.ratio)}
        )


def middle(rounds: Sequence[tuple[float, float]], name: str, unit: str) -> Figure:
    """Return the medians of rounds (ours, the reference's), which took turns."""
    tell(name, " ".join(f"{ours:.4g}/{theirs:.4g}" for ours, theirs in rounds))
    return Figure(name, median(ours for ours, _ in rounds), unit, median(theirs for _, theirs in rounds))


def tell(name: str, words: str) -> None:
    """Say to a person what goes on; the lines for programs have the standard output to themselves."""
    print(f"{name}: {words}", file=sys.stderr, flush=True)


def _rounded(value: object) -> object:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
