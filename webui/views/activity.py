"""The activity log: who did what, by person and kind, page by page."""

from urllib.parse import urlencode

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.models.site import Deed
from gateway.rules.people import Access
from gateway.services import activity
from webui.endpoint import page
from webui.views.administration import key_of, shown

PATH = "/admin/actividad"


@page(Access.ADMIN)
def show_activity(request: Request, session: Session) -> Response:
    query = request.query_params
    by, before = key_of(query.get("quien")), key_of(query.get("antes"))
    deed = next((each for each in Deed if each.value == query.get("que")), None)
    found = activity.page(session, by=by, deed=deed, before=before)
    chosen = {"quien": str(by) if by is not None else "", "que": deed or ""}
    kept = {name: value for name, value in chosen.items() if value}
    return shown(
        request,
        session,
        "activity.html",
        lines=found.lines,
        actors=activity.actors(session),
        deeds=list(Deed),
        by=by,
        deed=deed,
        first=before is None,
        first_path=_path(kept),
        next_path=_path({**kept, "antes": str(found.before)}) if found.before is not None else None,
    )


def _path(query: dict[str, str]) -> str:
    return f"{PATH}?{urlencode(query)}" if query else PATH
