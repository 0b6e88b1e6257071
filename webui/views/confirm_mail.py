"""An operator says that a held mail is theirs (T9). The GET only shows: mail scanners follow links."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.rules.people import Access
from gateway.services import verification
from gateway.services.verification import State
from webui.endpoint import action, page
from webui.web import now_of, person_of, redirect, show


@page(Access.OPERATOR)
def form(request: Request, session: Session) -> Response:
    token = request.path_params["token"]
    asked = verification.question(session, token, person_of(request), now=now_of(request))
    return show(request, "confirm_mail.html", asked=asked)


@action(Access.OPERATOR)
def confirm(request: Request, session: Session) -> Response:
    token = request.path_params["token"]
    asked = verification.confirm(session, token, person_of(request), now=now_of(request))
    if asked.state is not State.OPEN:
        return redirect(request, request.url.path)
    notice = _("Confirmed. Your e-mail is taken as yours and will show here in a moment.")
    return redirect(request, f"/solicitudes/{asked.ticket}", notice=notice)
