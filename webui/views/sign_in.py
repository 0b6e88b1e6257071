"""Signing in and out. Whatever was wrong, the answer and the work are the same (invariants W4, W5)."""

import structlog
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.rules.people import Access
from gateway.rules.sign_in import stay
from gateway.services import sign_in, web_sessions
from gateway.services.password_tries import Throttled
from gateway.services.sign_in import Attempt
from webui.endpoint import action, form_of, page, prepared_of
from webui.forms import Form, Problem
from webui.hosts import safe_path
from webui.tried_password import TOO_EARLY, Tried, ask_to_wait, try_password
from webui.views.home import home_path
from webui.web import now_of, peer_of, redirect, show, visitor_of, web_of

_WRONG = _("The e-mail address or the password is not right.")

log = structlog.get_logger()


@page(Access.ANYONE)
def form(request: Request, _session: Session) -> Response:
    visitor = visitor_of(request)
    if visitor is not None:
        return redirect(request, home_path(visitor.person))
    return show(request, "sign_in.html", form=Form(), next=request.query_params.get("next", ""))


async def _try(request: Request) -> Tried[Attempt] | Throttled | None:
    def begin(session: Session) -> Attempt | Throttled:
        email = form_of(request).get("email", "")
        return sign_in.begin(session, email, peer_of(request), now=now_of(request))

    return await try_password(request, begin)


@action(Access.ANYONE, prepare=_try)
def enter(request: Request, session: Session) -> Response:
    tried = prepared_of(request)
    if isinstance(tried, Throttled):
        log.info("web.sign_in_throttled")
        return ask_to_wait(_again(request, TOO_EARLY, status=429), tried)
    token = sign_in.finish(
        session, tried.attempt, good=tried.good, renewed_hash=tried.renewed_hash, now=now_of(request)
    )
    visitor = web_sessions.find(session, token, now=now_of(request)) if token is not None else None
    if token is None or visitor is None:
        log.info("web.sign_in_refused", peer=tried.attempt.tried.network)
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
