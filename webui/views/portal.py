"""A client's home: the requests they made."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.rules.people import Access
from gateway.services import portal
from gateway.services.lists import Shown, View, Wish
from webui.endpoint import page
from webui.web import person_of, show, zone_of


@page(Access.SIGNED_IN)
def show_requests(request: Request, session: Session) -> Response:
    found = portal.requests(session, person_of(request), Wish(View.MINE, Shown.ALL), zone=zone_of(request))
    return show(request, "requests.html", lines=found.lines)
