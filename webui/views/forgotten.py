"""A forgotten password: where to send the link. The answer is the same for any address (C11, W9)."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import Invalid
from gateway.rules.people import Access
from gateway.services import credentials
from webui.endpoint import action, form_of, page
from webui.forms import Form, refused
from webui.web import now_of, peer_of, redirect, show, web_of

SENT = "/clave?enviado=si"


@page(Access.ANYONE)
def form(request: Request, _session: Session) -> Response:
    if request.query_params.get("enviado") == "si":
        return show(request, "forgotten_sent.html")
    return show(request, "forgotten.html", form=Form())


def _again(request: Request, _session: Session, error: Invalid) -> Response:
    return show(request, "forgotten.html", status=422, form=refused(form_of(request), error))


@action(Access.ANYONE, again=_again)
def send(request: Request, session: Session) -> Response:
    email, peer, desk = form_of(request).get("email", ""), peer_of(request), web_of(request).desk
    credentials.ask_reset(session, desk, email, peer, now=now_of(request))
    return redirect(request, SENT)
