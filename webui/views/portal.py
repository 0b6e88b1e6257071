"""A client's home: the requests they made."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import Invalid
from gateway.rules.people import Access
from gateway.services import news, portal
from gateway.services.inboxes import Count, Shown, View, Wish
from gateway.services.portal import RequestPage
from webui.endpoint import page
from webui.lists import Address, list_page
from webui.web import person_of, show, zone_of
from webui.wishes import bare_of, place_of, wish_of

REQUESTS = Address("/solicitudes", Wish(View.MINE, Shown.ALL))


@page(Access.SIGNED_IN)
def show_requests(request: Request, session: Session) -> Response:
    person, wish, place = person_of(request), own_wish(request), place_of(request.query_params)
    found, total, problem = RequestPage([], None), Count(0, more=False), None
    try:
        found = portal.requests(session, person, wish, after=place.after, zone=zone_of(request))
        if place.number > 1 or found.after is not None:
            total = portal.matching(session, person, wish, zone=zone_of(request))
        else:
            total = Count(len(found.lines), more=False)
    except Invalid as error:
        problem = error
    return show(
        request,
        "requests.html",
        status=200 if problem is None else 400,
        list=list_page(
            REQUESTS, wish, place, shown=len(found.lines), after=found.after, total=total, problem=problem
        ),
        key=news.key,
        lines=found.lines,
        unfiltered=wish == bare_of(wish, REQUESTS.bare),
        states=(Shown.ALL, Shown.OPEN, Shown.CLOSED),
    )


def own_wish(request: Request) -> Wish:
    """What a client may ask for: words and a state; the rest is for those who answer."""
    asked = wish_of(request.query_params, REQUESTS.bare)
    return Wish(View.MINE, asked.shown, words=asked.words)
