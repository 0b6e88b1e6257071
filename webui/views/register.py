"""Signing up, and waiting for the mail that confirms it. The answer is the same for any address (C11)."""

from dataclasses import dataclass

from anyio import to_thread
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid, InvalidForm, NotFound
from gateway.rules.people import Access
from gateway.services import passwords, registrations
from gateway.services.registrations import Details
from webui.csrf import holder_of
from webui.endpoint import action, find_visitor, form_of, page, prepared_of
from webui.forms import Form, Problem, refused
from webui.views.home import home_path
from webui.web import language_of, now_of, peer_of, redirect, show, visitor_of, web_of

WAITING = "/registro/revisa-tu-correo"
_TOO_MANY = _("There were too many sign-ups from your network. Try again in {minutes} min.")


@dataclass(frozen=True, slots=True)
class _Ready:
    """A form that may be one; `wait_seconds` when this network had too many."""

    details: Details
    password_hash: str
    wait_seconds: int = 0


@page(Access.ANYONE)
def form(request: Request, _session: Session) -> Response:
    _only_where_open(request)
    visitor = visitor_of(request)
    if visitor is not None:
        return redirect(request, home_path(visitor.person))
    return _shown(request, Form())


def _again(request: Request, _session: Session, error: Invalid) -> Response:
    return _shown(request, refused(form_of(request), error), status=422)


async def _prepare(request: Request) -> _Ready | None:
    """Check everything at once; count; then hash the password, for a known address as for a new one.

    None for somebody who is signed in: they have an account.
    """
    _only_where_open(request)
    web = web_of(request)
    if await web.runtime.db.in_thread(_is_signed_in, request):
        return None
    problems: list[Invalid] = []
    try:
        details = await web.runtime.db.in_thread(_checked, request)
    except InvalidForm as error:
        problems += error.problems
    try:
        await to_thread.run_sync(_check_password, request, limiter=web.hashing)
    except Invalid as error:
        problems.append(error)
    if problems:
        raise InvalidForm(problems)
    wait = await web.runtime.db.in_thread(_take_turn, request)
    if wait:
        return _Ready(details, "", wait)
    password = form_of(request).get("clave", "")
    return _Ready(details, await to_thread.run_sync(passwords.hash_password, password, limiter=web.hashing))


@action(Access.ANYONE, prepare=_prepare, again=_again, once=True)
def register(request: Request, session: Session) -> Response:
    ready, web = prepared_of(request), web_of(request)
    visitor = visitor_of(request)
    if visitor is not None or ready is None:
        return redirect(request, home_path(visitor.person) if visitor is not None else "/")
    if ready.wait_seconds:
        return _asked_to_wait(request, ready.wait_seconds)
    registrations.register(
        session,
        web.desk,
        ready.details,
        language=language_of(request) or web.desk.site.language,
        password_hash=ready.password_hash,
        browser=holder_of(request, web.cookies) or "",
        now=now_of(request),
    )
    return redirect(request, WAITING)


@page(Access.ANYONE)
def waiting(request: Request, session: Session) -> Response:
    _only_where_open(request)
    found = registrations.pending(session, _browser(request), now=now_of(request))
    if found is None:
        return redirect(request, "/registro")
    return show(request, "register_sent.html", email=found.email, next_mail=found.next_mail)


@action(Access.ANYONE)
def send_again(request: Request, session: Session) -> Response:
    _only_where_open(request)
    found = registrations.pending(session, _browser(request), now=now_of(request))
    if found is None:
        return redirect(request, "/registro")
    if found.next_mail is not None:
        return redirect(request, WAITING)
    registrations.send_again(session, web_of(request).desk, found, now=now_of(request))
    return redirect(request, WAITING, notice=_("We sent it to you again."))


def _only_where_open(request: Request) -> None:
    """Where people may not sign up themselves, there is no such page."""
    if not web_of(request).runtime.config.accounts.registration:
        raise NotFound("registration")


def _browser(request: Request) -> str:
    return holder_of(request, web_of(request).cookies) or ""


def _is_signed_in(request: Request) -> bool:
    with web_of(request).runtime.db.snapshot() as session:
        return find_visitor(request, session) is not None


def _checked(request: Request) -> Details:
    fields, web = form_of(request), web_of(request)
    with web.runtime.db.snapshot() as session:
        return registrations.checked(
            session,
            web.runtime.config.mail,
            email=fields.get("email", ""),
            name=fields.get("nombre", ""),
            company=fields.get("empresa", ""),
            cuit=fields.get("cuit", ""),
            phone=fields.get("telefono", ""),
        )


def _check_password(request: Request) -> None:
    fields, config = form_of(request), web_of(request).runtime.config
    own = tuple(fields.get(name, "") for name in ("nombre", "empresa", "email"))
    passwords.check_rules(
        fields.get("clave", ""),
        minimum=config.accounts.password_min,
        own_words=(*own, web_of(request).desk.site.name),
    )


def _take_turn(request: Request) -> int:
    with web_of(request).runtime.db.transaction() as session:
        wait = registrations.take_turn(session, peer_of(request), now=now_of(request))
    return max(1, int(wait.total_seconds())) if wait is not None else 0


def _asked_to_wait(request: Request, seconds: int) -> Response:
    minutes = -(-seconds // 60)
    problem = Problem("email", _TOO_MANY, {"minutes": minutes})
    kept = refused(form_of(request), Invalid("email", "")).values
    response = _shown(request, Form(kept, (problem,)), status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def _shown(request: Request, filled: Form, status: int = 200) -> Response:
    minimum = web_of(request).runtime.config.accounts.password_min
    return show(request, "register.html", status=status, form=filled, password_min=minimum, path="/registro")
