"""Another language, from the foot of any page, signed in or not."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import LANGUAGES
from gateway.errors import NotFound
from gateway.rules.people import Access
from gateway.services import profiles
from webui.endpoint import action, form_of
from webui.hosts import safe_path
from webui.web import redirect, visitor_of, web_of


@action(Access.ANYONE)
def choose(request: Request, session: Session) -> Response:
    language, back = form_of(request).get("idioma", ""), form_of(request).get("volver", "")
    if language not in LANGUAGES:
        raise NotFound("language")
    visitor = visitor_of(request)
    if visitor is not None:
        profiles.set_language(session, visitor.person, language)
    response = redirect(request, safe_path(back, "/"))
    web_of(request).cookies.remember_language(response, language)
    return response
