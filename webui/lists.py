"""What the pages of lists have in common: the filters that are on, the pages, the count, the news."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from gateway.errors import Invalid
from gateway.services.inboxes import PAGE, Count, Key, Order, Wish
from webui.forms import Form, Problem
from webui.wishes import Place, active, bare_of, query_of

INBOX = "/bandeja"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a list is, and what it shows when its address says no more."""

    path: str
    bare: Wish

    def of(self, wish: Wish, place: Place | None = None) -> str:
        return f"{self.path}?{query_of(wish, self.bare, place)}"


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that is on, and the way to the same list without it."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class PageLink:
    number: int
    path: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list as its template shows it. `known`: all that is new would come on this page."""

    wish: Wish
    path: str
    clear_path: str
    news_path: str
    number: int
    first: int
    last: int
    total: Count
    earlier: Sequence[PageLink]
    next: PageLink | None
    filters: Sequence[Filter]
    known: bool
    filled: Form
    within: str  # what a link to one of its requests says of where it came from

    @property
    def several(self) -> bool:
        return self.next is not None or self.number > 1


def list_page(
    address: Address,
    wish: Wish,
    place: Place,
    *,
    shown: int,
    after: Key | None,
    total: Count,
    problem: Invalid | None,
) -> ListPage:
    """Put together what surrounds the `shown` lines of one page."""
    first = (place.number - 1) * PAGE + 1
    following = place.next(after) if after is not None else None
    problems = (Problem(problem.field, problem.sentence, problem.values),) if problem is not None else ()
    return ListPage(
        wish=wish,
        path=address.of(wish, place),
        clear_path=address.of(bare_of(wish, address.bare)),
        news_path=f"/novedades?lista={address.path[1:]}&{query_of(wish, address.bare)}",
        number=place.number,
        first=first,
        last=first + shown - 1,
        total=total,
        earlier=[PageLink(each.number, address.of(wish, each)) for each in place.earlier()],
        next=PageLink(following.number, address.of(wish, following)) if following is not None else None,
        filters=[Filter(name, address.of(without)) for name, without in active(wish, address.bare)],
        known=place.number == 1 and wish.order is Order.RECENT,
        filled=Form(problems=problems),
        within=f"?{urlencode({'de': query_of(wish, address.bare, place)})}" if address.path == INBOX else "",
    )
