"""Administration of topics: their list, and the form of one."""

from collections.abc import Sequence

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.rules.people import Access
from gateway.services import topic_lists, topics
from gateway.services.topic_lists import TopicShown
from webui.endpoint import action, form_of, page, values_of
from webui.forms import Form, Problem, refused
from webui.views.administration import shown
from webui.web import now_of, person_of, redirect, web_of

PATH = "/admin/tematicas"
_NOBODY = _("Saved. Nobody answers this topic: its new requests are told to nobody.")


@page(Access.ADMIN)
def front(request: Request, _session: Session) -> Response:
    return redirect(request, PATH)


@page(Access.ADMIN)
def every(request: Request, session: Session) -> Response:
    return shown(request, session, "topics_admin.html", topics=topic_lists.every(session))


@page(Access.ADMIN)
def new_form(request: Request, session: Session) -> Response:
    return _form(request, session, None, Form(), ())


def _again_new(request: Request, session: Session, error: Invalid) -> Response:
    return _form(
        request, session, None, refused(form_of(request), error), values_of(request, "operadores"), status=422
    )


@action(Access.ADMIN, again=_again_new, once=True)
def add(request: Request, session: Session) -> Response:
    fields, operators = form_of(request), values_of(request, "operadores")
    topic = topics.add_topic(
        session,
        fields.get("nombre", ""),
        description=fields.get("descripcion", ""),
        address=fields.get("direccion", "").strip() or None,
        operators=operators,
        default=bool(fields.get("predeterminada")),
        reply_address=web_of(request).runtime.config.mail.reply_address,
        by=person_of(request),
        now=now_of(request),
    )
    said = _("The topic is made.") if operators else _NOBODY
    return redirect(request, PATH if operators else f"{PATH}/{topic.id}", notice=said)


@page(Access.ADMIN)
def form(request: Request, session: Session) -> Response:
    return _form_as_it_is(request, session)


def _again(request: Request, session: Session, error: Invalid) -> Response:
    filled = refused(form_of(request), error)
    ticked = values_of(request, "operadores")
    return _form(request, session, _topic(request, session), filled, ticked, status=422)


@action(Access.ADMIN, again=_again, once=True)
def change(request: Request, session: Session) -> Response:
    fields, operators = form_of(request), values_of(request, "operadores")
    topics.change_topic(
        session,
        request.path_params["topic"],
        name=fields.get("nombre", ""),
        description=fields.get("descripcion", ""),
        address=fields.get("direccion", "").strip() or None,
        operators=operators,
        default=bool(fields.get("predeterminada")),
        reply_address=web_of(request).runtime.config.mail.reply_address,
        by=person_of(request),
        now=now_of(request),
    )
    return redirect(request, PATH, notice=_("Saved.") if operators else _NOBODY)


def _again_switch(request: Request, session: Session, error: Invalid) -> Response:
    return _form_as_it_is(request, session, refused({}, error).problems, status=422)


@action(Access.ADMIN, again=_again_switch)
def switch(request: Request, session: Session) -> Response:
    enabled = form_of(request).get("activa") == "1"
    topics.switch(
        session, request.path_params["topic"], enabled=enabled, by=person_of(request), now=now_of(request)
    )
    said = (
        _("The topic is enabled.") if enabled else _("The topic is disabled. Its requests stay as they are.")
    )
    return redirect(request, PATH, notice=said)


@action(Access.ADMIN, once=True)
def order(request: Request, session: Session) -> Response:
    topics.move(session, request.path_params["topic"], up=form_of(request).get("hacia") == "arriba")
    return redirect(request, PATH)


def _topic(request: Request, session: Session) -> TopicShown:
    return topic_lists.one(session, request.path_params["topic"])


def _form_as_it_is(
    request: Request, session: Session, problems: tuple[Problem, ...] = (), *, status: int = 200
) -> Response:
    topic = _topic(request, session)
    values = {"nombre": topic.name, "descripcion": topic.description, "direccion": topic.address or ""}
    ticked = [each.email for each in topic.operators]
    return _form(request, session, topic, Form(values, problems), ticked, status=status)


def _form(
    request: Request,
    session: Session,
    topic: TopicShown | None,
    filled: Form,
    ticked: Sequence[str],
    *,
    status: int = 200,
) -> Response:
    colleagues = [
        (each.email, each.shown, each.email if each.name else "") for each in topic_lists.colleagues(session)
    ]
    return shown(
        request,
        session,
        "topic_admin.html",
        status=status,
        topic=topic,
        form=filled,
        colleagues=colleagues,
        ticked=frozenset(ticked),
    )
