"""A database that goes away in the middle, and comes back (invariants O11)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import create_engine, event, text

from gateway.db import Database
from tests.conftest import POSTGRES_URL


@contextmanager
def away(database: Database) -> Iterator[None]:
    """SQLite: somebody else holds the write lock. PostgreSQL: every connection is cut, and none is let in."""
    with _locked(database) if database.is_sqlite else _shut(database):
        yield


def impatient(database: Database) -> None:
    """Let SQLite wait for a lock for some milliseconds only."""

    def shorten(connection: Any, _record: Any) -> None:
        if database.is_sqlite:
            connection.execute("PRAGMA busy_timeout=20").close()

    event.listen(database.engine, "connect", shorten)
    database.engine.dispose()


@contextmanager
def _locked(database: Database) -> Iterator[None]:
    file = database.engine.url.database
    assert file is not None
    with closing(sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def _shut(database: Database) -> Iterator[None]:
    name = database.engine.url.database
    server = create_engine(
        POSTGRES_URL.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with server.connect() as connection:
        connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
        try:
            yield
        finally:
            connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
    server.dispose()
