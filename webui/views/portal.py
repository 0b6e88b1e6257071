"""A client's home: the requests they made."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.rules.people import Access
from gateway.services import portal
from webui.endpoint import page
from webui.web import person_of, show


@page(Access.SIGNED_IN)
def show_requests(request: Request, session: Session) -> Response:
    return show(request, "requests.html", lines=portal.requests(session, person_of(request)))
