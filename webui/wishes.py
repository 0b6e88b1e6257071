"""The address of a list ↔ what it shows. The address holds the whole view, so it can be shared (W17).

What an address says that makes no sense is left out: a list is shown, never an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from gateway.services.conversation import LARGEST_NUMBER
from gateway.services.inboxes import Key, Order, Shown, View, Wish, key_of
from webui.numbers import number_in

NAMES = {
    "vista": "view",
    "q": "words",
    "estado": "shown",
    "tematica": "topic",
    "asignada": "assignee",
    "empresa": "company",
    "cliente": "client",
    "desde": "since",
    "hasta": "until",
    "noleidas": "unread",
    "adjuntos": "files",
    "orden": "order",
}
"""Parameter of the address → field of the wish."""

KEPT_KEYS = 12
"""Pages one can go back to one by one; before them, to the first."""

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Place:
    """Which page of a list: its number, and the keys of the pages from the second to this one."""

    number: int = 1
    keys: tuple[Key, ...] = ()

    @property
    def after(self) -> Key | None:
        return self.keys[-1] if self.keys else None

    def next(self, after: Key) -> "Place":
        return Place(self.number + 1, (*self.keys, after)[-KEPT_KEYS:])

    def previous(self) -> "Place | None":
        """The page right before this one, if its way is known."""
        before = self.earlier()[-1:]
        return before[0] if before and before[0].number == self.number - 1 else None

    def earlier(self) -> Sequence["Place"]:
        """The pages before this one whose way is known, in order; the first is always."""
        known = [
            Place(self.number - back, self.keys[:-back])
            for back in range(len(self.keys), 0, -1)
            if self.keys[:-back] or self.number - back == 1
        ]
        return known if not self.keys or (known and known[0].number == 1) else [Place(), *known]


def wish_of(query: Mapping[str, str], bare: Wish) -> Wish:
    """Return what an address asks for; `bare` says what it does where it is silent."""
    return Wish(
        view=_one_of(View, query.get("vista"), bare.view),
        shown=_one_of(Shown, query.get("estado"), bare.shown),
        words=query.get("q", "").strip(),
        topic=_id(query, "tematica"),
        assignee=_id(query, "asignada"),
        company=query.get("empresa", "").strip(),
        client=query.get("cliente", "").strip(),
        since=_day(query.get("desde", "")),
        until=_day(query.get("hasta", "")),
        unread=query.get("noleidas") == "1",
        files=query.get("adjuntos") == "1",
        order=_one_of(Order, query.get("orden"), bare.order),
    )


def place_of(query: Mapping[str, str]) -> Place:
    """Return which page an address is of; without the keys that lead there it is the first."""
    keys = [key_of(each) for each in query.get("antes", "").split("~")[-KEPT_KEYS:]]
    sound = tuple(key for key in keys if key is not None)
    if not sound or len(sound) < len(keys):
        return Place()
    return Place(max(len(sound) + 1, min(number_in(query, "pag") or 0, LARGEST_NUMBER)), sound)


def query_of(wish: Wish, bare: Wish, place: Place | None = None) -> str:
    """Return the query of the address of a list; what goes without saying is not said."""
    said: dict[str, Any] = {
        name: _text(getattr(wish, field))
        for name, field in NAMES.items()
        if field == "view" or getattr(wish, field) != getattr(bare, field)
    }
    if place is not None and place.keys:
        said |= {"pag": place.number, "antes": "~".join(map(str, place.keys))}
    return urlencode(said)


def bare_of(wish: Wish, bare: Wish) -> Wish:
    """Return the view of a wish without a filter; the order is none."""
    return replace(bare, view=wish.view, order=wish.order)


def active(wish: Wish, bare: Wish) -> Sequence[tuple[str, Wish]]:
    """Return the filters of a wish by name, each with the wish without it.

    That only the open ones are shown is a filter as well, but goes without saying where it is the only one.
    """
    unfiltered = bare_of(wish, bare)
    if wish == unfiltered:
        return []
    empty = {field.name: getattr(unfiltered, field.name) for field in fields(Wish)} | {"shown": Shown.ALL}
    kinds = [(name, field) for name, field in NAMES.items() if field not in ("view", "order")]
    return [
        (name, replace(wish, **{field: empty[field]}))
        for name, field in kinds
        if getattr(wish, field) != empty[field]
    ]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1"
    return value.isoformat() if isinstance(value, date) else str(value)


def _id(query: Mapping[str, str], name: str) -> int | None:
    number = number_in(query, name)
    return None if number is None else min(number, LARGEST_NUMBER)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _one_of(kind: type[E], given: str | None, otherwise: E) -> E:
    return next((each for each in kind if each.value == given), otherwise)
