"""What is kept of people, what for, and what they may ask (C13)."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.rules.people import Access
from webui.endpoint import page
from webui.web import show


@page(Access.ANYONE)
def privacy(request: Request, _session: Session) -> Response:
    return show(request, "privacy.html")
