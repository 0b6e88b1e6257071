"""The first administrator, by a link that the console prints once (invariants W9)."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.rules.people import Access
from gateway.services import accounts, web_sessions
from webui.endpoint import action, form_of, page, prepared_of
from webui.forms import Form, refused
from webui.new_password import hashed_for
from webui.web import now_of, redirect, show, web_of


@page(Access.ANYONE)
def form(request: Request, session: Session) -> Response:
    if not accounts.is_set_up_token(session, request.path_params["token"], now=now_of(request)):
        raise NotFound("set-up link")
    return _shown(request, Form())


def _again(request: Request, _session: Session, error: Invalid) -> Response:
    return _shown(request, refused(form_of(request), error), status=422)


async def _hashed(request: Request) -> str:
    def own_words(session: Session) -> tuple[str, ...]:
        if not accounts.is_set_up_token(session, request.path_params["token"], now=now_of(request)):
            raise NotFound("set-up link")
        return form_of(request).get("nombre", ""), form_of(request).get("email", "")

    return await hashed_for(request, own_words)


@action(Access.ANYONE, prepare=_hashed, again=_again)
def make(request: Request, session: Session) -> Response:
    fields = form_of(request)
    made = accounts.use_set_up_token(
        session,
        web_of(request).runtime.config.mail,
        request.path_params["token"],
        email=fields.get("email", ""),
        name=fields.get("nombre", ""),
        password_hash=prepared_of(request),
        now=now_of(request),
    )
    if made is None:
        raise NotFound("set-up link")
    cookies = web_of(request).cookies
    before = cookies.session(request)
    if before is not None:
        web_sessions.end(session, before)
    token = web_sessions.start(session, made, now=now_of(request))
    response = redirect(request, "/admin/comenzar", notice=_("Your account is ready, and you are signed in."))
    cookies.remember_session(response, token, None)
    return response


def _shown(request: Request, filled: Form, status: int = 200) -> Response:
    minimum = web_of(request).runtime.config.accounts.password_min
    return show(request, "set_up.html", status=status, form=filled, password_min=minimum)
