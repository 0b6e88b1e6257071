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
    return _shown(request, _user(request, session), Form())


def _again(request: Request, session: Session, error: Invalid) -> Response:
    return _shown(request, _user(request, session), refused(form_of(request), error), status=422)


async def _hashed(request: Request) -> str:
    def own_words(session: Session) -> tuple[str, ...]:
        user = _user(request, session)
        return user.name, user.email

    return await hashed_for(request, own_words)


@action(Access.ANYONE, prepare=_hashed, again=_again)
def change(request: Request, session: Session) -> Response:
    token, new_hash = request.path_params["token"], prepared_of(request)
    if credentials.use_reset(session, web_of(request).desk, token, new_hash, now=now_of(request)) is None:
        raise NotFound("password link")
    response = redirect(request, "/ingresar", notice=_("Your new password is set. Sign in with it."))
    web_of(request).cookies.forget_session(response)
    return response


def _user(request: Request, session: Session) -> User:
    user = accounts.user_of_reset(session, request.path_params["token"], now=now_of(request))
    if user is None:
        raise NotFound("password link")
    return user


def _shown(request: Request, user: User, filled: Form, status: int = 200) -> Response:
    minimum = web_of(request).runtime.config.accounts.password_min
    return show(request, "password.html", status=status, form=filled, password_min=minimum, email=user.email)
