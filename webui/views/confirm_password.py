"""The password once more, before what is sensitive (W6). Tries count like those of signing in (W5)."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import Invalid
from gateway.rules.people import Access
from gateway.services import sign_in
from gateway.services.password_tries import Throttled
from gateway.services.sign_in import Attempt
from webui.endpoint import CONFIRM_PATH, action, find_visitor, form_of, page, prepared_of
from webui.forms import Form, Problem, refused
from webui.hosts import safe_path
from webui.session_cookie import keep_signed_in
from webui.tried_password import TOO_EARLY, WRONG, Tried, ask_to_wait, try_password
from webui.web import now_of, peer_of, person_of, redirect, show, web_of


@page(Access.SIGNED_IN)
def form(request: Request, _session: Session) -> Response:
    return _shown(request, Form(), request.query_params.get("next", ""))


async def _try(request: Request) -> Tried[Attempt] | Throttled | None:
    """None for somebody who is not signed in: they are sent away before anything is looked at."""

    def begin(session: Session) -> Attempt | Throttled | None:
        return begin_own(request, session)

    return await try_password(request, begin)


def begin_own(request: Request, session: Session) -> Attempt | Throttled | None:
    """Count a try at the password of whoever is signed in; None: nobody is."""
    visitor = find_visitor(request, session)
    if visitor is None:
        return None
    return sign_in.begin(session, visitor.person.email, peer_of(request), now=now_of(request))


def _again(request: Request, _session: Session, error: Invalid) -> Response:
    return _shown(request, refused({}, error), form_of(request).get("next", ""), status=422)


@action(Access.SIGNED_IN, prepare=_try, again=_again)
def confirm(request: Request, session: Session) -> Response:
    tried, fields = prepared_of(request), form_of(request)
    if isinstance(tried, Throttled):
        waiting = Form(problems=(Problem("clave", TOO_EARLY),))
        return ask_to_wait(_shown(request, waiting, fields.get("next", ""), status=429), tried)
    token = web_of(request).cookies.session(request) or ""
    renewed = sign_in.confirm(
        session, tried.attempt, token, good=tried.good, renewed_hash=tried.renewed_hash, now=now_of(request)
    )
    if renewed is None:
        raise Invalid("clave", WRONG)
    response = redirect(request, safe_path(fields.get("next", ""), "/"))
    keep_signed_in(request, response, renewed)
    return response


def _shown(request: Request, filled: Form, target: str, status: int = 200) -> Response:
    email = person_of(request).email
    return show(
        request,
        "confirm_password.html",
        status=status,
        form=filled,
        next=target,
        email=email,
        path=CONFIRM_PATH,
    )
