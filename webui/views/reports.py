"""Reports: the figures of a period beside those of another, for administrators."""

from collections.abc import Mapping
from datetime import date
from urllib.parse import parse_qsl

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.rules.people import Access
from gateway.rules.periods import Period
from gateway.services.reporting import choices
from gateway.services.reporting.choices import Chosen
from gateway.services.reporting.definitions import DEFINITIONS
from gateway.services.reporting.report import NO_COMPANY, Asked, Report
from webui import report_charts, report_maker, report_tables, report_tiles
from webui.asking import ALL_COMPANIES, asked_of, query_of
from webui.endpoint import page, prepared_of
from webui.forms import Form, refused
from webui.numbers import number_in
from webui.report_links import Links
from webui.spoken import spoken
from webui.web import now_of, show, web_of, zone_of

NO_COMPANY_NAME = _("No company")


async def _make(request: Request) -> Report | Invalid:
    """Make the report before its page, or return what is wrong with the address."""
    db = web_of(request).runtime.db
    asked = await db.in_thread(_understood, request)
    return asked if isinstance(asked, Invalid) else await report_maker.make(db, asked, zone_of(request))


def _understood(request: Request) -> Asked | Invalid:
    with web_of(request).runtime.db.snapshot() as session:
        try:
            asked = asked_of(_with_company(request, session, request.query_params), today=_today(request))
            choices.chosen(session, asked.filters)
        except Invalid as error:
            return error
        return asked


@page(Access.ADMIN, prepare=_make)
def show_report(request: Request, session: Session) -> Response:
    query, today, report = dict(request.query_params), _today(request), prepared_of(request)
    if isinstance(report, Invalid):
        usual = asked_of({}, today=today)
        return _shown(request, session, usual, refused(query, report), today=today, status=422)
    asked, names = report.asked, choices.chosen(session, report.asked.filters)
    form = Form(dict(parse_qsl(query_of(asked))) | {"empresa": _company_field(request, asked, names)})
    every = query.get(ALL_COMPANIES[0]) == ALL_COMPANIES[1]
    found = contents(report, every=every) | {"names": names, "notes": notes(report, today)}
    return _shown(request, session, asked, form, today=today, found=found)


def _today(request: Request) -> date:
    return now_of(request).astimezone(zone_of(request)).date()


def contents(report: Report, *, every: bool) -> dict[str, object]:
    """Return what the page shows of a report; with `every` company, not only the first."""
    links, totals = Links(report.asked), report.now.totals
    return {
        "report": report,
        "tiles": report_tiles.tiles(report, links),
        "any": totals.received or totals.closed or totals.reopened,
        "flow": report_charts.flow(report, links),
        "means": report_charts.resolution(report, links),
        "heat": report_charts.hours(report, links),
        "operators": report_tables.operators(report, links),
        "total": report_tables.total(report),
        "topics": report_tables.topics(report, links),
        "companies": report_tables.companies(report, links, every=every),
        "channels": report_tables.channels(report, links),
        "definitions": DEFINITIONS,
    }


def notes(report: Report, today: date) -> list[str]:
    """Return what has to be known to read the figures, as sentences of the catalogues."""
    period, against = report.asked.period, report.asked.against
    found = []
    if not report.counted:
        found.append(_("Not everything is counted yet: some figures may still change."))
    if period.first > today:
        found.append(_("This period has not begun yet."))
    elif period.last > today:
        found.append(_("This period is not over yet."))
    if against is not None and not _as_long(period, against):
        found.append(_("The two periods are not equally long, so their numbers do not compare one to one."))
    return found


def _as_long(period: Period, against: Period) -> bool:
    """A year before, a leap day may lack."""
    return abs(period.days - against.days) <= 1


def _shown(
    request: Request,
    session: Session,
    asked: Asked,
    form: Form,
    *,
    today: date,
    found: Mapping[str, object] | None = None,
    status: int = 200,
) -> Response:
    links = Links(asked)
    return show(
        request,
        "reports.html",
        status=status,
        asked=asked,
        form=form,
        choices=choices.choices(session),
        links=links,
        frequent=links.shortcuts(today),
        no_company=NO_COMPANY_NAME,
        **(found or {"report": None, "names": Chosen()}),
    )


def _with_company(request: Request, session: Session, query: Mapping[str, str]) -> dict[str, str]:
    """Return an address with the number of the company whose name was typed into its field."""
    text = query.get("empresa", "").strip()
    if not text or number_in(query, "empresa") is not None:
        return dict(query)
    if text == spoken(request, NO_COMPANY_NAME):
        return {**query, "empresa": str(NO_COMPANY)}
    return {**query, "empresa": str(choices.company_named(session, text))}


def _company_field(request: Request, asked: Asked, names: Chosen) -> str:
    """What stands in the field: the name, but where that would be read as a number."""
    if asked.filters.company is None:
        return ""
    if not names.company:
        return spoken(request, NO_COMPANY_NAME)
    return str(asked.filters.company) if names.company.isdigit() else names.company
