"""Somebody leaves the team: what becomes of their account and of their open requests is asked first."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.rules.people import Access
from gateway.services import team, team_lists, topic_lists
from gateway.services.handover import Pending
from gateway.services.team import Leaving
from webui.endpoint import action, form_of, page
from webui.forms import Form, refused
from webui.views.administration import shown
from webui.views.team_admin import PATH
from webui.web import now_of, person_of, redirect


@page(Access.ADMIN, sensitive=True)
def form(request: Request, session: Session) -> Response:
    return _shown(request, session, Form({"como": Leaving.DISABLED, "pendientes": "soltar"}))


def _again(request: Request, session: Session, error: Invalid) -> Response:
    return _shown(request, session, refused(form_of(request), error), status=422)


@action(Access.ADMIN, again=_again, once=True, sensitive=True)
def leave(request: Request, session: Session) -> Response:
    fields = form_of(request)
    person = team_lists.one(session, request.path_params["member"]).id
    leaving = next((each for each in Leaving if each == fields.get("como")), None)
    if leaving is None:
        raise Invalid("como", _("Choose what becomes of the account."))
    count = team.leave(
        session, person, leaving, _pending(request), by=person_of(request), now=now_of(request)
    )
    said = (
        _("Done.") if not count else _("Done. Their open requests were passed on, and who gets them is told.")
    )
    return redirect(request, PATH, notice=said)


def _pending(request: Request) -> Pending:
    fields = form_of(request)
    if fields.get("pendientes") != "pasar":
        return Pending()
    given = fields.get("a", "")
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Invalid("to", _("Choose an operator who can take them."))
    return Pending(to=int(given))


def _shown(request: Request, session: Session, filled: Form, *, status: int = 200) -> Response:
    member = team_lists.one(session, request.path_params["member"])
    others = [each for each in topic_lists.colleagues(session) if each.id != member.id]
    return shown(
        request,
        session,
        "team_leaving.html",
        status=status,
        form=filled,
        member=member,
        others=[(str(each.id), each.shown) for each in others],
        own=member.id == person_of(request).user_id,
    )
