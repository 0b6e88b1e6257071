"""The report of a month as a mail with its spreadsheet, for each administrator in their language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlmodel import Session

from gateway.catalogue import Translator, _, translator
from gateway.mail.notice import AttachedRef, FigureShown, ReportShown, Template, Values
from gateway.models.people import User
from gateway.models.queues import Purpose
from gateway.rules.changes import ChangeKind
from gateway.rules.periods import Comparison, Period, last_month
from gateway.services import alerts, blobs, house_mail, monthly_report, outbox
from gateway.services.blobs import Content, content_of
from gateway.services.desk import Desk
from gateway.services.reporting import figures, files, totals
from gateway.services.reporting.files import Form
from gateway.services.reporting.reader import Reader
from gateway.services.reporting.report import Asked, Report
from gateway.services.reporting.totals import Amount, Line
from gateway.services.reporting.words import ReportWords

SETTINGS = "/admin/informe"


@dataclass(frozen=True, slots=True)
class Spreadsheet:
    """The file of one language."""

    name: str
    content_type: str
    content: Content


@dataclass(frozen=True, slots=True)
class Prepared:
    """A report, and its spreadsheet in each language somebody reads: large ones are to be placed first."""

    report: Report
    sheets: Mapping[str, Spreadsheet]

    @property
    def contents(self) -> list[Content]:
        return [each.content for each in self.sheets.values()]


def languages(session: Session, desk: Desk, *, now: datetime) -> set[str]:
    """Return the languages of those it would go to."""
    return {each.language for each in alerts.administrators(session, desk, now=now)}


def prepare(
    session: Session, desk: Desk, month: Period, languages: Iterable[str], *, now: datetime
) -> Prepared:
    """Make the report of a month beside the month before. Slow: outside the transaction that sends it."""
    zone = ZoneInfo(desk.site.timezone)
    asked = Asked(month, Comparison.DATES, last_month(month.first))
    report = figures.make(session, asked, zone=zone)
    sheets = {}
    for language in sorted(languages):
        reader = Reader(language, zone, now)
        file = files.write(session, report, reader, Form.XLSX, site=desk.site.name)
        sheets[language] = Spreadsheet(file.name, file.content_type, content_of(file.content))
    return Prepared(report, sheets)


def send(session: Session, desk: Desk, prepared: Prepared, *, now: datetime) -> bool:
    """Queue the mails of this month, unless somebody else did meanwhile; return whether it did."""
    month = prepared.report.asked.period
    if monthly_report.due(session, ZoneInfo(desk.site.timezone), now=now) != month:
        return False
    people = alerts.administrators(session, desk, now=now)
    if not people:
        return False
    send_to(session, desk, prepared, people, now=now)
    monthly_report.mark_sent(session, month, now=now)
    return True


def send_to(
    session: Session, desk: Desk, prepared: Prepared, people: Iterable[User], *, now: datetime
) -> None:
    """Queue the mail for these people. Whose language is new since it was prepared gets another's sheet."""
    blobs.keep(session, prepared.contents, now=now)
    rows = []
    for each in people:
        sheet = prepared.sheets.get(each.language) or next(iter(prepared.sheets.values()))
        values = Values(site=desk.site.name, report=shown(desk, prepared.report, each.language))
        link = desk.url(f"/reportes.xlsx?{_query(prepared.report.asked)}")
        file = AttachedRef(sheet.name, sheet.content_type, sheet.content.size, sheet.content.sha256, link)
        rows.append(
            house_mail.row(desk, each, Template.REPORT, Purpose.REPORT, values, now=now, files=[file])
        )
    outbox.queue(session, rows)


def shown(desk: Desk, report: Report, language: str) -> ReportShown:
    """Return the figures people look at first, in words."""
    say = translator(language)
    words = ReportWords(language, say)
    return ReportShown(
        month=words.step(report.now.period),
        against=words.step(report.before.period) if report.before is not None else "",
        figures=tuple(
            FigureShown(
                title=say(line.title),
                value=_amount(line, line.now, words, say),
                change=_change(line, words, say),
            )
            for line in totals.main_lines(report)
        ),
        url=desk.url(f"/reportes?{_query(report.asked)}"),
        settings_url=desk.url(SETTINGS),
    )


def _amount(line: Line, amount: Amount, words: ReportWords, say: Translator) -> str:
    if amount is None:
        return say(_("no data"))
    return words.minutes(amount) if line.timed else words.count(int(amount))


def _change(line: Line, words: ReportWords, say: Translator) -> str:
    """Return how a figure changed: "12 % más, antes 182"."""
    change = line.change
    if change is None:
        return ""
    before = _amount(line, line.before, words, say)
    match change.kind:
        case ChangeKind.PERCENT:
            amount = f"{words.count(change.amount)} %"
        case ChangeKind.DIFFERENCE:
            amount = _amount(line, change.amount, words, say)
        case ChangeKind.SAME:
            return say(_("the same as before"))
        case ChangeKind.NO_DATA:
            return say(_("before: {before}")).format(before=before)
    form = say(_("{amount} more, before {before}") if change.up else _("{amount} less, before {before}"))
    return form.format(amount=amount, before=before)


def _query(asked: Asked) -> str:
    """The query of the page with the same figures, as webui/asking reads it."""
    said = {"desde": asked.period.first, "hasta": asked.period.last, "comparar": asked.comparison}
    if asked.against is not None:
        said |= {"contra_desde": asked.against.first, "contra_hasta": asked.against.last}
    return urlencode(said)
