"""A database that cannot work now is told from one that was asked for something wrong (O11)."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.db import Database, is_away
from tests.outage import away, impatient


class PostgresError(Exception):
    """An error of the driver, as far as it matters here."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("a secret word of a mail")
        self.sqlstate = sqlstate


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("no")
    error.sqlite_errorcode = code
    return error


def wrapped(cause: Exception, kind: type[DBAPIError] = OperationalError) -> DBAPIError:
    return kind("SELECT", {}, cause)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(wrapped(sqlite_error(sqlite3.SQLITE_BUSY)), True, id="locked by another"),
        pytest.param(wrapped(sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT)), True, id="locked, in more words"),
        pytest.param(wrapped(sqlite_error(sqlite3.SQLITE_FULL)), True, id="disk full"),
        pytest.param(wrapped(sqlite_error(sqlite3.SQLITE_IOERR_FSYNC)), True, id="cannot sync"),
        pytest.param(wrapped(sqlite_error(sqlite3.SQLITE_READONLY)), True, id="disk read-only"),
        pytest.param(wrapped(sqlite_error(sqlite3.SQLITE_ERROR)), False, id="no such column"),
        pytest.param(wrapped(sqlite_error(sqlite3.SQLITE_TOOBIG)), False, id="too big a value"),
        pytest.param(wrapped(sqlite_error(sqlite3.SQLITE_CONSTRAINT_UNIQUE)), False, id="a row in the way"),
        pytest.param(wrapped(PostgresError(None)), True, id="nobody answers"),
        pytest.param(wrapped(PostgresError(None), InterfaceError), True, id="connection closed under us"),
        pytest.param(wrapped(PostgresError("57P01")), True, id="server shutting down"),
        pytest.param(wrapped(PostgresError("53100")), True, id="server's disk full"),
        pytest.param(wrapped(PostgresError("40P01")), True, id="deadlock, the other one won"),
        pytest.param(wrapped(PostgresError("25006")), True, id="a standby, which cannot write"),
        pytest.param(wrapped(PostgresError("54000")), False, id="too large for an index"),
        pytest.param(wrapped(PostgresError("22021"), DBAPIError), False, id="not a character"),
        pytest.param(wrapped(PostgresError(None), DBAPIError), False, id="NUL in a text"),
        pytest.param(wrapped(PostgresError("23505"), DBAPIError), False, id="a row in the way there"),
        pytest.param(PoolTimeout(), True, id="no connection free"),
        pytest.param(OSError(28, "No space left on device"), False, id="not of the database at all"),
    ],
)
def test_is_away(error: Exception, expected: bool) -> None:
    assert is_away(error) is expected


def test_what_a_database_really_says_when_it_is_away(database: Database) -> None:
    impatient(database)

    def write() -> None:
        with database.transaction() as session:
            session.execute(text("DELETE FROM company"))

    write()
    with away(database), pytest.raises(SQLAlchemyError) as caught:
        write()
    assert is_away(caught.value)
    write()


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("SELECT nothing FROM nowhere", id="no such table"),
        pytest.param("INSERT INTO company (id) VALUES (1)", id="a value missing"),
        pytest.param("INSERT INTO topic_operator VALUES (8, 9, 'all')", id="a row that refers to none"),
    ],
)
def test_what_a_database_really_says_when_it_was_asked_for_something_wrong(
    database: Database, statement: str
) -> None:
    def ask() -> None:
        with database.transaction() as session:
            session.execute(text(statement))

    with pytest.raises(SQLAlchemyError) as caught:
        ask()
    assert not is_away(caught.value)


def test_an_error_tells_no_value_it_was_given(database: Database) -> None:
    """But for PostgreSQL's own detail, the row that failed; the log keeps to the kind of an error."""

    def ask() -> None:
        with database.transaction() as session:
            session.execute(text("INSERT INTO company (id, name) VALUES (1, :name)"), {"name": "canary"})

    with pytest.raises(SQLAlchemyError) as caught:
        ask()
    assert "canary" not in str(caught.value).partition("DETAIL")[0]


async def test_who_is_cancelled_hears_of_it_when_the_thread_has_ended(database: Database) -> None:
    begun, go_on, ended = asyncio.Event(), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(30)
        ended.set()
        raise LookupError

    task = asyncio.create_task(database.in_thread(work))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_a_second_cancellation_waits_for_nothing(database: Database) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(30)

    task = asyncio.create_task(database.in_thread(work))
    await begun.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()


async def test_what_a_thread_returns_or_raises_comes_back(database: Database) -> None:
    async def raised(work: Callable[[], object]) -> None:
        with pytest.raises(LookupError):
            await database.in_thread(work)

    assert await database.in_thread(max, 1, 2) == 2
    await raised(lambda: {}["nothing"])
