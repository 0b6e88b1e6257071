"""What the pages of administration share: their tabs, with how much mail waits for a person."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse

from gateway.rules.people import Role
from gateway.services import attention
from webui.web import person_of, show


def shown(
    request: Request, session: Session, template: str, *, status: int = 200, **values: object
) -> HTMLResponse:
    """Answer with a page that extends admin.html."""
    is_administrator = person_of(request).role is Role.ADMIN  # an operator may see some of the held mail
    to_review = attention.to_review(session) if is_administrator else 0
    return show(request, template, status=status, to_review=to_review, **values)
