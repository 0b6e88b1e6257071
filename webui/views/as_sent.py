"""A mail as it was sent, in a frame of the request's page: the one page of ours that may be framed (W11)."""

from markupsafe import Markup
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.rules.people import Access
from gateway.services import html_views
from webui.endpoint import page
from webui.web import language_of, person_of, web_of

SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
POLICY = f"default-src 'none'; img-src data:; style-src 'none'; frame-ancestors 'self'; sandbox {SANDBOX}"


@page(Access.OPERATOR)
def frame(request: Request, session: Session) -> Response:
    """What it holds was cleaned by the reading child, and its policy lets it do and load nothing."""
    folder, message = web_of(request).runtime.blobs, request.path_params["id"]
    cleaned = html_views.read(session, folder, message, person_of(request))
    shown = Markup(cleaned) if cleaned is not None else None  # noqa: S704  by the allow-list of mail/html
    written = web_of(request).rendering.render("as_sent.html", language_of(request), {"cleaned": shown})
    return HTMLResponse(written, headers={"Content-Security-Policy": POLICY})
