"""Around everything: our own Host only, the security headers on every answer, and no error that tells
anything but its id (invariants W8, W10, W19)."""

import secrets
import traceback
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webui.hosts import is_our_host

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What an answer has unless it says otherwise itself."""

MAILED_TOKEN_PATHS = ("/clave/", "/confirmar/", "/instalar/", "/correos/confirmar/")
"""Their address is a secret, so no other page may learn it from a Referer."""

ErrorPage = Callable[[Request, int, str], Response]

log = structlog.get_logger()


class Guard:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, *, base_url: str, error_page: ErrorPage) -> None:
        self._app = app
        self._host = urlsplit(base_url).hostname or ""
        self._error_page = error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        if scope["type"] != "http":
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add_headers(message, scope["path"])
            await send(message)

        request = Request(scope, receive)
        if not is_our_host(request.headers.getlist("host"), self._host):
            await self._error_page(request, 400, "")(scope, receive, send_guarded)
            return
        try:
            await self._app(scope, receive, send_guarded)
        except Exception as error:
            identifier = _report(error, scope)
            if started:
                raise  # half an answer is out: the server cuts the connection
            await self._error_page(request, 500, identifier)(scope, receive, send_guarded)


def _add_headers(message: Message, path: str) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    secret_path = path.startswith(MAILED_TOKEN_PATHS)
    headers["Referrer-Policy"] = "no-referrer" if secret_path else "same-origin"
    if path.startswith("/static/") and message["status"] in (200, 304):
        headers["Cache-Control"] = "public, max-age=31536000, immutable"


def _report(error: Exception, scope: Scope) -> str:
    """Log a failure under an id and return that. The error's own text may hold what people wrote."""
    identifier = secrets.token_hex(6)
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = " < ".join(f"{Path(each.filename).name}:{each.lineno}" for each in reversed(frames))
    route = scope.get("route")
    log.error(
        "web.failed",
        request=identifier,
        method=scope["method"],
        route=getattr(route, "path", "?"),
        error=type(error).__name__,
        where=where,
    )
    return identifier
