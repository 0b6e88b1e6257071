"""The second step of a new installation: what the site is called, and its first topic."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.mail.addresses import normal_form
from gateway.rules.people import Access
from gateway.services import entrance, settings, topic_lists, topics
from webui.endpoint import action, form_of, page
from webui.forms import Form, refused
from webui.views.administration import shown
from webui.web import now_of, person_of, redirect, web_of

NEXT = "/admin/conectar?inicio=1"


@page(Access.ADMIN)
def form(request: Request, session: Session) -> Response:
    """Whoever comes again when a topic is served already goes on to the next step."""
    if topic_lists.is_served(session):
        return redirect(request, NEXT)
    web = web_of(request)
    house = normal_form(web.runtime.config.mail.address) or ""
    free = house and entrance.is_free(session, house)
    values = {"sitio": web.desk.site.name, "nombre": "", "direccion": house if free else ""}
    return _shown(request, session, Form(values))


def _again(request: Request, session: Session, error: Invalid) -> Response:
    return _shown(request, session, refused(form_of(request), error), status=422)


@action(Access.ADMIN, again=_again, once=True)
def begin(request: Request, session: Session) -> Response:
    web, fields, person, now = web_of(request), form_of(request), person_of(request), now_of(request)
    config = web.runtime.config
    if not settings.is_fixed(config.site):
        settings.name_site(session, config.site, fields.get("sitio", ""), by=person, now=now)
    topics.add_topic(
        session,
        fields.get("nombre", ""),
        description=fields.get("descripcion", ""),
        address=fields.get("direccion", "").strip() or None,
        operators=[person.email],
        default=True,
        reply_address=config.mail.reply_address,
        by=person,
        now=now,
    )
    return redirect(request, NEXT, notice=_("The topic is made, and you answer it."))


def _shown(request: Request, session: Session, filled: Form, *, status: int = 200) -> Response:
    fixed = settings.is_fixed(web_of(request).runtime.config.site)
    return shown(request, session, "beginning.html", status=status, form=filled, fixed=fixed)
