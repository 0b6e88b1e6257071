"""Signing in and out. Whatever was wrong, the answer and the work are the same (invariants W4, W5)."""

from dataclasses import dataclass

import structlog
from anyio import to_thread
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.rules.people import Access
from gateway.rules.sign_in import stay
from gateway.services import passwords, sign_in, web_sessions
from gateway.services.sign_in import Attempt, Throttled
from webui.endpoint import action, form_of, page, prepared_of
from webui.forms import Form, Problem
from webui.hosts import safe_path
from webui.views.home import home_path
from webui.web import now_of, redirect, show, visitor_of, web_of

_WRONG = _("The e-mail address or the password is not right.")
_TOO_EARLY = _("There were too many attempts. Wait a few minutes and try again.")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Tried:
    attempt: Attempt
    good: bool
    renewed_hash: str | None


@page(Access.ANYONE)
def form(request: Request, _session: Session) -> Response:
    visitor = visitor_of(request)
    if visitor is not None:
        return redirect(request, home_path(visitor.person))
    return show(request, "sign_in.html", form=Form(), next=request.query_params.get("next", ""))


async def _try(request: Request) -> _Tried | Throttled:
    """Count the try, then look at the password on a thread of its own, in no transaction."""
    web, fields = web_of(request), form_of(request)
    attempt = await web.runtime.db.in_thread(_begin, request)
    if isinstance(attempt, Throttled):
        return attempt
    password = fields.get("clave", "")
    good, renewed = await to_thread.run_sync(passwords.verify, password, attempt.stored, limiter=web.hashing)
    return _Tried(attempt, good, renewed)


def _begin(request: Request) -> Attempt | Throttled:
    peer = request.client.host if request.client is not None else ""
    with web_of(request).runtime.db.transaction() as session:
        return sign_in.begin(session, form_of(request).get("email", ""), peer, now=now_of(request))


@action(Access.ANYONE, prepare=_try)
def enter(request: Request, session: Session) -> Response:
    tried = prepared_of(request)
    if isinstance(tried, Throttled):
        log.info("web.sign_in_throttled")
        response = _again(request, _TOO_EARLY, status=429)
        response.headers["Retry-After"] = str(max(1, int(tried.wait.total_seconds())))
        return response
    token = sign_in.finish(
        session, tried.attempt, good=tried.good, renewed_hash=tried.renewed_hash, now=now_of(request)
    )
    visitor = web_sessions.find(session, token, now=now_of(request)) if token is not None else None
    if token is None or visitor is None:
        log.info("web.sign_in_refused", peer=tried.attempt.peer)
        return _again(request, _WRONG, status=422)
    return _entered(request, session, token, visitor)


@action(Access.SIGNED_IN)
def leave(request: Request, session: Session) -> Response:
    cookies = web_of(request).cookies
    token = cookies.session(request)
    if token is not None:
        web_sessions.end(session, token)
    response = redirect(request, "/ingresar", notice=_("You signed out."))
    cookies.forget_session(response)
    return response


def _entered(request: Request, session: Session, token: str, visitor: web_sessions.Visitor) -> Response:
    """A new session each time; the one this browser had before, whoever made it, ends."""
    cookies, fields = web_of(request).cookies, form_of(request)
    before = cookies.session(request)
    if before is not None:
        web_sessions.end(session, before)
    log.info("web.signed_in", user=visitor.person.user_id)
    response = redirect(request, safe_path(fields.get("next", ""), home_path(visitor.person)))
    kept = int(stay(visitor.person.role).absolute.total_seconds()) if fields.get("seguir") else None
    cookies.remember_session(response, token, kept)
    return response


def _again(request: Request, sentence: str, *, status: int) -> Response:
    fields = form_of(request)
    filled = Form({"email": fields.get("email", "")}, (Problem("email", sentence),))
    return show(request, "sign_in.html", status=status, form=filled, next=fields.get("next", ""))
