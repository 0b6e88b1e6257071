"""The page of a request: the operator's with everything, the client's from what is public alone."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import NotFound
from gateway.rules.people import Access, is_staff
from gateway.services import histories, portal
from webui.after import note_read
from webui.endpoint import page
from webui.web import person_of, show


@page(Access.SIGNED_IN)
def show_ticket(request: Request, session: Session) -> Response:
    """An operator who made a request of a topic they do not answer is its client."""
    number, person = request.path_params["number"], person_of(request)
    whole = "todo" in request.query_params
    if is_staff(person.role):
        try:
            found = histories.read(session, number, person, whole=whole)
        except NotFound:
            pass
        else:
            note_read(request, session, number)
            return show(request, "ticket.html", ticket=found)
    mine = portal.read(session, number, person, whole=whole)
    note_read(request, session, number)
    return show(request, "request.html", ticket=mine)
