"""The three lists of an operator."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import Invalid
from gateway.rules.people import Access, Role
from gateway.services import inboxes, news, topic_lists
from gateway.services.inboxes import UNASSIGNED, Count, Order, Page, Shown, View, Wish
from webui.endpoint import page
from webui.lists import Address, list_page
from webui.web import person_of, show, zone_of
from webui.wishes import bare_of, place_of, wish_of

INBOX = Address("/bandeja", Wish(View.TOPICS))
NOTHING = Count(0, more=False)


@page(Access.OPERATOR)
def show_inbox(request: Request, session: Session) -> Response:
    return inbox_page(request, session)


def inbox_page(
    request: Request, session: Session, problem: Invalid | None = None, *, status: int = 400
) -> Response:
    """Return the list that the address names, with what was wrong, if something was."""
    person, zone = person_of(request), zone_of(request)
    wish, place = wish_of(request.query_params, INBOX.bare), place_of(request.query_params)
    choices = inboxes.choices(session, person)
    served = [number for number, _ in choices.topics]
    counts = inboxes.open_counts(session, person, served=served)
    unfiltered = wish == bare_of(wish, INBOX.bare)
    found, total, waiting = Page([], None), NOTHING, NOTHING
    try:
        found = inboxes.page(session, person, wish, after=place.after, zone=zone, served=served)
        total = counts[wish.view] if unfiltered else inboxes.matching(session, person, wish, zone=zone)
        if unfiltered and not found.lines:
            waiting = inboxes.matching(session, person, Wish(View.TOPICS, assignee=UNASSIGNED), zone=zone)
    except Invalid as error:
        problem = problem or error
    return show(
        request,
        "inbox.html",
        status=status if problem is not None else 200,
        list=list_page(
            INBOX, wish, place, shown=len(found.lines), after=found.after, total=total, problem=problem
        ),
        key=news.key,
        lines=found.lines,
        counts=counts,
        choices=choices,
        unfiltered=unfiltered,
        waiting=waiting,
        views=list(View),
        states=(Shown.ALL, Shown.OPEN, Shown.NEW, Shown.IN_PROGRESS, Shown.CLOSED),
        orders=list(Order),
        unserved=person.role is Role.ADMIN and not topic_lists.is_served(session),
    )
