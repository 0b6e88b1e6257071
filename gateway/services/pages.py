"""A page of a list by its keys, and how many there are, for operators (`inboxes`) and clients (`portal`)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select, union_all
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.tickets import Ticket
from gateway.rules.people import Sender
from gateway.services import lists, search
from gateway.services.lists import Key, Readable, Shape, Source, View, Wish
from gateway.services.statements import run

PAGE = 25
COUNTED = 1_000
"""Where counting stops: beyond it is "more than 1,000"."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; with `more`, more than that."""

    number: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """The requests of a page in their order; `after` leads to the next page, None on the last."""

    keys: Sequence[Key]
    after: Key | None

    @property
    def numbers(self) -> list[int]:
        return [key.number for key in self.keys]


def keys(
    session: Session,
    reader: Sender,
    wish: Wish,
    *,
    after: Key | None = None,
    zone: ZoneInfo,
    readable: Readable | None = None,
) -> Keys:
    """Return which requests a page shows. Invalid when its words cannot be searched, or not in time."""
    source = lists.source_of(session, reader, wish, zone=zone, readable=readable)
    return keys_in(session, source, wish, after=after)


def keys_in(session: Session, source: Source, wish: Wish, *, after: Key | None = None) -> Keys:
    """`keys`, for whoever knows where to look for the wish."""
    asked = search.asked_for(wish, hidden=wish.view is not View.MINE)
    found: list[Key] = []
    with _bounded(session, wish):
        for stretch in source.runs:
            if after is not None and after.waiting and not stretch.waiting:
                after = None  # the stretch of those that wait was behind that key
            if after is not None and stretch.waiting and not after.waiting:
                continue
            limit = PAGE + 1 - len(found)
            rows = search.find(session, source, stretch, asked, limit=limit, after=after)
            found += [Key(moment, number, stretch.waiting) for number, moment in rows]
            if len(found) > PAGE:
                return Keys(found[:PAGE], found[PAGE - 1])
    return Keys(found, None)


def count(
    session: Session, reader: Sender, wish: Wish, *, zone: ZoneInfo, readable: Readable | None = None
) -> Count:
    """Return how many requests fulfil a wish."""
    asked = search.asked_for(wish, hidden=wish.view is not View.MINE)
    source = lists.source_of(session, reader, wish, zone=zone, readable=readable)
    with _bounded(session, wish):
        if asked is not None or source.checks:
            return Count(*search.count(session, source, asked, COUNTED))
        if not source.filters:
            return count_each(session, [source])[0]
        return capped(run(session, select(_how_many(source)), **source.values).scalar_one())


def count_each(session: Session, sources: Sequence[Source]) -> list[Count]:
    """Return how many requests each of some lists has, none of them filtered."""
    values: dict[str, Any] = {}
    for source in sorted(sources, key=lambda each: each.shape.topics):  # who has topics says which
        values |= source.values
    query = _how_many_plain(tuple(source.shape for source in sources))
    return [capped(number) for number in run(session, query, **values).one()]


@lru_cache(maxsize=256)
def _how_many_plain(shapes: tuple[Shape, ...]) -> Select[*tuple[Any, ...]]:
    """Worded once: that costs more than what the database does."""
    numbers: list[ColumnElement[Any]] = [_how_many(Source(shape, (), {})) for shape in shapes]
    return select(*numbers)


def _how_many(source: Source) -> ColumnElement[int]:
    """How many requests a list has, counted to one beyond COUNTED."""
    number, most = table_of(Ticket).c.id, lists.rows_of(COUNTED + 1)
    parts = [select(number).where(*arm, *source.filters).limit(most).subquery() for arm in source.arms]
    rows = union_all(*(select(part.c.id) for part in parts)).limit(most).subquery()
    return select(func.count()).select_from(rows).scalar_subquery()


def capped(number: int) -> Count:
    """What was counted to one beyond COUNTED."""
    return Count(min(number, COUNTED), number > COUNTED)


def is_plain(wish: Wish) -> bool:
    """Whether a list is shown as it is, read along an index, and nothing is picked from it."""
    return wish == Wish(wish.view, wish.shown, topic=wish.topic, order=wish.order)


@contextmanager
def _bounded(session: Session, wish: Wish) -> Iterator[None]:
    """A list as it is needs no limit. What is picked from it does."""
    if is_plain(wish):
        yield
        return
    with search.in_time(session):
        yield
