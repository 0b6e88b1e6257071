"""Files are read back: numbers are numbers, times are times, and no word of a stranger is a formula (W18)."""

import csv
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.reports import CountedClosing
from gateway.models.tickets import Event, Ticket
from gateway.rules.lifecycle import EventKind
from gateway.rules.periods import Period
from gateway.services.reporting import csv_file, figures, files, xlsx_file
from gateway.services.reporting.files import Form
from gateway.services.reporting.reader import Reader
from gateway.services.reporting.report import NO_COMPANY, Asked, Filters, Report
from gateway.services.reporting.table import Column, Kind, Table, Typed, clean
from tests.conftest import ONE_ENGINE
from tests.services.reporting.scene import ALL, MAY, ZONE, Scene, asked

NOW = datetime(2026, 6, 1, 11, 0, tzinfo=UTC)
SPANISH, ENGLISH = (Reader(language, ZONE, NOW) for language in ("es", "en"))
APRIL = Period(date(2026, 4, 1), date(2026, 4, 30))

FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\rx",
    "\nx",
    "  =1",
    "\u00a0=1",
    "\u200b=1",
    "\ufeff=1",
    "＝1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "﹣1",
    "−1",
]
HARMLESS = ["Impresora", "a=b", "1+1", "¿=?", "'=1", "", "   ", "#1", "<b>hola</b>", '"comillas"; y;coma']
"""Words that stay as they are in CSV."""


local = datetime.fromisoformat


def words_table(words: list[str]) -> Table:
    return Table("Palabras", [Column("Asunto", Kind.TEXT)], [[each] for each in words])


def read_csv(raw: bytes) -> list[list[str]]:
    assert raw.startswith(b"\xef\xbb\xbf")
    assert b"\n" not in raw.replace(b"\r\n", b"").replace(b"\nx", b"")
    return list(csv.reader(StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))


def book_of(raw: bytes) -> Any:
    return load_workbook(BytesIO(raw))


def cells(raw: bytes) -> list[Any]:
    return [cell for sheet in book_of(raw) for row in sheet.iter_rows() for cell in row]


@pytest.mark.parametrize("words", FORMULAS)
def test_what_a_spreadsheet_might_compute_is_guarded_in_csv(words: str) -> None:
    lines = read_csv(csv_file.write([words_table([words])], "es"))
    assert lines[2] == ["'" + clean(words)]


@pytest.mark.parametrize("words", HARMLESS)
def test_other_words_stay_as_they_are_in_csv(words: str) -> None:
    (_, line) = read_csv(csv_file.write_alone(words_table([words]), "es"))
    assert line == [words]


def test_every_word_is_typed_text_in_a_spreadsheet() -> None:
    hard = [*FORMULAS, "12", "1e5", "http://x.example", "TRUE", "2026-05-01", "_x0041_", "{=1}", "a\x00\x1bb"]
    hard += ["<r><t>no</t></r>", "<r></c></row></r>", "]]>&amp;<t>", "\ud800x\uffff", " orilla "]
    raw = xlsx_file.write([words_table(hard)], "es", made=NOW)
    found = [cell for cell in cells(raw) if cell.row > 1]
    assert {cell.data_type for cell in found} <= {"inlineStr", "s"}
    for cell, words in zip(found, hard, strict=True):
        shown = f" {words}" if words.startswith("<r>") else clean(words)
        assert cell.value.replace("_x005F_", "_").replace("\r", "\n").replace(
            "_x000D_", "\n"
        ) == shown.replace("\r", "\n")
    with ZipFile(BytesIO(raw)) as parts:
        assert b"<f>" not in b"".join(parts.read(name) for name in parts.namelist())


def test_numbers_stay_numbers_also_when_they_are_negative() -> None:
    columns = [Column(str(kind), kind) for kind in Kind if kind is not Kind.TEXT]
    row = [
        -3,
        1042,
        Fraction(3270, 2),
        Fraction(-45),
        date(2026, 5, 1),
        local("2026-05-01 09:30"),
        Fraction(-1, 8),
    ]
    tables = [Table("Números", columns, [row, [None] * 7, [Typed(Kind.TEXT, "=1")]])]
    (_, titles, line, nothing, last) = read_csv(csv_file.write(tables, "es"))
    assert titles == ["count", "number", "minutes (h)", "more_minutes (h)", "date", "moment", "percent (%)"]
    assert line == ["-3", "1042", "27,25", "-0,75", "2026-05-01", "2026-05-01 09:30", "-12"]
    assert (nothing, last) == ([""] * 7, ["'=1"])
    english = read_csv(csv_file.write([replace(tables[0])], "en"))[2]
    assert english[2:4] == ["27.25", "-0.75"]
    sheet = book_of(xlsx_file.write(tables, "es", made=NOW)).active
    values = [cell.value for cell in sheet[2]]
    assert values == [
        -3,
        1042,
        timedelta(hours=27, minutes=15),
        -0.75,
        local("2026-05-01"),
        local("2026-05-01 09:30"),
        -0.125,
    ]
    formats = [cell.number_format for cell in sheet[2]]
    assert formats == ["#,##0", "0", "[h]:mm", '0.00" h"', "dd/mm/yyyy", "dd/mm/yyyy hh:mm", "0%"]
    assert [cell.data_type for cell in sheet[2]] == ["n", "n", "d", "n", "d", "d", "n"]


def test_a_cell_holds_no_more_than_a_spreadsheet_takes() -> None:
    for words in ("x" * 40_000, "😀" * 20_000):
        (cell,) = [
            cell for cell in cells(xlsx_file.write([words_table([words])], "es", made=NOW)) if cell.row > 1
        ]
        assert len(cell.value.encode("utf-16-le")) // 2 in (32_766, 32_767)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["Resumen"], ["Resumen"], id="plain"),
        pytest.param(["a/b[c]:*?\\'"], ["a b c"], id="signs it may not have"),
        pytest.param(
            ["x" * 40, "X" * 40], ["x" * 31, f"{'X' * 29} 2"], id="long, and the same but for capitals"
        ),
        pytest.param(["History", ""], ["History 1", "1"], id="kept for itself; nothing"),
    ],
)
def test_sheet_name(names: list[str], expected: list[str]) -> None:
    taken: set[str] = set()
    found = [" ".join(xlsx_file.sheet_name(each, taken).split()) for each in names]
    assert found == expected


def hostile(session: Session, scene: Scene) -> Report:
    """May beside April, of people and subjects that would be formulas."""
    scene.laura.name, scene.andina.name = "=1+1", "@SUM(A1)"
    scene.martin.name, scene.billing.name = "-2", "\u200b+3"
    first = scene.received("05-04 09:30", ("05-05 10:00", scene.martin, None), minutes=1470)
    scene.received("05-06 09:30", by=scene.nadie, assignee=scene.carla)
    scene.received("04-06 09:30", ("05-02 09:30", None, None), topic=scene.access, minutes=120)
    scene.received("04-08 09:30", ("04-08 10:30", scene.carla, "06-01 10:00"), minutes=60)
    scene.received("03-08 09:30", minutes=60)  # neither received nor closed in May
    session.flush()
    make_subject(session, first, '=HYPERLINK("http://x.example")')
    return replace(figures.make(session, asked(MAY, ALL, APRIL), zone=ZONE), counted=True)


def make_subject(session: Session, number: int, subject: str) -> None:
    session.execute(update(Ticket).where(table_of(Ticket).c.id == number).values(subject=subject))


def test_a_report_read_back_from_a_spreadsheet(session: Session, scene: Scene) -> None:
    file = files.write(session, hostile(session, scene), SPANISH, Form.XLSX, site="=Mesa")
    assert file.name == "reportes-2026-05-01-a-2026-05-31.xlsx"
    book = book_of(file.content)
    assert book.sheetnames == [
        "Resumen", "Por día", "Operadores", "Temáticas", "Empresas", "Canales", "Por hora", "Solicitudes",
        "Definiciones",
    ]  # fmt: skip
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {
        "n",
        "d",
        "inlineStr",
        "s",
    }
    summary = [[cell.value for cell in row] for row in book["Resumen"].iter_rows()]
    assert summary[0][:2] == ["Sitio", "=Mesa"]
    assert summary[1][:2] == ["Período", "01/05/2026 al 31/05/2026"]
    assert summary[2][:2] == ["Comparado con", "01/04/2026 al 30/04/2026"]
    assert summary[3][:2] == ["Hecho el", local("2026-06-01 08:00")]
    assert summary[5] == ["Cifra", "Unidad", "Valor", "Antes", "Diferencia", "Cambio"]
    assert summary[6] == ["Recibidas", "solicitudes", 2, 2, 0, 0]
    assert summary[7] == ["Cerradas", "solicitudes", 2, 1, 1, None]
    days = [[cell.value for cell in row] for row in book["Por día"].iter_rows(min_row=2)]
    assert len(days) == 31
    assert days[4][0] == local("2026-05-05")
    assert days[4][2:5] == [1, timedelta(minutes=1470), timedelta(minutes=735)]
    assert [each[5] for each in days][-2:] == [local("2026-04-30"), None]
    operators = [[cell.value for cell in row] for row in book["Operadores"].iter_rows(min_row=2)]
    assert sorted(str(each[0]) for each in operators) == ["-2", "Carla Ruiz", "Cerradas por sí solas"]
    assert sum(each[1] for each in operators) == 2
    assert sum(each[2] for each in operators) == 1
    hours = [[cell.value for cell in row] for row in book["Por hora"].iter_rows(min_row=2)]
    assert hours[0][0] == "lunes"
    assert [row[10] for row in hours] == [1, 0, 1, 0, 0, 0, 0]
    assert book["Por hora"].freeze_panes == "A2"
    assert book["Resumen"].auto_filter.ref == "A6:F18"


def test_the_requests_of_a_report(session: Session, scene: Scene) -> None:
    report = hostile(session, scene)
    moment = local("2026-05-12 18:18").replace(second=31, tzinfo=ZONE).astimezone(UTC)
    for number in session.execute(select(table_of(CountedClosing).c.ticket_id)).scalars():
        session.add(Event(ticket_id=number, kind=EventKind.CLOSED, at=moment))
    session.flush()
    file = files.write(session, report, SPANISH, Form.XLSX, site="Mesa")
    titles, *rows = [[cell.value for cell in row] for row in book_of(file.content)["Solicitudes"].iter_rows()]
    assert len(rows) == 3
    first = dict(zip(titles, rows[0], strict=True))
    assert first["Asunto"] == '=HYPERLINK("http://x.example")'
    assert (first["Solicitante"], first["Empresa"], first["Temática"]) == ("=1+1", "@SUM(A1)", "\u200b+3")
    assert first["Hasta el cierre"] == timedelta(minutes=1470)
    assert first["Hasta el cierre, en horas hábiles"] == timedelta(minutes=735)
    assert first["Cerró"] == "-2"
    assert first["Recibida"] == local("2026-05-11 17:48")
    assert first["Cerrada"] == local("2026-05-12 18:18")
    by_itself = dict(zip(titles, rows[2], strict=True))
    assert by_itself["Cerró"] == "Por sí sola"
    still_open = dict(zip(titles, rows[1], strict=True))
    assert (still_open["Solicitante"], still_open["Asignada a"]) == ("nadie@correo.example", "Carla Ruiz")
    assert (still_open["Cerrada"], still_open["Cerró"], still_open["Empresa"]) == (None, None, None)


def test_a_report_read_back_from_csv(session: Session, scene: Scene) -> None:
    file = files.write(session, hostile(session, scene), SPANISH, Form.CSV, site="=Mesa")
    lines = read_csv(file.content)
    assert file.content_type == "text/csv; charset=utf-8"
    assert lines[:2] == [["Resumen"], ["Sitio", "'=Mesa"]]
    assert ["Resolución media", "horas", "13,25", "1,00", "12,25", ""] in lines
    assert ["'-2", "1", "0", "", "24,50", "", "", "12,25", "", "", "0", "0", "0"] in lines
    (first,) = [line for line in lines if len(line) == 15 and line[1].startswith("'=HYPERLINK")]
    assert first[2:5] == ["'=1+1", "'@SUM(A1)", "'\u200b+3"]
    assert first[13] == "24,50"
    assert lines.count([]) == 8


@ONE_ENGINE
def test_in_english_and_compared_with_nothing(session: Session, scene: Scene) -> None:
    report = replace(figures.make(session, asked(), zone=ZONE), counted=True)
    book = book_of(files.write(session, report, ENGLISH, Form.XLSX, site="Desk").content)
    assert book.sheetnames[0] == "Summary"
    summary = [[cell.value for cell in row] for row in book["Summary"].iter_rows()]
    assert summary[1][:2] == ["Period", "1 May 2026 to 31 May 2026"]
    assert summary[4] == ["Figure", "Unit", "Value"]
    assert summary[5] == ["Received requests", "requests", 0]
    assert [cell.value for cell in book["By day"][2]] == [local("2026-05-01"), 0, 0, None, None]
    assert book["Requests"].max_row == 1, "nothing but titles"
    lines = read_csv(files.write(session, report, ENGLISH, Form.CSV, site="Desk").content)
    assert ["Mean resolution", "hours", ""] in lines


def test_more_requests_than_a_file_holds_are_cut_with_a_word_on_it(session: Session, scene: Scene) -> None:
    for _ in range(3):
        scene.received("05-04 09:30")
    report = figures.make(session, asked(), zone=ZONE)
    notice = "Hay más: esta lista termina en 2 solicitudes. Elegí un período más corto."
    for most, last in ((2, notice), (3, 3)):
        file = files.write(session, report, SPANISH, Form.XLSX, site="Mesa", most=most)
        rows = list(book_of(file.content)["Solicitudes"].iter_rows(min_row=2, max_col=1, values_only=True))
        assert len(rows) == 3
        assert rows[-1][0] == last


def test_what_is_asked_for_stands_above(session: Session, scene: Scene) -> None:
    filters = Filters(topic=scene.billing.id, operator=scene.carla.id, company=NO_COMPANY)
    report = replace(figures.make(session, asked(filters=filters), zone=ZONE), counted=False)
    lines = read_csv(files.write(session, report, SPANISH, Form.CSV, site="Mesa").content)
    assert ["Temática", "Facturación"] in lines
    assert ["Operador", "Carla Ruiz"] in lines
    assert ["Empresa", "Sin empresa"] in lines
    assert ["Todavía no está todo contado: algunas cifras pueden cambiar."] in lines


def test_a_filter_by_nothing_there_is_is_not_found(session: Session, scene: Scene) -> None:
    with pytest.raises(NotFound):
        files.make(session, asked(filters=Filters(topic=10**6)), SPANISH, Form.CSV, site="Mesa")


def test_the_requests_alone(session: Session, scene: Scene) -> None:
    number = scene.received("05-04 09:30")
    file = files.requests_alone(session, asked(), SPANISH)
    assert file.name == "solicitudes-2026-05-01-a-2026-05-31.csv"
    titles, line = read_csv(file.content)
    assert (titles[0], line[0]) == ("Número", str(number))


def test_of_an_operator_the_closing_of_a_colleague_is_still_shown(session: Session, scene: Scene) -> None:
    scene.received("05-04 09:30", ("05-05 10:00", scene.martin, None), assignee=scene.carla)
    asked_for: Asked = asked(filters=Filters(operator=scene.carla.id))
    titles, line = read_csv(files.requests_alone(session, asked_for, SPANISH).content)
    assert dict(zip(titles, line, strict=True))["Cerró"] == "Martín Sosa"
