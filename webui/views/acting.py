"""The buttons of a request: take, hand on, close, open again, mark as unread. What cannot be done is said."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.rules.people import Access
from gateway.services import acting, seen
from gateway.services.acting import Done, Handover
from webui.endpoint import action, form_of
from webui.numbers import number_in
from webui.spoken import spoken
from webui.views.ticket import came_back, list_of, seen_in, within
from webui.web import now_of, person_of, redirect, web_of

SENTENCES = {
    Done.TAKEN: _("The request is assigned to you."),
    Done.YOURS: _("The request was assigned to you already."),
    Done.ANOTHERS: _("{name} has the request. To have it yourself, reassign it."),
    Done.CLOSED: _("The request is closed."),
    Done.WAS_CLOSED: _("The request was closed already."),
    Done.REOPENED: _("The request is open again."),
    Done.WAS_OPEN: _("The request was open already."),
    Done.REASSIGNED: _("The request is reassigned."),
    Done.MOVED: _("The request is in its new topic."),
    Done.COMMENTED: _("Your internal comment is saved; only operators see it."),
    Done.NOTHING: _("Nothing was changed."),
}


@action(Access.OPERATOR, once=True)
def take(request: Request, session: Session) -> Response:
    done, holder = acting.take(session, _number(request), person_of(request), now=now_of(request))
    return _back(request, spoken(request, SENTENCES[done], name=holder))


@action(Access.OPERATOR, again=came_back, once=True)
def close(request: Request, session: Session) -> Response:
    fields, desk = form_of(request), web_of(request).desk
    shown = seen_in(fields) if "visto" in fields else None
    done = acting.close(session, desk, _number(request), person_of(request), shown, now=now_of(request))
    return _back(request, SENTENCES[done])


@action(Access.OPERATOR, once=True)
def reopen(request: Request, session: Session) -> Response:
    done = acting.reopen(session, _number(request), person_of(request), now=now_of(request))
    return _back(request, SENTENCES[done])


@action(Access.OPERATOR, again=came_back, once=True)
def hand_over(request: Request, session: Session) -> Response:
    """Whoever hands a request on may not see it any more; then they go on in their list."""
    fields, number, person = form_of(request), _number(request), person_of(request)
    handover = Handover(
        topic=number_in(fields, "tematica"),
        operator=number_in(fields, "operador"),
        note=fields.get("nota", ""),
        seen=seen_in(fields) if "visto" in fields else None,
    )
    done = acting.hand_over(session, web_of(request).desk, number, person, handover, now=now_of(request))
    if not acting.answers_still(session, number, person):
        return redirect(request, list_of(request), notice=SENTENCES[done])
    return _back(request, SENTENCES[done])


@action(Access.OPERATOR, once=True)
def mark_unread(request: Request, session: Session) -> Response:
    """Only their own mark is taken away; they go on in their list, since opening it would set it again."""
    number, person = _number(request), person_of(request)
    acting.ticket_for(session, number, person, now=now_of(request))
    seen.forget(session, person.user_id, number)
    return redirect(request, list_of(request), notice=_("The request is marked as unread."))


def _number(request: Request) -> int:
    number: int = request.path_params["number"]
    return number


def _back(request: Request, notice: str) -> Response:
    return redirect(request, f"/solicitudes/{_number(request)}{within(request)}", notice=notice)
