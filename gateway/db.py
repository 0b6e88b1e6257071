"""The database: transaction() to write, snapshot() to look, and a start that refuses to lose mail.

Sessions are synchronous and live inside one worker thread; `in_thread` gives as many threads as
the pool has connections, so that nobody waits for a connection inside a thread.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
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


class Database:
    """An engine and the two ways to use it."""

    def __init__(self, url: str, *, pool: int = 8) -> None:
        self.engine = open_engine(url, pool=pool)
        self._writing = self.engine.execution_options(writes=True)
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
        """A session that only looks; whatever it did is rolled back."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session
            session.rollback()

    async def in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run blocking database work in a thread of its own."""
        return await to_thread.run_sync(work, *arguments, limiter=self._limiter)

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
            connect_args={"connect_timeout": 10, "options": "-c timezone=UTC"},
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
    engine = create_engine(url, pool_size=pool, max_overflow=0, connect_args={"check_same_thread": False})
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
