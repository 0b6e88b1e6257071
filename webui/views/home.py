"""The bare address: to where each person's work is."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.rules.people import Access, Sender, is_staff
from webui.endpoint import page
from webui.web import person_of, redirect


@page(Access.SIGNED_IN)
def home(request: Request, _session: Session) -> Response:
    return redirect(request, home_path(person_of(request)))


def home_path(person: Sender) -> str:
    """The page somebody starts from."""
    return "/bandeja" if is_staff(person.role) else "/solicitudes"
