"""A request among those of the list it was opened from: the way back, and to the ones beside it.

The address of the list travels in the link (`de`), and from page to page of the request with all that is
done there. What it names is asked for anew, under the rule of the list itself, so nobody is led to what
they may not open (C6); and what is said of it is always worded by us, so it leads nowhere else.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from sqlmodel import Session
from starlette.requests import Request

from gateway.errors import Invalid
from gateway.services import inboxes
from gateway.services.inboxes import PAGE, Count, View, Wish
from webui.lists import Address
from webui.web import person_of, zone_of
from webui.wishes import Place, place_of, query_of, wish_of

FROM = "de"
LONGEST = 2_000
_FIELDS = 30


@dataclass(frozen=True, slots=True)
class Origin:
    """The page of a list that a request was opened from."""

    address: Address
    wish: Wish
    place: Place

    @property
    def back(self) -> str:
        return self.address.of(self.wish, self.place)

    @property
    def within(self) -> str:
        """The query that carries it along."""
        return f"?{urlencode({FROM: query_of(self.wish, self.address.bare, self.place)})}"

    def on(self, place: Place) -> "Origin":
        """Another page of the same list."""
        return Origin(self.address, self.wish, place)

    def to(self, number: int | None) -> str | None:
        """The way to a request on it."""
        return f"/solicitudes/{number}{self.within}" if number is not None else None


@dataclass(frozen=True, slots=True)
class Among:
    """`position` None: it is no longer on that page of the list.

    A path is None at an end of the list, or where the way to its page is not known.
    """

    view: View
    back: str
    position: int | None = None
    total: Count | None = None
    before: str | None = None
    after: str | None = None


def origin_of(request: Request, address: Address) -> Origin | None:
    """Return what the address of a request, or of something done to it, says of where it was opened from."""
    try:
        query = dict(parse_qsl(request.query_params.get(FROM, "")[:LONGEST], max_num_fields=_FIELDS))
    except ValueError:
        return None
    return Origin(address, wish_of(query, address.bare), place_of(query)) if query else None


def among(request: Request, session: Session, origin: Origin | None, number: int) -> Among | None:
    """Return where a request stands in the list it was opened from; None when it came from none."""
    if origin is None:
        return None
    nowhere = Among(origin.wish.view, origin.back)
    try:
        return _standing(request, session, origin, number) or nowhere
    except Invalid:  # its words cannot be searched any more
        return nowhere


def _standing(request: Request, session: Session, origin: Origin, number: int) -> Among | None:
    person, zone, wish, place = person_of(request), zone_of(request), origin.wish, origin.place
    found = inboxes.beside(session, person, wish, number, after=place.after, zone=zone)
    if found is None:
        return None
    before, previous = origin.to(found.before), place.previous()
    if before is None and previous is not None:
        last = inboxes.last_before(session, person, wish, number, after=previous.after, zone=zone)
        before = origin.on(previous).to(last)
    following = place.next(found.page_after) if found.page_after is not None else place
    return Among(
        wish.view,
        origin.back,
        position=(place.number - 1) * PAGE + found.index + 1,
        total=inboxes.matching(session, person, wish, zone=zone),
        before=before,
        after=origin.on(following).to(found.after),
    )
