"""A request among those of the list it was opened from: the way back, and to the ones beside it.

The address of the list travels in the link (`de`). What it names is asked for anew, under the rule of
the list itself, so nobody is led to what they may not open (C6).
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from sqlmodel import Session
from starlette.requests import Request

from gateway.errors import Invalid
from gateway.services import inboxes
from gateway.services.inboxes import PAGE, Count, View
from webui.lists import Address
from webui.web import person_of, zone_of
from webui.wishes import Place, place_of, query_of, wish_of

FROM = "de"
LONGEST = 2_000
_FIELDS = 30


@dataclass(frozen=True, slots=True)
class Among:
    """`position` None: it is no longer on that page of the list. A path is None at an end of the page."""

    view: View
    back: str
    position: int | None = None
    total: Count | None = None
    before: str | None = None
    after: str | None = None


def among(request: Request, session: Session, address: Address, number: int) -> Among | None:
    """Return where a request stands in the list it was opened from; None when it came from none."""
    try:
        query = dict(parse_qsl(request.query_params.get(FROM, "")[:LONGEST], max_num_fields=_FIELDS))
    except ValueError:
        return None
    if not query:
        return None
    person, zone = person_of(request), zone_of(request)
    wish, place = wish_of(query, address.bare), place_of(query)
    back = address.of(wish, place)
    try:
        found = inboxes.beside(session, person, wish, number, after=place.after, zone=zone)
    except Invalid:  # its words cannot be searched any more
        return Among(wish.view, back)
    if found is None:
        return Among(wish.view, back)

    def way(to: int | None, there: Place) -> str | None:
        return f"/solicitudes/{to}?{urlencode({FROM: query_of(wish, address.bare, there)})}" if to else None

    following = place.next(found.page_after) if found.page_after is not None else place
    return Among(
        wish.view,
        back,
        position=(place.number - 1) * PAGE + found.index + 1,
        total=inboxes.matching(session, person, wish, zone=zone),
        before=way(found.before, place),
        after=way(found.after, following),
    )
