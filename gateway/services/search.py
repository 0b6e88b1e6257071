"""Finding requests by their words: the newest that match, or the few that match at all, within two seconds.

A common word is looked for in the first requests of the list: a page is full after some. A rare one is
looked up in the index. Which it is shows when the first window is read, so no statistics are asked.
What decides is always the same text (services/search_index), however a request was come by.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Result,
    Select,
    Text,
    and_,
    column,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.models.columns import table_of
from gateway.models.search import ALL_STEMS, SearchDocument
from gateway.models.tickets import Ticket
from gateway.rules import search_terms, words
from gateway.rules.search_terms import Term
from gateway.services import lists
from gateway.services.lists import Key, Order, Run, Source, Wish
from gateway.services.statements import run

SECONDS = 2.0
"""How long the database may look (W17)."""

WINDOWS = (200, 2_000)
"""Requests looked at in turn before the index is asked."""
COMMON = 3
"""Matches in the first window from which on looking further is quicker than the index."""

_CANCELLED = "57014"

Found = tuple[int, datetime]

_DOCUMENT, _TICKET = table_of(SearchDocument), table_of(Ticket)
_FULL_TEXT = table("search_index", column("rowid"), column("search_index"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What must be found in a document. `hidden`: in what its requester may not read as well."""

    terms: Sequence[Term]
    hidden: bool

    def condition(self, *, sqlite: bool) -> ColumnElement[bool]:
        """Whether a document has it all."""
        place = func.instr if sqlite else func.strpos
        stems: ColumnElement[str] = _DOCUMENT.c.stems
        said: ColumnElement[str] = _DOCUMENT.c.words
        if self.hidden:
            stems, said = stems + _DOCUMENT.c.hidden_stems, said + _DOCUMENT.c.hidden_words
        stems = stems + literal(" ")
        conditions = []
        for term in self.terms:
            if term.phrase:
                here = place(said, f" {' '.join(term.phrase)} ") > 0
            else:
                here = or_(*(place(stems, f" {stem} ") > 0 for stem in term.stems[0]))
            conditions.append(not_(here) if term.excluded else here)
        return and_(*conditions)

    @property
    def indexed(self) -> list[tuple[str, ...]]:
        """What the index can be asked for, any stem of each. Nothing for who may not read all it holds."""
        if not self.hidden:
            return []
        return list(dict.fromkeys(each for term in self.terms if not term.excluded for each in term.stems))


def asked_for(wish: Wish, *, hidden: bool) -> Asked | None:
    """Return what a wish wants found, None when it names no words. Invalid when they cannot be searched."""
    if any(len(each) > search_terms.LONGEST for each in (wish.words, wish.company, wish.client)):
        raise Invalid("q", _("Search for at most {count} characters."), count=search_terms.LONGEST)
    terms = search_terms.parse(wish.words)
    if wish.words.strip() and not terms:
        raise Invalid("q", _("Write a word or a number to search for."))
    terms += search_terms.names(wish.company, words.COMPANY) + search_terms.names(wish.client, words.CLIENT)
    return Asked(terms, hidden) if terms else None


def find(
    session: Session,
    source: Source,
    stretch: Run,
    asked: Asked | None,
    *,
    limit: int,
    after: Key | None = None,
) -> list[Found]:
    """Return numbers and moments of the first requests of a run that match, `limit` at most."""
    if asked is None and not source.checks:
        statement = source.first(stretch, limit, after=after is not None)
        return _rows(run(session, statement, **source.values, **lists.after_key(after)))
    found: list[Found] = []
    start, place = after, 0
    while True:
        size = WINDOWS[min(place, len(WINDOWS) - 1)]
        first = source.first(stretch, size, after=start is not None)
        window = _in_order(_window(session, source, first, asked), stretch)
        rows = run(session, window, **source.values, **lists.after_key(start)).all()
        found += [(row.id, row.moment) for row in rows if row.matches]
        if len(found) >= limit or len(rows) < size:
            return found[:limit]
        place += 1
        if asked is not None and asked.indexed and (len(found) < COMMON or place == len(WINDOWS)):
            more = [*stretch.conditions, *([stretch.after()] if after is not None else [])]
            query = _looked_up(session, source, asked, more)
            query = query.add_columns(_TICKET.c.id, stretch.moment.label("moment"))
            return _rows(
                run(session, stretch.ordered(query, limit), **source.values, **lists.after_key(after))
            )
        start = Key(rows[-1].moment, rows[-1].id)


def count(session: Session, source: Source, asked: Asked | None, most: int) -> tuple[int, bool]:
    """Return how many requests match, and whether there are more than were counted.

    Of what is common those among the first `most` requests are counted and no others.
    """
    indexed = asked is not None and bool(asked.indexed)
    for size in (WINDOWS[0], most):
        seen, found = _count_in(session, source, asked, size)
        if seen < size:
            return found, False
        if found < COMMON and indexed:
            break
    if asked is None or not indexed or found * 20 >= most:
        return found, True
    rows = _looked_up(session, source, asked, []).add_columns(_TICKET.c.id).limit(most + 1).subquery()
    query = select(func.count()).select_from(rows)
    number = run(session, query, **source.values).scalar_one()
    return min(number, most), number > most


def _count_in(session: Session, source: Source, asked: Asked | None, size: int) -> tuple[int, int]:
    """How many of the requests of newest activity there are, up to `size`, and how many of them match."""
    newest = replace(source, shape=replace(source.shape, order=Order.RECENT))
    (stretch,) = newest.runs
    window = _window(session, newest, newest.first(stretch, size), asked).subquery()
    query = select(func.count(), func.count().filter(window.c.matches)).select_from(window)
    row: Any = run(session, query, **source.values).one()
    return row[0], row[1]


def _rows(result: Result[Any]) -> list[Found]:
    return [(row.id, row.moment) for row in result]


@contextmanager
def in_time(session: Session) -> Iterator[None]:
    """Stop the database after two seconds, and say so in plain words (W17)."""
    limited = _limited_sqlite(session) if is_sqlite(session) else _limited_postgres(session)
    try:
        with limited:
            yield
    except DBAPIError as error:
        if not _was_stopped(error):
            raise
        raise Invalid("q", _("This search takes too long. Add a word or a filter.")) from None


def is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _window(
    session: Session, source: Source, first: Select[Found], asked: Asked | None
) -> Select[tuple[int, datetime, bool]]:
    """The first requests of a list, each with whether it matches."""
    rows = first.subquery("window")
    conditions = list(source.checks)
    joined: FromClause = rows
    if asked is not None:
        joined = joined.outerjoin(_DOCUMENT, _DOCUMENT.c.ticket_id == rows.c.id)
        conditions.append(asked.condition(sqlite=is_sqlite(session)))
    if source.checks:
        joined = joined.join(_TICKET, _TICKET.c.id == rows.c.id)
    matches = func.coalesce(and_(*conditions), literal(False)).label("matches")
    return select(rows.c.id, rows.c.moment, matches).select_from(joined)


def _in_order(window: Select[Any], stretch: Run) -> Select[Any]:
    shown = window.selected_columns
    if stretch.down:
        return window.order_by(shown.moment.desc(), shown.id.desc())
    return window.order_by(shown.moment, shown.id)


def _looked_up(
    session: Session, source: Source, asked: Asked, more: Sequence[ColumnElement[bool]]
) -> Select[tuple[()]]:
    """The requests that the index gives and the reader may see, from the index on."""
    sqlite = is_sqlite(session)
    conditions = [source.whole, *source.filters, *more, *source.checks, asked.condition(sqlite=sqlite)]
    join: FromClause = _DOCUMENT.join(_TICKET, _TICKET.c.id == _DOCUMENT.c.ticket_id)
    if sqlite:
        named = _FULL_TEXT.c.search_index.op("MATCH")(_expression(asked.indexed))
        numbers = select(_FULL_TEXT.c.rowid).where(named)
        conditions.append(_TICKET.c.id.in_(numbers))
    else:
        stems = literal_column(ALL_STEMS, ARRAY(Text))
        conditions += [stems.op("&&")(literal(list(any_), ARRAY(Text))) for any_ in asked.indexed]
    return select().select_from(join).where(*conditions)


def _expression(indexed: Sequence[Sequence[str]]) -> str:
    """The query of FTS5, of our own words alone: quoted, and made of letters and digits."""
    groups = (" OR ".join(f'"{stem}"' for stem in any_) for any_ in indexed)
    return " AND ".join(f"({group})" for group in groups)


@contextmanager
def _limited_sqlite(session: Session) -> Iterator[None]:
    until = time.monotonic() + SECONDS
    connection = session.connection().connection.driver_connection
    if connection is None:
        raise LookupError("no connection")
    connection.set_progress_handler(lambda: time.monotonic() > until, 50_000)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


@contextmanager
def _limited_postgres(session: Session) -> Iterator[None]:
    """In a savepoint, so that the page can still be told what went wrong."""
    with session.begin_nested():
        session.execute(text(f"SET LOCAL statement_timeout = {int(SECONDS * 1000)}"))
        yield
        session.execute(text("SET LOCAL statement_timeout = DEFAULT"))


def _was_stopped(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_INTERRUPT or getattr(error.orig, "sqlstate", None) == _CANCELLED
