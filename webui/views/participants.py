"""Who takes part in a request: an operator adds, removes, and decides on those in copy of later mails."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.rules.people import Access
from gateway.services import acting, joining
from gateway.services.joining import Joined, Outside
from webui.endpoint import action, form_of
from webui.forms import Form, refused
from webui.numbers import number_in
from webui.spoken import spoken
from webui.views.ticket import within
from webui.web import now_of, person_of, redirect, show, web_of

EMAIL_CHARACTERS = 320


def _again(request: Request, session: Session, problem: Invalid) -> Response:
    """Ask about the address once more: it is from outside, or there is something wrong with it.

    Nobody from outside joins by a slip of the finger.
    """
    if isinstance(problem, Outside):
        return _asked(request, session, Form({"email": problem.email}), outside=problem.email, status=409)
    return _asked(request, session, refused(form_of(request), problem), status=422)


@action(Access.OPERATOR, again=_again, once=True)
def add(request: Request, session: Session) -> Response:
    fields, now = form_of(request), now_of(request)
    ticket = acting.ticket_for(session, _number(request), person_of(request), now=now)
    came, email = joining.add(
        session,
        web_of(request).desk,
        ticket,
        fields.get("email", "")[:EMAIL_CHARACTERS],
        by=person_of(request),
        confirmed="confirmado" in fields,
        now=now,
    )
    already = came is Joined.ALREADY
    sentence = _("{email} takes part already.") if already else _("{email} takes part from now on.")
    return _back(request, sentence, email)


@action(Access.OPERATOR, again=_again, once=True)
def remove(request: Request, session: Session) -> Response:
    now, person = now_of(request), number_in(form_of(request), "persona") or 0
    ticket = acting.ticket_for(session, _number(request), person_of(request), now=now)
    email = joining.remove(session, ticket, person, by=person_of(request), now=now)
    if email is None:
        return _back(request, _("They took part no more."))
    return _back(request, _("{email} takes part no more."), email)


@action(Access.OPERATOR, once=True)
def dismiss(request: Request, session: Session) -> Response:
    email, now = form_of(request).get("email", "")[:EMAIL_CHARACTERS], now_of(request)
    ticket = acting.ticket_for(session, _number(request), person_of(request), now=now)
    done = joining.dismiss(session, ticket, email, by=person_of(request), now=now)
    sentence = _("{email} stays out.") if done else _("Somebody decided on this address before.")
    return _back(request, sentence, email)


def _asked(request: Request, session: Session, form: Form, *, outside: str = "", status: int) -> Response:
    found = acting.named(session, _number(request), person_of(request))
    return show(
        request,
        "participant.html",
        status=status,
        ticket=found,
        form=form,
        outside=outside,
        within=within(request),
    )


def _number(request: Request) -> int:
    number: int = request.path_params["number"]
    return number


def _back(request: Request, sentence: str, email: str = "") -> Response:
    notice = spoken(request, sentence, email=email)
    return redirect(request, f"/solicitudes/{_number(request)}{within(request)}", notice=notice)
