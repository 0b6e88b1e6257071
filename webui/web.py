"""What every page works with: the runtime, the templates, the cookies, the threads that hash passwords."""

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from anyio import CapacityLimiter
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from gateway import tokens
from gateway.rules.people import Sender
from gateway.runtime import Runtime
from gateway.services import settings
from gateway.services.desk import Desk
from gateway.services.web_sessions import Visitor
from webui.cookies import Cookies
from webui.csrf import form_token
from webui.hosts import safe_path
from webui.rendering import Rendering

ONCE = "envio"
"""The field with the one-time key of a form (E10)."""

HASHING_THREADS = 2
"""Each password takes 32 MB and a tenth of a second: more at once would let anybody stop the rest."""


@dataclass(frozen=True, slots=True)
class Web:
    """One for the whole role; `app.state.web`."""

    runtime: Runtime
    desk: Desk
    rendering: Rendering
    cookies: Cookies
    hashing: CapacityLimiter


def web_of(request: Request) -> Web:
    """The role's own things, with the name of the site as it is in this request once `open_web` looked."""
    web: Web = getattr(request.state, "web", None) or request.app.state.web
    return web


def open_web(request: Request, session: Session) -> None:
    """Look up what administrators may have changed on a page since the last request: the site's name.

    Where somebody is signed in it came with them.
    """
    web: Web = request.app.state.web
    if (visitor := visitor_of(request)) is not None:
        desk = settings.named(web.desk, visitor.site_name)
    else:
        desk = settings.current(session, web.desk)
    web.rendering.site_name = desk.site.name  # for pages that ask no database
    request.state.web = replace(web, desk=desk)


def visitor_of(request: Request) -> Visitor | None:
    """Who is signed in, or None. Known once `endpoint` has looked."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    return visitor


def zone_of(request: Request) -> ZoneInfo:
    """The zone whose days the site counts by."""
    return ZoneInfo(web_of(request).runtime.config.site.timezone)


def person_of(request: Request) -> Sender:
    """Who is signed in, on a page that nobody else may use."""
    visitor = visitor_of(request)
    if visitor is None:
        raise TypeError("a page for anyone asked who is signed in")
    return visitor.person


def now_of(request: Request) -> datetime:
    """The one time of this request."""
    if not hasattr(request.state, "now"):
        request.state.now = web_of(request).runtime.now()
    now: datetime = request.state.now
    return now


def peer_of(request: Request) -> str:
    """The network address a request came from."""
    return request.client.host if request.client is not None else ""


def language_of(request: Request) -> str | None:
    """The language of a page: as the person set it, else as this browser was told; None: that of the site."""
    visitor = visitor_of(request)
    return visitor.language if visitor is not None else web_of(request).cookies.language(request)


def back_to(request: Request) -> str:
    """The page somebody was on: this one, or the one whose form they sent."""
    if request.method in ("GET", "HEAD"):
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    try:
        came_from = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # it is no address at all
        return "/"
    return safe_path(came_from.path + (f"?{came_from.query}" if came_from.query else ""), "/")


def show(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """Answer with a page."""
    web, visitor = web_of(request), visitor_of(request)
    cookies = web.cookies
    token = form_token(request, cookies, web.runtime.secret)
    page = web.rendering.render(
        template,
        language_of(request),
        {
            "csrf": token.value,
            "new_key": tokens.new_token,
            "notice": cookies.notice(request, web.runtime.secret),
            "now": now_of(request),
            "path": request.url.path,
            "back": back_to(request),
            "person": visitor.person if visitor is not None else None,
            "shortcuts": visitor is not None and visitor.shortcuts,
            "session_seconds": visitor.seconds_left(now_of(request)) if visitor is not None else 0,
            "site_name": web.desk.site.name,
            "theme": visitor.theme if visitor is not None else cookies.theme(request),
            **values,
        },
    )
    response = HTMLResponse(page, status_code=status)
    cookies.forget_notice(request, response)
    if token.new_visit is not None:
        cookies.remember_visit(response, token.new_visit)
    return response


def redirect(request: Request, path: str, *, notice: str = "") -> RedirectResponse:
    """Answer with the way to another page of ours; the notice is shown there, once."""
    web = web_of(request)
    response = RedirectResponse(path, status_code=303)
    if notice:
        request.state.said = notice
        web.cookies.remember_notice(response, notice, web.runtime.secret)
    return response
