"""How long a session still lasts, asked by the script of an open page before it ends."""

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.rules.people import Access
from webui.after import UNATTENDED_HEADER, nobody_there
from webui.endpoint import page
from webui.web import now_of, visitor_of


@page(Access.SIGNED_IN)
def tell(request: Request, _session: Session) -> Response:
    """Return the seconds left, and whether using the session gives it no more.

    Asked by the script on its own it is no use of the session (W6); by somebody's click it is, like any page.
    """
    if UNATTENDED_HEADER in request.headers:
        nobody_there(request)
    visitor = visitor_of(request)
    if visitor is None:
        raise HTTPException(404)
    last = visitor.last_end <= visitor.idle_end
    return JSONResponse({"seconds": visitor.seconds_left(now_of(request)), "last": last})
