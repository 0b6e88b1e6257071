"""Setting a password by a mailed link: the GET only shows a form, since mail scanners follow links."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.models.people import User
from gateway.rules.people import Access
from gateway.services import accounts, credentials
from webui.endpoint import action, form_of, page, prepared_of
from webui.forms import Form, refused
from webui.new_password import hashed_for
from webui.web import now_of, redirect, show, web_of


@page(Access.ANYONE)
def form(request: Request, session: Session) -> Response:
    user = _user(request, session)
    return _shown(request, user, Form()) if user is not None else _no_good(request)


def _again(request: Request, session: Session, error: Invalid) -> Response:
    user = _user(request, session)
    if user is None:
        return _no_good(request)
    return _shown(request, user, refused(form_of(request), error), status=422)


async def _hashed(request: Request) -> str | None:
    """None for a link that is no good, for which nobody makes us hash."""

    def own_words(session: Session) -> tuple[str, ...]:
        user = _user(request, session)
        if user is None:
            raise NotFound("password link")
        return user.name, user.email

    try:
        return await hashed_for(request, own_words)
    except NotFound:
        return None


@action(Access.ANYONE, prepare=_hashed, again=_again)
def change(request: Request, session: Session) -> Response:
    token, new_hash = request.path_params["token"], prepared_of(request)
    desk, now = web_of(request).desk, now_of(request)
    if new_hash is None or credentials.use_reset(session, desk, token, new_hash, now=now) is None:
        return _no_good(request)
    response = redirect(request, "/ingresar", notice=_("Your new password is set. Sign in with it."))
    web_of(request).cookies.forget_session(response)
    return response


def _user(request: Request, session: Session) -> User | None:
    return accounts.user_of_reset(session, request.path_params["token"], now=now_of(request))


def _no_good(request: Request) -> Response:
    return show(request, "dead_link.html", status=404, kind="password")


def _shown(request: Request, user: User, filled: Form, status: int = 200) -> Response:
    minimum = web_of(request).runtime.config.accounts.password_min
    return show(request, "password.html", status=status, form=filled, password_min=minimum, email=user.email)
