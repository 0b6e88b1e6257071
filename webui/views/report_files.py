"""Downloads of reports: what the page of the same address shows, as CSV and XLSX."""

from collections.abc import Callable
from functools import partial

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import Invalid
from gateway.rules.people import Access
from gateway.services.reporting import files
from gateway.services.reporting.files import Form, ReportFile
from gateway.services.reporting.reader import Reader
from gateway.services.reporting.report import Asked
from webui.asking import asked_of
from webui.endpoint import page
from webui.views.files import POLICY, disposition
from webui.web import language_of, now_of, redirect, web_of, zone_of

PATH = "/reportes"


@page(Access.ADMIN)
def csv(request: Request, session: Session) -> Response:
    return _answer(request, partial(_whole, request, session, Form.CSV))


@page(Access.ADMIN)
def xlsx(request: Request, session: Session) -> Response:
    return _answer(request, partial(_whole, request, session, Form.XLSX))


@page(Access.ADMIN)
def requests(request: Request, session: Session) -> Response:
    """The requests alone, for whoever reads them with a program."""
    return _answer(request, lambda asked: files.requests_alone(session, asked, _reader(request)))


def _whole(request: Request, session: Session, form: Form, asked: Asked) -> ReportFile:
    return files.make(session, asked, _reader(request), form, site=web_of(request).desk.site.name)


def _answer(request: Request, make: Callable[[Asked], ReportFile]) -> Response:
    """Answer with a file; what makes no sense is told on the page, beside its field."""
    zone = zone_of(request)
    try:
        asked = asked_of(request.query_params, today=now_of(request).astimezone(zone).date())
    except Invalid:
        return redirect(request, f"{PATH}?{request.url.query}")
    file = make(asked)
    return Response(
        file.content,
        headers={
            "Content-Type": file.content_type,
            "Content-Disposition": disposition(file.name),
            "Content-Security-Policy": POLICY,
        },
    )


def _reader(request: Request) -> Reader:
    language = language_of(request) or web_of(request).desk.site.language
    return Reader(language, zone_of(request), now_of(request))
