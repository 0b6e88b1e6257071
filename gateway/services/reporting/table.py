"""A table as it leaves in a file: every cell of a known kind, in no format yet."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction

MOST_CHARACTERS = 32_767
"""Of a cell: as many as a spreadsheet takes."""

_REFUSED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Kind(StrEnum):
    """What a cell holds, which says how each kind of file writes it."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"  # a number that is a name: no thousands are set apart
    MINUTES = "minutes"  # a length of time, never negative
    MORE_MINUTES = "more_minutes"  # how much longer: negative for shorter
    DATE = "date"
    MOMENT = "moment"  # by the clock of the site's zone, so without a zone
    PERCENT = "percent"  # as a fraction: a half is 50 %


Value = str | int | Fraction | date | datetime | None


@dataclass(frozen=True, slots=True)
class Typed:
    """A cell of another kind than its column."""

    kind: Kind
    value: Value


Row = Sequence[Value | Typed]


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """Its rows may come one by one, and be shorter than the columns. `above`: lines before the titles."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Row]
    above: Sequence[Row] = ()


def typed(table: Table, row: Row) -> Iterable[Typed]:
    """Yield the cells of a row with their kinds; cells that say nothing are None."""
    for column, cell in zip(table.columns, row, strict=False):
        yield cell if isinstance(cell, Typed) else Typed(column.kind, cell)


def text(words: str) -> Typed:
    """A cell with words, whatever its column holds."""
    return Typed(Kind.TEXT, words)


def clean(words: str) -> str:
    """Return words without what no file of ours may hold, and no longer than a cell.

    XML refuses control characters and halves of characters; a NUL ends the text for many a program.
    """
    kept = _REFUSED.sub("", words[: MOST_CHARACTERS + 1])
    if len(kept) * 2 <= MOST_CHARACTERS:  # so short that no character can make it too long
        return kept
    return kept.encode("utf-16-le")[: 2 * MOST_CHARACTERS].decode("utf-16-le", "ignore")
