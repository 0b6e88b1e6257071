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

_LONGEST_ID = 12


@page(Access.SIGNED_IN)
def show_ticket(request: Request, session: Session) -> Response:
    """An operator who made a request of a topic they do not answer is its client."""
    number, person, query = request.path_params["number"], person_of(request), request.query_params
    whole, wanted = "todo" in query, wanted_message(request)
    if is_staff(person.role):
        try:
            found = histories.read(session, number, person, whole=whole, wanted=wanted)
        except NotFound:
            pass
        else:
            note_read(request, session, number)
            return show(request, "ticket.html", ticket=found, with_notes="notas" in query)
    mine = portal.read(session, number, person, whole=whole, wanted=wanted)
    note_read(request, session, number)
    return show(request, "request.html", ticket=mine)


def wanted_message(request: Request) -> int | None:
    """The message a link leads to (`m`): a server is not told the fragment, and it may be an old one."""
    wanted = request.query_params.get("m", "")[:_LONGEST_ID]
    return int(wanted) if wanted.isascii() and wanted.isdigit() else None
