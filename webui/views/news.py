"""What is new, asked by the script of an open page now and then; JSON, and nothing but names of lines."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.errors import NotFound
from gateway.rules.people import Access, is_staff
from gateway.services import news
from gateway.services.overtaken import Seen
from webui.after import nobody_there
from webui.endpoint import page
from webui.numbers import number_in
from webui.views.inbox import INBOX
from webui.views.portal import own_wish
from webui.web import person_of, zone_of
from webui.wishes import wish_of


@page(Access.SIGNED_IN)
def tell(request: Request, session: Session) -> Response:
    """Of a request (`solicitud`, shown up to `visto`), of one's own (`lista`), else of the inbox."""
    person, query, zone = person_of(request), request.query_params, zone_of(request)
    nobody_there(request)
    if "solicitud" in query:
        number = number_in(query, "solicitud") or 0
        shown = Seen(number_in(query, "visto") or 0, number_in(query, "suceso"))
        return JSONResponse(list(news.of_ticket(session, number, person, shown)))
    if query.get("lista") == "solicitudes":
        return JSONResponse(list(news.of_requests(session, person, own_wish(request), zone=zone)))
    if not is_staff(person.role):
        raise NotFound("inbox")
    return JSONResponse(list(news.of_inbox(session, person, wish_of(query, INBOX.bare), zone=zone)))
