"""Administration of clients: found by words, corrected, disabled, sent a link for their password."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.mail.wording import tax_number
from gateway.rules.people import Access
from gateway.services import clients
from webui.endpoint import action, form_of, page
from webui.forms import Form, Problem, refused
from webui.views.administration import Found, list_shown, shown
from webui.web import now_of, person_of, redirect, web_of

PATH = "/admin/clientes"


@page(Access.ADMIN)
def every(request: Request, session: Session) -> Response:
    def find(query: str, after: int | None) -> Found:
        return clients.page(session, query, after=after)

    return list_shown(request, session, "clients_admin.html", find)


@page(Access.ADMIN)
def form(request: Request, session: Session) -> Response:
    return _as_it_is(request, session)


def _again(request: Request, session: Session, error: Invalid) -> Response:
    return _shown(request, session, refused(form_of(request), error), status=422)


@action(Access.ADMIN, again=_again, once=True)
def change(request: Request, session: Session) -> Response:
    fields, person = form_of(request), request.path_params["client"]
    clients.change(
        session,
        person,
        name=fields.get("nombre", ""),
        phone=fields.get("telefono", ""),
        language=fields.get("idioma", ""),
        company=fields.get("empresa", ""),
        cuit=fields.get("cuit", ""),
        by=person_of(request),
        now=now_of(request),
    )
    return redirect(request, f"{PATH}/{person}", notice=_("Saved."))


@action(Access.ADMIN, once=True, sensitive=True)
def disable(request: Request, session: Session) -> Response:
    person = request.path_params["client"]
    clients.disable(session, person, by=person_of(request), now=now_of(request))
    return redirect(request, f"{PATH}/{person}", notice=_("The account is disabled, and its sessions ended."))


@action(Access.ADMIN, once=True, sensitive=True)
def enable(request: Request, session: Session) -> Response:
    person = request.path_params["client"]
    clients.enable(session, person, by=person_of(request), now=now_of(request))
    return redirect(request, f"{PATH}/{person}", notice=_("The account is enabled."))


def _again_as_it_is(request: Request, session: Session, error: Invalid) -> Response:
    return _as_it_is(request, session, refused({}, error).problems, status=422)


@action(Access.ADMIN, again=_again_as_it_is, once=True, sensitive=True)
def reset(request: Request, session: Session) -> Response:
    person = request.path_params["client"]
    clients.reset(session, web_of(request).desk, person, by=person_of(request), now=now_of(request))
    return redirect(
        request, f"{PATH}/{person}", notice=_("An e-mail with a link to set the password goes out.")
    )


def _as_it_is(
    request: Request, session: Session, problems: tuple[Problem, ...] = (), *, status: int = 200
) -> Response:
    client = clients.one(session, request.path_params["client"])
    values = {
        "nombre": client.name,
        "telefono": client.phone or "",
        "idioma": client.language,
        "empresa": client.company or "",
        "cuit": tax_number(client.cuit or ""),
    }
    return _shown(request, session, Form(values, problems), status=status)


def _shown(request: Request, session: Session, filled: Form, *, status: int = 200) -> Response:
    client = clients.one(session, request.path_params["client"])
    silent = client.silent_until is not None and client.silent_until > now_of(request)
    return shown(
        request, session, "client_admin.html", status=status, form=filled, client=client, silent=silent
    )
