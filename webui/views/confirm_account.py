"""The link that confirms an address. The GET only shows a button: mail scanners follow links."""

from dataclasses import dataclass

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.rules.people import Access
from gateway.services import confirmations, web_sessions
from gateway.services.confirmations import LinkAttempt, Opened
from gateway.services.password_tries import Throttled
from webui.csrf import holder_of
from webui.endpoint import action, page, prepared_of
from webui.forms import Form, Problem, refused
from webui.tried_password import TOO_EARLY, WRONG, Tried, ask_to_wait, try_password
from webui.web import now_of, peer_of, redirect, show, web_of


@dataclass(frozen=True, slots=True)
class _Asked:
    """A link that was used; `tried` None: in the browser that registered, where no password is asked."""

    link: Opened
    tried: Tried[LinkAttempt] | Throttled | None


@page(Access.ANYONE)
def form(request: Request, session: Session) -> Response:
    link = _opened(request, session)
    return _shown(request, link, Form()) if link is not None else _no_good(request)


def _again(request: Request, session: Session, error: Invalid) -> Response:
    link = _opened(request, session)
    return _shown(request, link, refused({}, error), status=422) if link is not None else _no_good(request)


async def _try(request: Request) -> _Asked | None:
    link = await web_of(request).runtime.db.in_thread(_look, request)
    if link is None or _is_own(request, link):
        return _Asked(link, None) if link is not None else None

    def begin(session: Session) -> LinkAttempt | Throttled:
        return confirmations.begin(session, link, peer_of(request), now=now_of(request))

    return _Asked(link, await try_password(request, begin))


@action(Access.ANYONE, prepare=_try, again=_again)
def confirm(request: Request, session: Session) -> Response:
    asked: _Asked | None = prepared_of(request)
    if asked is None:
        return _no_good(request)
    if isinstance(asked.tried, Throttled):
        waiting = Form(problems=(Problem("clave", TOO_EARLY),))
        return ask_to_wait(_shown(request, asked.link, waiting, status=429), asked.tried)
    if asked.tried is not None and not asked.tried.good:
        raise Invalid("clave", WRONG)
    tried = asked.tried.attempt.tried if asked.tried is not None else None
    user = confirmations.confirm(session, web_of(request).desk, asked.link, tried, now=now_of(request))
    if user is None:
        return _no_good(request)
    cookies = web_of(request).cookies
    before = cookies.session(request)
    if before is not None:
        web_sessions.end(session, before)
    response = redirect(request, "/solicitudes", notice=_("Your account is confirmed."))
    cookies.remember_session(response, web_sessions.start(session, user, now=now_of(request)), None)
    return response


def _look(request: Request) -> Opened | None:
    with web_of(request).runtime.db.snapshot() as session:
        return _opened(request, session)


def _opened(request: Request, session: Session) -> Opened | None:
    if not web_of(request).runtime.config.accounts.registration:
        raise NotFound("registration")
    return confirmations.opened(session, request.path_params["token"], now=now_of(request))


def _is_own(request: Request, link: Opened) -> bool:
    return link.is_from(holder_of(request, web_of(request).cookies))


def _no_good(request: Request) -> Response:
    return show(request, "dead_link.html", status=404, kind="account")


def _shown(request: Request, link: Opened, filled: Form, status: int = 200) -> Response:
    asks = not _is_own(request, link)
    return show(request, "confirm_account.html", status=status, form=filled, email=link.email, asks=asks)
