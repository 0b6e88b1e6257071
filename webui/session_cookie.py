"""The cookie of a session that got a new token."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.rules.sign_in import stay
from webui.web import person_of, web_of


def keep_signed_in(request: Request, response: Response, token: str) -> None:
    """Give the browser the new token of its session, for as long as it had the old one."""
    cookies = web_of(request).cookies
    kept = int(stay(person_of(request).role).absolute.total_seconds()) if cookies.is_kept(request) else None
    cookies.remember_session(response, token, kept)
