"""Tables → one XLSX file: a sheet each, numbers as numbers, text as text and never a formula (W18)."""

from collections.abc import Iterable
from datetime import date, datetime
from fractions import Fraction
from io import BytesIO
from typing import Any

from xlsxwriter import Workbook

from gateway.services.reporting.table import Kind, Table, Typed, clean, typed

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET_NAME = 31
_OPTIONS = {
    "constant_memory": True,  # rows go to a temporary file as they come
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_DAYS = {"es": "dd/mm/yyyy", "en": "d mmm yyyy"}
_WIDTHS = {Kind.TEXT: 30, Kind.MOMENT: 17}
_WIDTH, _WIDEST = 12, 60
_MINUTES_A_DAY = 24 * 60


def write(tables: Iterable[Table], language: str, *, made: datetime) -> bytes:
    """Return the file. `made` is written in it, by the clock of the site."""
    out = BytesIO()
    with Workbook(out, _OPTIONS) as book:
        book.set_properties({"created": made.replace(tzinfo=None)})
        formats = _formats(book, language)
        taken: set[str] = set()
        for table in tables:
            _sheet(book, table, formats, sheet_name(table.name, taken))
    return out.getvalue()


def sheet_name(name: str, taken: set[str]) -> str:
    """Return a name that a sheet may have and that none has yet; add it to those taken."""
    plain = "".join(" " if c in "[]:*?/\\" else c for c in clean(name)).strip("' \t\r\n") or "1"
    plain = f"{plain} 1" if plain.casefold() == "history" else plain  # kept for itself by Excel
    safe, number = plain[:SHEET_NAME], 1
    while safe.casefold() in taken:
        number += 1
        safe = f"{plain[: SHEET_NAME - len(str(number)) - 1]} {number}"
    taken.add(safe.casefold())
    return safe


def _formats(book: Any, language: str) -> dict[Kind | str, Any]:
    day = _DAYS.get(language, _DAYS["en"])
    numbers = {
        Kind.TEXT: "@",
        Kind.COUNT: "#,##0",
        Kind.NUMBER: "0",
        Kind.MINUTES: "[h]:mm",
        Kind.MORE_MINUTES: '0.00" h"',  # no program shows a negative [h]:mm
        Kind.DATE: day,
        Kind.MOMENT: f"{day} hh:mm",
        Kind.PERCENT: "0%",
    }
    found: dict[Kind | str, Any] = {
        kind: book.add_format({"num_format": words, "valign": "top"}) for kind, words in numbers.items()
    }
    found["title"] = book.add_format({"bold": True, "num_format": "@", "text_wrap": True, "valign": "top"})
    return found


def _sheet(book: Any, table: Table, formats: dict[Kind | str, Any], name: str) -> None:
    sheet = book.add_worksheet(name)
    for number, column in enumerate(table.columns):
        wide = max(_WIDTHS.get(column.kind, _WIDTH), min(len(column.title), _WIDEST) // 2 + 4)
        sheet.set_column(number, number, wide)
    line = 0
    for row in table.above:
        _write_row(sheet, line, typed(table, row), formats)
        line += 1
    titles = line + 1 if table.above else 0  # an empty line apart
    for number, column in enumerate(table.columns):
        sheet.write_string(titles, number, _shown(column.title), formats["title"])
    sheet.freeze_panes(titles + 1, 0)
    line = titles
    for row in table.rows:
        line += 1
        _write_row(sheet, line, typed(table, row), formats)
    sheet.autofilter(titles, 0, line, len(table.columns) - 1)


def _write_row(sheet: Any, line: int, cells: Iterable[Typed], formats: dict[Kind | str, Any]) -> None:
    for number, cell in enumerate(cells):
        value, form = cell.value, formats[cell.kind]
        if value is None or value == "":
            continue
        if cell.kind is Kind.TEXT:
            sheet.write_string(line, number, _shown(str(value)), form)
        elif isinstance(value, date):  # a datetime, too
            sheet.write_datetime(line, number, value, form)
        elif isinstance(value, int | Fraction):
            sheet.write_number(line, number, _as_number(value, cell.kind), form)


def _as_number(value: int | Fraction, kind: Kind) -> float:
    match kind:
        case Kind.MINUTES:
            return float(Fraction(value, _MINUTES_A_DAY))  # of a day, as spreadsheets count time
        case Kind.MORE_MINUTES:
            return float(Fraction(value, 60))
        case Kind.PERCENT:
            return float(value)
    return int(value)


def _shown(words: str) -> str:
    """Return text as a cell may hold it.

    XlsxWriter copies what stands between `<r>` and `</r>` into the file as it is, markup and all: a
    space in front keeps a stranger's words text.
    """
    words = clean(words)
    return f" {words}" if words.startswith("<r>") else words
