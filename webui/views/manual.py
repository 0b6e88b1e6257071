"""How it all works, in plain words."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.rules.people import Access
from webui.endpoint import page
from webui.web import show


@page(Access.ANYONE)
def show_manual(request: Request, _session: Session) -> Response:
    return show(request, "manual.html")
