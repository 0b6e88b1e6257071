"""Tables → one CSV file that spreadsheets of this country open well: BOM, `;`, decimal comma (W18)."""

import csv
from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from io import StringIO
from typing import Any
from unicodedata import category, normalize

from gateway.services.reporting.table import Column, Kind, Table, Typed, clean, typed

CONTENT_TYPE = "text/csv; charset=utf-8"
BOM = b"\xef\xbb\xbf"
UNITS = {Kind.MINUTES: "h", Kind.MORE_MINUTES: "h", Kind.PERCENT: "%"}
"""In which a number stands, said in the title of its column."""

_STARTS = frozenset("=+-@\N{MINUS SIGN}")
_BREAKS = frozenset("\t\r\n")


def write(tables: Iterable[Table], language: str) -> bytes:
    """Return the tables one below the other, each under its name, with an empty line between them."""
    out = StringIO(newline="")
    lines = _writer(out)
    for number, table in enumerate(tables):
        if number:
            lines.writerow([])
        lines.writerow([guarded(table.name)])
        lines.writerows([[_cell(each, language) for each in typed(table, row)] for row in table.above])
        _write_table(lines, table, language)
    return BOM + out.getvalue().encode("utf-8")


def write_alone(table: Table, language: str) -> bytes:
    """Return one table without its name, as programs read it: titles, then rows."""
    out = StringIO(newline="")
    _write_table(_writer(out), table, language)
    return BOM + out.getvalue().encode("utf-8")


def _write_table(lines: Any, table: Table, language: str) -> None:
    lines.writerow([guarded(_title(column)) for column in table.columns])
    for row in table.rows:
        lines.writerow([_cell(each, language) for each in typed(table, row)])


def _writer(out: StringIO) -> Any:
    return csv.writer(out, delimiter=";", lineterminator="\r\n")


def guarded(words: str) -> str:
    """Return words that no spreadsheet takes for a formula, for it would compute what a stranger wrote.

    Spreadsheets skip what cannot be seen in front of it, and some take full-width and small forms of a
    sign for the sign.
    """
    words = clean(words)
    for character in words:
        if character in _BREAKS or normalize("NFKC", character) in _STARTS:
            return "'" + words
        if not character.isspace() and category(character)[0] not in "CZ":
            return words
    return words


def _title(column: Column) -> str:
    unit = UNITS.get(column.kind)
    return f"{column.title} ({unit})" if unit else column.title


def _cell(cell: Typed, language: str) -> str:
    value = cell.value
    if value is None:
        return ""
    match cell.kind:
        case Kind.TEXT:
            return guarded(str(value))
        case Kind.MINUTES | Kind.MORE_MINUTES if isinstance(value, int | Fraction):
            return _decimal(Fraction(value, 60), 2, language)
        case Kind.PERCENT if isinstance(value, int | Fraction):
            return _decimal(Fraction(value) * 100, 0, language)
        case Kind.MOMENT if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def _decimal(value: Fraction, places: int, language: str) -> str:
    written = f"{float(value):.{places}f}"
    return written.replace(".", ",") if language == "es" else written
