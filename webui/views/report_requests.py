"""The requests behind a figure of a report, page by page, and the way back to it."""

from collections.abc import Mapping
from datetime import date
from urllib.parse import parse_qsl, urlencode

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import Invalid
from gateway.rules.lifecycle import Channel
from gateway.rules.people import Access
from gateway.services.companies import LARGEST_ID
from gateway.services.reporting import behind as requests_behind
from gateway.services.reporting import choices
from gateway.services.reporting.behind import Behind, Figure
from gateway.services.reporting.report import Filters
from webui.asking import asked_of, filters_in, period_in, query_of
from webui.endpoint import page
from webui.numbers import number_in
from webui.report_links import REPORT, REQUESTS, said
from webui.views.reports import NO_COMPANY_NAME
from webui.web import now_of, show, zone_of

PAGE = 25
DAYS, HOURS = 7, 24
MOST_FIELDS = 20
STEP = ("tramo_desde", "tramo_hasta")
"""Days within the period of the report: which of several closings counts hangs on the whole."""


@page(Access.ADMIN)
def show_requests(request: Request, session: Session) -> Response:
    query, zone = request.query_params, zone_of(request)
    back = _back(query, today=now_of(request).astimezone(zone).date())
    try:
        behind = behind_of(query)
        names = choices.chosen(session, behind.filters)
        closer = choices.chosen(session, Filters(operator=behind.closer or None)).operator
    except Invalid:
        return show(request, "report_requests.html", status=422, behind=None, back=back)
    after = number_in(query, "despues")
    after = min(after, LARGEST_ID) if after is not None else None
    found = requests_behind.lines(session, behind, zone=zone, after=after, limit=PAGE + 1)
    own = {**said(behind), "de": query.get("de", "")}
    return show(
        request,
        "report_requests.html",
        behind=behind,
        back=back,
        names=names,
        closer=closer,
        no_company=NO_COMPANY_NAME,
        total=requests_behind.count(session, behind, zone=zone),
        lines=found[:PAGE],
        first=after is None,
        first_path=f"{REQUESTS}?{urlencode(own)}",
        next_path=_next(own, found[PAGE - 1].number) if len(found) > PAGE else None,
    )


def behind_of(query: Mapping[str, str]) -> Behind:
    """Return which requests an address asks for; raises Invalid when it makes no sense."""
    channel = query.get("canal", "")
    day, hour = _number(query, "dia", DAYS - 1), _number(query, "hora", HOURS - 1)
    if (day is None) != (hour is None):
        raise Invalid("hora", "Choose one from the list.")
    return Behind(
        figure=_figure(query.get("figura", "")),
        period=period_in(query),
        filters=filters_in(query),
        channel=_channel(channel) if channel else None,
        closer=_number(query, "cerro", LARGEST_ID),
        hour=(day, hour) if day is not None and hour is not None else None,
        step=period_in(query, *STEP) if any(query.get(each) for each in STEP) else None,
    )


def _figure(text: str) -> Figure:
    found = next((each for each in Figure if each.value == text), None)
    if found is None:
        raise Invalid("figura", "Choose one from the list.")
    return found


def _channel(text: str) -> Channel:
    found = next((each for each in Channel if each.value == text), None)
    if found is None:
        raise Invalid("canal", "Choose one from the list.")
    return found


def _number(query: Mapping[str, str], name: str, highest: int) -> int | None:
    if not query.get(name):
        return None
    number = number_in(query, name)
    if number is None or number > highest:
        raise Invalid(name, "Choose one from the list.")
    return number


def _back(query: Mapping[str, str], *, today: date) -> str:
    """The report somebody came from; whatever is no address of one leads to the usual."""
    try:
        came_from = dict(parse_qsl(query.get("de", ""), max_num_fields=MOST_FIELDS))
        return f"{REPORT}?{query_of(asked_of(came_from, today=today))}"
    except (ValueError, Invalid):
        return REPORT


def _next(own: Mapping[str, str], after: int) -> str:
    return f"{REQUESTS}?{urlencode({**own, 'despues': str(after)})}"
