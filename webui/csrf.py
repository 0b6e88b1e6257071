"""Is a form really ours? Where it came from and the token in it must both say so (invariants W7)."""

import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway import tokens
from gateway.services.web_sessions import lasting_part
from webui.cookies import Cookies

FIELD = "csrf"


@dataclass(frozen=True, slots=True)
class FormToken:
    """The value of the hidden field; `new_visit` names the browser if it had no name yet."""

    value: str
    new_visit: str | None


def holder_of(request: Request, cookies: Cookies) -> str | None:
    """What the forms of a browser hang on: its session, or its visit before there is one.

    Of the session what stays when it gets a new token, so that a form that was open then can still be sent.
    Who copied the old token knows that part: it opens nothing without the new one, and the word in a form is
    signed by us.
    """
    return lasting_part(cookies.session(request) or "") or cookies.visit(request)


def form_token(request: Request, cookies: Cookies, secret: bytes) -> FormToken:
    """Return the token for the forms of a page. It hangs on the session, or on the visit before one."""
    holder = holder_of(request, cookies)
    new_visit = None if holder else tokens.new_long_token()
    return FormToken(_signed(secret, holder or new_visit or ""), new_visit)


def check(request: Request, given: str, cookies: Cookies, *, secret: bytes, base_url: str) -> None:
    """Raise a 403 unless the form came from a page of ours in this very browser."""
    holder = holder_of(request, cookies)
    ours = holder is not None and hmac.compare_digest(
        _signed(secret, holder).encode(), given.encode("utf-8", "replace")
    )
    if not ours or not _same_origin(request, base_url):
        raise HTTPException(403)


def _same_origin(request: Request, base_url: str) -> bool:
    """The browser's own word; only one too old for it is judged by the Origin it sends."""
    fetched = request.headers.getlist("sec-fetch-site")
    if fetched:
        return fetched == ["same-origin"]
    ours = urlsplit(base_url)
    return request.headers.getlist("origin") == [f"{ours.scheme}://{ours.netloc}"]


def _signed(secret: bytes, holder: str) -> str:
    return tokens.sign(secret, "form", holder)
