"""A new request: a client's own, or one that an operator files for somebody."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.rules.lifecycle import Channel
from gateway.rules.people import Access, is_staff
from gateway.services import acting, filing, writing
from gateway.services.contributions import Contribution
from gateway.services.filing import Filing
from webui.endpoint import action, files_of, form_of, page
from webui.forms import Form, refused
from webui.numbers import number_in
from webui.spoken import spoken
from webui.web import now_of, person_of, redirect, show, web_of

CARDS = 8
"""Topics shown as cards; more of them are a list to open."""


@page(Access.SIGNED_IN)
def form(request: Request, session: Session) -> Response:
    return _shown(request, session, Form())


def _again(request: Request, session: Session, problem: Invalid) -> Response:
    sent = request.state.form
    lost = bool(sent.files or sent.too_much)
    return _shown(request, session, refused(form_of(request), problem), files_lost=lost, status=422)


@action(Access.SIGNED_IN, again=_again, uploads=True, once=True)
def send(request: Request, session: Session) -> Response:
    fields, person, now = form_of(request), person_of(request), now_of(request)
    text = writing.checked_text(fields.get("descripcion", ""), "descripcion")
    files = files_of(request)
    asked = Filing(
        topic=number_in(fields, "tematica"),
        subject=fields.get("asunto", ""),
        contribution=Contribution(text=text, files=files, channel=Channel.WEB),
        client=fields.get("cliente", "").strip() if is_staff(person.role) else "",
    )
    number = filing.file(session, web_of(request).desk, person, asked, now=now)
    if asked.client and not acting.answers_still(session, number, person):
        notice = spoken(
            request, _("The request #{number} was filed for {email}."), number=number, email=asked.client
        )
        return redirect(request, "/bandeja", notice=notice)
    notice = _("The request is filed.") if asked.client else _("We got your request.")
    return redirect(request, f"/solicitudes/{number}", notice=notice)


def _shown(
    request: Request, session: Session, filled: Form, *, files_lost: bool = False, status: int = 200
) -> Response:
    topics = filing.choices(session)
    return show(
        request,
        "new_request.html",
        status=status,
        form=filled,
        topics=topics,
        cards=len(topics) <= CARDS,
        files_lost=files_lost,
        subject_characters=filing.SUBJECT_CHARACTERS,
    )
