"""A report as a file: its name, its kind, its bytes."""

from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session

from gateway.rules.periods import Period
from gateway.services.reporting import csv_file, figures, request_rows, request_table, tables, xlsx_file
from gateway.services.reporting.reader import Reader, named
from gateway.services.reporting.report import Asked, Report
from gateway.services.reporting.table import Table


class Form(StrEnum):
    """What a report leaves as; the value ends the name of its file."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file whole: some megabytes at most, since the list of requests in it is cut."""

    name: str
    content_type: str
    content: bytes


def make(session: Session, asked: Asked, reader: Reader, form: Form, *, site: str) -> ReportFile:
    """Add up what was asked for, and write it."""
    return write(session, figures.make(session, asked, zone=reader.zone), reader, form, site=site)


def write(
    session: Session,
    report: Report,
    reader: Reader,
    form: Form,
    *,
    site: str,
    most: int = request_table.MOST,
) -> ReportFile:
    """Write a report, and the requests behind it as they come from the database."""
    asked = report.asked
    all_tables = tables.tables(report, named(session, asked.filters, reader, site), reader)
    all_tables.insert(-1, _requests(session, asked, reader, most))  # before the definitions
    name = file_name("reportes", asked.period, form)
    match form:
        case Form.CSV:
            return ReportFile(name, csv_file.CONTENT_TYPE, csv_file.write(all_tables, reader.language))
        case Form.XLSX:
            content = xlsx_file.write(all_tables, reader.language, made=reader.now)
            return ReportFile(name, xlsx_file.CONTENT_TYPE, content)


def requests_alone(session: Session, asked: Asked, reader: Reader) -> ReportFile:
    """Write the requests of a report and nothing else, for whoever reads them with a program."""
    table = _requests(session, asked, reader, request_table.MOST)
    name = file_name("solicitudes", asked.period, Form.CSV)
    return ReportFile(name, csv_file.CONTENT_TYPE, csv_file.write_alone(table, reader.language))


def file_name(what: str, period: Period, form: Form) -> str:
    """Return the name of a file: reportes-2026-04-01-a-2026-04-30.xlsx."""
    return f"{what}-{period.first}-a-{period.last}.{form}"


def _requests(session: Session, asked: Asked, reader: Reader, most: int) -> Table:
    found = request_rows.rows(session, asked, zone=reader.zone, most=most + 1)
    return request_table.table(found, reader, most=most)
