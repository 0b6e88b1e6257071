"""The three lists of an operator. The address holds the whole view, so it can be shared."""

from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.rules.people import Access
from gateway.services import inboxes
from gateway.services.inboxes import Shown, View, Wish
from webui.endpoint import page
from webui.web import person_of, show, zone_of

E = TypeVar("E", bound=StrEnum)


@page(Access.OPERATOR)
def show_inbox(request: Request, session: Session) -> Response:
    person, query = person_of(request), request.query_params
    view = _one_of(View, query.get("vista"), View.TOPICS)
    shown = _one_of(Shown, query.get("estado"), Shown.OPEN)
    after = inboxes.key_of(query.get("antes", ""))
    found = inboxes.page(session, person, Wish(view, shown), after=after, zone=zone_of(request))
    return show(
        request,
        "inbox.html",
        view=view,
        shown=shown,
        first=after is None,
        lines=found.lines,
        counts=inboxes.open_counts(session, person),
        views=list(View),
        states=list(Shown),
        first_path=_path(view, shown),
        next_path=_path(view, shown, antes=str(found.after)) if found.after is not None else None,
    )


def _path(view: View, shown: Shown, **more: str) -> str:
    return "/bandeja?" + urlencode({"vista": view, "estado": shown, **more})


def _one_of(kind: type[E], given: str | None, otherwise: E) -> E:
    return next((each for each in kind if each.value == given), otherwise)
