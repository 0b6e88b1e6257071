"""A help desk of many years, written straight into the tables: N requests of three messages each.

Made once for each size and engine, and used again: a file of SQLite in a folder, or a database of its own
beside the given one on PostgreSQL. One operator serves a fifth of all requests; the last request has 200
messages. Not by the program's own way in: a million mails would take hours.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import psycopg
from sqlalchemy import create_engine, make_url, text

from benchmarks import years_rows
from benchmarks.figures import tell
from benchmarks.years_course import ZONE
from benchmarks.years_rows import Row
from gateway.db import Database
from gateway.migrations import HEAD, migrate
from gateway.models.site import Setting
from gateway.services import working_hours

MADE = "2"
"""Of this file's rows; another number makes them anew."""


def open_years(folder: Path, requests: int, url: str = "", *, lean: bool = False) -> Database:
    """Return the database of that many requests, made if it is not there. `lean`: only what reports read."""
    kind = "lean" if lean else "years"
    if url:
        name = f"sysmo_bench_{kind}_{requests}"
        address = make_url(url).set(database=name).render_as_string(hide_password=False)
        if not _is_made(address, _names(url), name):
            _make_postgres(url, name, address, requests, lean=lean)
        return Database(address, pool=2)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{kind}-{requests}-{HEAD}-{MADE}.db"
    if not file.exists():
        half = file.with_suffix(".half")
        for old in folder.glob(f"{half.name}*"):
            old.unlink()
        _make_sqlite(half, requests, lean=lean)
        half.rename(file)
    return Database(f"sqlite:///{file}", pool=2)


def _make_sqlite(file: Path, requests: int, *, lean: bool) -> None:
    tell("years", f"making {requests} requests in {file}")
    database = Database(f"sqlite:///{file}", pool=2)
    migrate(database)
    database.close()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for pragma in ("journal_mode=delete", "synchronous=off", "cache_size=-400000", "foreign_keys=off"):
            connection.execute(f"PRAGMA {pragma}")
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("BEGIN")

        def load(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
            places = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)

        years_rows.fill(load, requests, lean=lean)
        for _, statement in indexes:
            connection.execute(statement)
        connection.execute("INSERT INTO search_index (search_index) VALUES ('rebuild')")
        connection.execute("COMMIT")
        connection.execute("ANALYZE")
        connection.execute("PRAGMA journal_mode=wal")
    _say_counted(f"sqlite:///{file}")


def _make_postgres(url: str, name: str, address: str, requests: int, *, lean: bool) -> None:
    tell("years", f"making {requests} requests in {name}")
    _outside(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    database = Database(address, pool=2)
    migrate(database)
    database.close()
    _say_counted(address)
    plain = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, options="-c timezone=UTC -c synchronous_commit=off") as connection:
        connection.execute("SET session_replication_role = replica")  # keys are right by construction
        connection.execute("SET maintenance_work_mem = '512MB'")
        kept = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE indexname LIKE 'ix_%' AND schemaname = 'public'"
        ).fetchall()
        for index, _ in kept:
            connection.execute(f"DROP INDEX {index}".encode())

        def load(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
            copy = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            with connection.cursor().copy(copy.encode()) as into:
                for row in rows:
                    into.write_row(row)

        years_rows.fill(load, requests, lean=lean)
        for _, statement in kept:
            connection.execute(str(statement).encode())
        for table in ("person", "company", "topic", "ticket", *(() if lean else ("message",)), "event"):
            number = f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"
            connection.execute(number.encode())
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
        connection.execute(f"COMMENT ON DATABASE {name} IS '{HEAD} {MADE}'".encode())


def _say_counted(url: str) -> None:
    """Write down that reports have counted it all, by the hours of a new help desk."""
    database = Database(url, pool=2)
    with database.transaction() as session:
        stamp = working_hours.stamp(session, ZONE)
        session.add(Setting(name="reports_counted", value=stamp, updated_at=years_rows.LAST))
    database.close()


def _is_made(address: str, names: Sequence[str], name: str) -> bool:
    if name not in names:
        return False
    query = text("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :name")
    server = create_engine(make_url(address).set(drivername="postgresql+psycopg"))
    with server.connect() as connection:
        made = connection.execute(query, {"name": name}).scalar()
    server.dispose()
    return bool(made == f"{HEAD} {MADE}")


def _names(url: str) -> list[str]:
    server = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with server.connect() as connection:
        found = list(connection.execute(text("SELECT datname FROM pg_database")).scalars())
    server.dispose()
    return found


def _outside(url: str, *statements: str) -> None:
    server = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    server.dispose()
