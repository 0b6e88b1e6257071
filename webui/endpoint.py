"""`page` and `action`: who may, the session, the form, the transaction, the errors, in one place.

A view is a plain function of a request and a database session. Only what one of these two declared
can become a route, so there is no page without an answer to "who may?" (invariants W1).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import DomainError, Invalid
from gateway.rules.people import Access, may
from gateway.services import web_sessions
from webui import csrf
from webui.web import Web, now_of, redirect, visitor_of, web_of

FIELDS = 50
FORM_TYPE = "application/x-www-form-urlencoded"

View = Callable[[Request, Session], Response]
Prepare = Callable[[Request], Awaitable[Any]]
Again = Callable[[Request, Session, Invalid], Response]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A declared view. `prepare` is slow work before the transaction; `again` shows a refused form."""

    access: Access
    method: str
    view: View
    prepare: Prepare | None = None
    again: Again | None = None

    async def respond(self, request: Request) -> Response:
        """Answer a request; what a person may not do looks like what is not there (C6)."""
        try:
            response = await (self._act(request) if self.method == "POST" else self._show(request))
        except Invalid:
            raise HTTPException(422) from None
        except DomainError:
            raise HTTPException(404) from None
        return _noting_use(request, response)

    async def _show(self, request: Request) -> Response:
        return await web_of(request).runtime.db.in_thread(self._look, request, self.view)

    async def _act(self, request: Request) -> Response:
        web = web_of(request)
        request.state.form = await _read_form(request)
        site, given = web.runtime.config.site, form_of(request).get(csrf.FIELD, "")
        csrf.check(request, given, web.cookies, secret=web.runtime.secret, base_url=site.base_url)
        try:
            if self.prepare is not None:
                request.state.prepared = await self.prepare(request)
            return await web.runtime.db.in_thread(self._write, request)
        except Invalid as problem:
            if self.again is None:
                raise
            refused = partial(_refused, self.again, problem)
            return await web.runtime.db.in_thread(self._look, request, refused)

    def _look(self, request: Request, view: View) -> Response:
        with web_of(request).runtime.db.snapshot() as session:
            return self._admitted(request, session, view)

    def _write(self, request: Request) -> Response:
        with web_of(request).runtime.db.transaction() as session:
            return self._admitted(request, session, self.view)

    def _admitted(self, request: Request, session: Session, view: View) -> Response:
        request.state.visitor = _visitor(request, session)
        visitor = visitor_of(request)
        if may(visitor.person.role if visitor is not None else None, self.access):
            return view(request, session)
        if visitor is not None:
            raise HTTPException(404)
        return redirect(request, _sign_in_path(request))


@dataclass(frozen=True, slots=True)
class Bare:
    """A declared answer for programs: no session, no database, unless it asks for one itself."""

    respond: Prepare
    access: Access = Access.ANYONE
    method: str = "GET"


def bare(respond: Prepare) -> Bare:
    """Declare an answer for anyone that must not depend on who asks."""
    return Bare(respond)


def page(access: Access) -> Callable[[View], Endpoint]:
    """Declare a view that only looks: GET and HEAD, on a snapshot."""
    return lambda view: Endpoint(access, "GET", view)


def action(
    access: Access, *, prepare: Prepare | None = None, again: Again | None = None
) -> Callable[[View], Endpoint]:
    """Declare a view that changes something: POST, in a transaction, answered by a redirect."""
    return lambda view: Endpoint(access, "POST", view, prepare, again)


def form_of(request: Request) -> Mapping[str, str]:
    """The fields of the form that was sent."""
    form: Mapping[str, str] = request.state.form
    return form


def prepared_of(request: Request) -> Any:
    """What `prepare` brought."""
    return request.state.prepared


async def _read_form(request: Request) -> dict[str, str]:
    """Return the fields, decoded as UTF-8. Another encoding would let them hold what is no text."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise HTTPException(400)
    async with request.form(max_fields=FIELDS) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


def _refused(again: Again, problem: Invalid, request: Request, session: Session) -> Response:
    return again(request, session, problem)


def _visitor(request: Request, session: Session) -> web_sessions.Visitor | None:
    token = web_of(request).cookies.session(request)
    return web_sessions.find(session, token, now=now_of(request)) if token else None


def _sign_in_path(request: Request) -> str:
    if request.method == "POST" or request.url.path == "/":
        return "/ingresar"
    query = f"?{request.url.query}" if request.url.query else ""
    return f"/ingresar?next={quote(request.url.path + query, safe='/')}"


def _noting_use(request: Request, response: Response) -> Response:
    """Note that the session is in use, now and then, once the answer is out: nobody waits for it."""
    web, visitor = web_of(request), visitor_of(request)
    token = web.cookies.session(request)
    if token and visitor is not None and visitor.stale and response.background is None:
        response.background = BackgroundTask(_note_use, web, token, request)
    return response


async def _note_use(web: Web, token: str, request: Request) -> None:
    def write() -> None:
        with web.runtime.db.transaction() as session:
            web_sessions.seen(session, token, now=now_of(request))

    try:
        await web.runtime.db.in_thread(write)
    except SQLAlchemyError as error:
        log.warning("web.use_not_noted", error=type(error).__name__)
