"""`page` and `action`: who may, the session, the form, the transaction, the errors, in one place.

A view is a plain function of a request and a database session. Only what one of these two declared
can become a route, so there is no page without an answer to "who may?" (invariants W1).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import DomainError, Invalid
from gateway.rules.people import Access, may
from gateway.services import used_forms, web_sessions
from gateway.services.contributions import FiledAttachment
from webui import csrf, sent_form
from webui.after import noting
from webui.sent_form import BODY_OCTETS, UPLOAD_BODY_OCTETS, SentForm
from webui.web import ONCE, back_to, now_of, open_web, redirect, web_of

CONFIRMED_FOR = timedelta(minutes=10)
"""So long a password that was given counts for what is sensitive (W6)."""

CONFIRM_PATH = "/confirmar-clave"

View = Callable[[Request, Session], Response]
Prepare = Callable[[Request], Awaitable[Any]]
Again = Callable[[Request, Session, Invalid], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A declared view.

    `prepare` is slow work before the transaction, `prepare_again` before the page of a refused form,
    which `again` shows. `uploads`: the form may
    hold files. `once`: its one-time key makes a second sending lead where the first did (E10).
    `sensitive`: the password must have been given within ten minutes (W6).
    """

    access: Access
    method: str
    view: View
    prepare: Prepare | None = None
    again: Again | None = None
    prepare_again: Prepare | None = None
    uploads: bool = False
    once: bool = False
    sensitive: bool = False

    @property
    def body_octets(self) -> int:
        """How large a request may be."""
        return UPLOAD_BODY_OCTETS if self.uploads else BODY_OCTETS

    async def respond(self, request: Request) -> Response:
        """Answer a request; what a person may not do looks like what is not there (C6)."""
        try:
            response = await (self._act(request) if self.method == "POST" else self._show(request))
        except Invalid:
            raise HTTPException(422) from None
        except DomainError:
            raise HTTPException(404) from None
        return noting(request, response)

    async def _show(self, request: Request) -> Response:
        in_thread = web_of(request).runtime.db.in_thread
        if self.prepare is not None:
            if (refused := await in_thread(self._refusal, request)) is not None:
                return refused  # nothing slow is done for somebody who may not see it
            request.state.prepared = await self.prepare(request)
        return await in_thread(self._look, request, self.view)

    async def _act(self, request: Request) -> Response:
        web = web_of(request)
        if self.uploads and (refused := await web.runtime.db.in_thread(self._refusal, request)) is not None:
            return refused  # nobody unknown fills the disk
        form = request.state.form = await sent_form.read(request, web.runtime.blobs, files=self.uploads)
        try:
            given, site = form.single.get(csrf.FIELD, ""), web.runtime.config.site
            csrf.check(request, given, web.cookies, secret=web.runtime.secret, base_url=site.base_url)
        except HTTPException:
            sent_form.discard(form)
            raise
        await sent_form.place(form, web.runtime.blobs)
        try:
            if self.prepare is not None:
                request.state.prepared = await self.prepare(request)
            return await web.runtime.db.in_thread(self._write, request)
        except Invalid as problem:
            if self.again is None:
                raise
            if self.prepare_again is not None:
                request.state.prepared = await self.prepare_again(request)
            refused_form = partial(_refused, self.again, problem)
            return await web.runtime.db.in_thread(self._look, request, refused_form)

    def _look(self, request: Request, view: View) -> Response:
        with web_of(request).runtime.db.snapshot() as session:
            return self._not_admitted(request, session) or view(request, session)

    def _refusal(self, request: Request) -> Response | None:
        with web_of(request).runtime.db.snapshot() as session:
            return self._not_admitted(request, session)

    def _write(self, request: Request) -> Response:
        with web_of(request).runtime.db.transaction() as session:
            refused = self._not_admitted(request, session)
            if refused is not None:
                return refused
            return self._act_once(request, session) if self.once else self.view(request, session)

    def _act_once(self, request: Request, session: Session) -> Response:
        """Do it, or, if this very form did it before, lead where it led then."""
        key = form_of(request).get(ONCE, "")
        if not key:
            raise HTTPException(400)
        owner = web_sessions.lasting_part(web_of(request).cookies.session(request) or "")
        before = used_forms.claim(session, owner, key, now=now_of(request))
        if before is not None:
            return redirect(request, before.location or "/", notice=before.notice)
        response = self.view(request, session)
        location, notice = response.headers.get("location", ""), getattr(request.state, "said", "")
        used_forms.remember(session, owner, key, location=location, notice=notice)
        return response

    def _not_admitted(self, request: Request, session: Session) -> Response | None:
        """What to answer instead to somebody who may not, or not without their password; None: they may."""
        visitor = request.state.visitor = find_visitor(request, session)
        open_web(request, session)
        if not may(visitor.person.role if visitor is not None else None, self.access):
            if visitor is not None:
                raise HTTPException(404)
            return redirect(request, _sign_in_path(request))
        if self.sensitive and visitor is not None and now_of(request) - visitor.confirmed_at > CONFIRMED_FOR:
            return redirect(request, f"{CONFIRM_PATH}?next={quote(back_to(request), safe='/')}")
        return None


@dataclass(frozen=True, slots=True)
class Bare:
    """A declared answer for programs: no session, no database, unless it asks for one itself."""

    respond: Prepare
    access: Access = Access.ANYONE
    method: str = "GET"


def bare(respond: Prepare) -> Bare:
    """Declare an answer for anyone that must not depend on who asks."""
    return Bare(respond)


def page(
    access: Access, *, prepare: Prepare | None = None, sensitive: bool = False
) -> Callable[[View], Endpoint]:
    """Declare a view that only looks: GET and HEAD, on a snapshot."""
    return lambda view: Endpoint(access=access, method="GET", view=view, prepare=prepare, sensitive=sensitive)


def action(
    access: Access,
    *,
    prepare: Prepare | None = None,
    again: Again | None = None,
    prepare_again: Prepare | None = None,
    uploads: bool = False,
    once: bool = False,
    sensitive: bool = False,
) -> Callable[[View], Endpoint]:
    """Declare a view that changes something: POST, in a transaction, answered by a redirect."""
    return lambda view: Endpoint(
        access=access,
        method="POST",
        view=view,
        prepare=prepare,
        again=again,
        prepare_again=prepare_again,
        uploads=uploads,
        once=once,
        sensitive=sensitive,
    )


def form_of(request: Request) -> Mapping[str, str]:
    """The fields of the form that was sent, each with its last value."""
    form: SentForm = request.state.form
    return form.single


def values_of(request: Request, name: str) -> Sequence[str]:
    """All values of a field that may be sent many times, such as a box to tick on each row."""
    form: SentForm = request.state.form
    return form.fields.get(name, ())


def files_of(request: Request) -> tuple[FiledAttachment, ...]:
    """The files that were sent, in place already; Invalid names the one that was too much."""
    form: SentForm = request.state.form
    if form.too_much:
        raise Invalid("adjuntos", form.why, name=form.too_much)
    return form.files


def prepared_of(request: Request) -> Any:
    """What `prepare` brought."""
    return request.state.prepared


def _refused(again: Again, problem: Invalid, request: Request, session: Session) -> Response:
    return again(request, session, problem)


def find_visitor(request: Request, session: Session) -> web_sessions.Visitor | None:
    """Look up who is signed in: for a `prepare` that comes before anybody asked."""
    token = web_of(request).cookies.session(request)
    return web_sessions.find(session, token, now=now_of(request)) if token else None


def _sign_in_path(request: Request) -> str:
    if request.method == "POST" or request.url.path == "/":
        return "/ingresar"
    query = f"?{request.url.query}" if request.url.query else ""
    return f"/ingresar?next={quote(request.url.path + query, safe='/')}"
