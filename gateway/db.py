"""The database: transaction() to write, snapshot() to look, and a start that refuses to lose mail.

Sessions are synchronous and live inside one worker thread; `in_thread` gives as many threads as
the pool has connections, so that nobody waits for a connection inside a thread.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from gateway.errors import ConfigError

T = TypeVar("T")

BUSY_MILLISECONDS = 10_000
SQLITE_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "busy_timeout": BUSY_MILLISECONDS,
}
POSTGRES_SETTINGS = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
}
KEEP_ALIVE = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds, the others seconds
}
"""A server that vanishes without a word is noticed in a minute, not in a quarter of an hour (O11)."""

POSTGRES_LOOKING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""What SQLite does anyway."""

SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
POSTGRES_AWAY = ("08", "25006", "40", "53", "55", "57", "58")
"""Beginnings of SQLSTATE: connection, read-only, gave way, resources, state, operator, system."""


class Database:
    """An engine and the two ways to use it."""

    def __init__(self, url: str, *, pool: int = 8) -> None:
        self.engine = open_engine(url, pool=pool)
        self._writing = self.engine.execution_options(writes=True)
        self._looking = self.engine if self.is_sqlite else self.engine.execution_options(**POSTGRES_LOOKING)
        self._limiter = CapacityLimiter(pool)
        self._turn: AbstractContextManager[Any] = threading.Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that writes: committed at the end, rolled back on any exception.

        On SQLite it takes the write lock at once: a transaction that reads first and writes later
        fails with "database is locked" whatever the busy timeout. The threads of this process take
        turns first: SQLite itself would have them sleep and look again.
        """
        with self._turn, Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session that only looks, at one moment: a list and its count agree whatever comes meanwhile.

        PostgreSQL refuses whatever writes, on SQLite it is rolled back. There it ends with a COMMIT, for
        with a rollback the driver forgets all that it had the server prepare: planning the statements of a
        page took longer than running them.
        """
        with Session(self._looking, expire_on_commit=False) as session:
            yield session
            if self.is_sqlite:
                session.rollback()
            else:
                session.commit()

    async def in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run blocking database work in a thread of its own.

        A caller who is cancelled hears of it when the thread has ended: what it does is done then,
        or undone, and its connection is free. A second cancellation does not wait.
        """
        running = asyncio.ensure_future(to_thread.run_sync(work, *arguments, limiter=self._limiter))
        try:
            with CancelScope(shield=True):
                await asyncio.wait([running])
        except asyncio.CancelledError:
            await asyncio.gather(running, return_exceptions=True)
            raise
        return running.result()

    def check_durable(self) -> None:
        """Raise ConfigError when this database may lose a commit (invariants D2)."""
        try:
            with self.engine.connect() as connection:
                problems = durability_problems(connection)
        except SQLAlchemyError as error:
            raise ConfigError([f"[database] url: cannot connect: {_first_line(error)}"]) from None
        if problems:
            raise ConfigError([f"[database] url: {problem}" for problem in problems])

    def close(self) -> None:
        self.engine.dispose()


def is_away(error: BaseException) -> bool:
    """Whether a failure says that the database does not answer, is locked, full, or gave way to another.

    That pauses a loop and is no fault of the mail in hand. Any other failure would happen again.
    """
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in SQLITE_AWAY  # the rest of an extended code says more precisely what
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state.startswith(POSTGRES_AWAY)
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def open_engine(url: str, *, pool: int) -> Engine:
    """Return an engine whose every connection is set up, and read back, before its first use."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address.database, url, pool=pool)
    if address.get_backend_name() == "postgresql":
        return create_engine(
            address.set(drivername="postgresql+psycopg"),
            pool_size=pool,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,  # of an error's words: they hold text of mails
            connect_args={"connect_timeout": 10, "options": "-c timezone=UTC"} | KEEP_ALIVE,
        )
    raise ConfigError(["[database] url: use sqlite:///FILE or postgresql://…"])


def durability_problems(connection: Connection) -> list[str]:
    """Say what would let this database lose a commit; empty when nothing does."""
    if connection.dialect.name == "sqlite":
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in SQLITE_PRAGMAS}
        return [
            f"{name} is {found[name]}" for name, wanted in SQLITE_PRAGMAS.items() if found[name] != wanted
        ]
    rows = connection.execute(text("SELECT name, setting FROM pg_settings"))
    return [
        f"PostgreSQL runs with {name} = {setting}, which may lose mail already answered for"
        for name, setting in rows
        if setting not in POSTGRES_SETTINGS.get(name, {setting})
    ]


def _open_sqlite(file: str | None, url: str, *, pool: int) -> Engine:
    if not file or file == ":memory:" or "mode=memory" in url:
        raise ConfigError(["[database] url: a database in memory loses everything; give a file"])
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise ConfigError([f"[database] url: {file}: {error.strerror}"]) from None
    engine = create_engine(
        url,
        pool_size=pool,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Set the pragmas on a new connection and read them back: a network disk refuses WAL silently."""
    connection.isolation_level = None  # BEGIN is ours, see _begin_sqlite
    for name, value in SQLITE_PRAGMAS.items():
        connection.execute(f"PRAGMA {name}={value}").close()
    connection.execute("PRAGMA journal_size_limit=67108864").close()
    found = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if found != "wal":
        raise ConfigError([f"[database] url: SQLite needs WAL here, the disk gives {found}"])


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _first_line(error: Exception) -> str:
    """The driver's own words without SQL, parameters or the URL with its password."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).strip().splitlines()[0][:300]
