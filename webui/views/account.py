"""The page of one's own account: data, password, sessions, notices."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.rules.people import Access, Notices, is_staff
from gateway.services import credentials, profiles
from gateway.services.password_tries import Throttled
from gateway.services.sign_in import Attempt
from webui.endpoint import action, find_visitor, form_of, page, prepared_of
from webui.forms import Form, Problem, refused
from webui.new_password import hashed_for
from webui.session_cookie import keep_signed_in
from webui.tried_password import TOO_EARLY, Tried, ask_to_wait, try_password
from webui.views.confirm_password import begin_own
from webui.web import now_of, person_of, redirect, show, visitor_of, web_of

PATH = "/cuenta"
_NOTICE_FIELD = "avisos-"


class Nobody(Exception):
    """No one is signed in."""


@page(Access.SIGNED_IN)
def account(request: Request, session: Session) -> Response:
    return _shown(request, session)


def _profile_again(request: Request, session: Session, error: Invalid) -> Response:
    return _shown(request, session, data=refused(form_of(request), error), status=422)


@action(Access.SIGNED_IN, again=_profile_again)
def change_profile(request: Request, session: Session) -> Response:
    fields, cookies = form_of(request), web_of(request).cookies
    language = fields.get("idioma", "")
    theme = profiles.change(
        session,
        person_of(request),
        name=fields.get("nombre", ""),
        phone=fields.get("telefono", ""),
        language=language,
        theme=fields.get("tema", ""),
        shortcuts=bool(fields.get("atajos")),
    )
    response = redirect(request, PATH, notice=_("Your data is saved."))
    cookies.remember_language(response, language)
    cookies.remember_theme(response, theme)
    return response


async def _tried_and_hashed(request: Request) -> tuple[Tried[Attempt] | Throttled, str] | None:
    """The new password may be one, then the current one is tried: a slip in the new one costs no try.

    None for somebody who is not signed in, whom nothing is worked out for.
    """

    def own_words(session: Session) -> tuple[str, ...]:
        visitor = find_visitor(request, session)
        if visitor is None:
            raise Nobody
        known = profiles.profile(session, visitor.person)
        return known.name, known.email, known.company

    try:
        hashed = await hashed_for(request, own_words)
    except Nobody:
        return None
    tried = await try_password(request, lambda session: begin_own(request, session), field="clave_actual")
    return (tried, hashed) if tried is not None else None


def _password_again(request: Request, session: Session, error: Invalid) -> Response:
    return _shown(request, session, password=refused({}, error), status=422)


@action(Access.SIGNED_IN, prepare=_tried_and_hashed, again=_password_again)
def change_password(request: Request, session: Session) -> Response:
    tried, hashed = prepared_of(request)
    if isinstance(tried, Throttled):
        waiting = Form(problems=(Problem("clave_actual", TOO_EARLY),))
        return ask_to_wait(_shown(request, session, password=waiting, status=429), tried)
    renewed = credentials.change(
        session,
        web_of(request).desk,
        tried.attempt,
        good=tried.good,
        password_hash=hashed,
        token=web_of(request).cookies.session(request) or "",
        now=now_of(request),
    )
    notice = _("Your new password is set. Your other sessions ended.")
    response = redirect(request, PATH, notice=notice)
    keep_signed_in(request, response, renewed)
    return response


@action(Access.SIGNED_IN)
def end_sessions(request: Request, session: Session) -> Response:
    token = web_of(request).cookies.session(request) or ""
    renewed = credentials.sign_out_everywhere(session, person_of(request), token, now=now_of(request))
    response = redirect(request, PATH, notice=_("Your other sessions ended. This one goes on."))
    keep_signed_in(request, response, renewed)
    return response


@action(Access.OPERATOR)
def choose_notices(request: Request, session: Session) -> Response:
    chosen = {
        int(name.removeprefix(_NOTICE_FIELD)): Notices(value)
        for name, value in form_of(request).items()
        if name.startswith(_NOTICE_FIELD)
        and name.removeprefix(_NOTICE_FIELD).isdecimal()
        and len(name) < len(_NOTICE_FIELD) + 10
        and value in set(Notices)
    }
    profiles.choose_notices(session, person_of(request), chosen)
    return redirect(request, f"{PATH}#avisos-por-tematica", notice=_("Your notices are saved."))


def _shown(
    request: Request,
    session: Session,
    *,
    data: Form | None = None,
    password: Form | None = None,
    status: int = 200,
) -> Response:
    """The whole page, with the form that was refused as it was sent."""
    person, visitor = person_of(request), visitor_of(request)
    known = profiles.profile(session, person)
    filled = data or Form(
        {
            "nombre": known.name,
            "telefono": known.phone,
            "idioma": known.language,
            "tema": known.theme,
            "atajos": "1" if visitor is not None and visitor.shortcuts else "",
        }
    )
    return show(
        request,
        "account.html",
        status=status,
        path=PATH,
        profile=known,
        data=filled,
        password=password or Form(),
        password_min=web_of(request).runtime.config.accounts.password_min,
        notices=profiles.notices(session, person) if is_staff(person.role) else [],
    )
