"""Statements built once, run often: what a mail costs is mostly Python that words its SQL again.

Measured: a select worded each time and run by the session takes 146 µs, built once and run by the
connection 24 µs; a row through the session's unit of work 216 µs, through `add` 45 µs. Nothing here
flushes the session, so what a query must see of an object is flushed before.
"""

from functools import cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, Insert, insert
from sqlmodel import Session, SQLModel

from gateway.models.columns import table_of


def run(session: Session, statement: Executable, **values: Any) -> CursorResult[Any]:
    """Execute a statement that stands as a constant, with values for its bind parameters."""
    return connection_of(session).execute(statement, values)


def add(session: Session, row: SQLModel) -> None:
    """Insert a row that has an integer key and give it that key. The session does not keep the object."""
    inserted = connection_of(session).execute(_insert(type(row)), row.model_dump(exclude={"id"}))
    key = inserted.inserted_primary_key
    if key is None:
        raise LookupError(f"{type(row).__name__} got no key")
    row.id = key[0]


def add_all(session: Session, model: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    """Insert rows, all with the same keys, in one go."""
    if rows:
        connection_of(session).execute(_insert(model), rows)


def connection_of(session: Session) -> Connection:
    """The connection a session's transaction runs on; asking the session each time costs as much as a query.

    It stays the same within savepoints, and is asked for anew when the session's transaction ended.
    """
    known: Connection | None = session.info.get("connection")
    if known is None or known.closed:
        known = session.info["connection"] = session.connection()
    return known


@cache
def _insert(model: type[SQLModel]) -> Insert:
    return insert(table_of(model))
