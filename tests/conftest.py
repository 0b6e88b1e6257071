"""What tests share: a database of each kind, a session rolled back, a runtime on a folder of its own."""

import gc
import os
import shutil
import sqlite3
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlmodel import Session

from gateway import models
from gateway.config import Config
from gateway.db import Database
from gateway.runtime import Runtime

POSTGRES_URL = os.environ.get("SYSMO_TEST_DATABASE_URL", "")
ENGINES = ["sqlite", "postgresql"] if POSTGRES_URL else ["sqlite"]
STRICTEST_ENGINE = pytest.mark.parametrize("database_url", ENGINES[-1:], indirect=True)
"""For nonsense in many forms: PostgreSQL, where there is one, refuses more of it."""

POSTGRES_ONLY = pytest.mark.parametrize(
    "database_url", [each for each in ENGINES if each == "postgresql"], indirect=True
)

ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is slow and asks nothing that engines answer in their own way."""

NOW = datetime(2026, 5, 11, 20, 48, tzinfo=UTC)


def pytest_collection_finish() -> None:
    """Thousands of tests stay as long as the run does: the collector need not look at them each time."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where CI runs, everything a test needs is installed: a skipped test is a failure there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with all tables, copied for each test."""
    file = tmp_path_factory.mktemp("template") / "sysmo.db"
    database = Database(f"sqlite:///{file}", pool=2)
    models.metadata.create_all(database.engine)
    database.close()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return file


@contextmanager
def own_postgres_database(name: str) -> Iterator[str]:
    """An empty database on the test server, dropped afterwards; its URL."""
    address = make_url(POSTGRES_URL).set(drivername="postgresql+psycopg")
    server = create_engine(address, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(POSTGRES_URL).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """A database of this run's own, with all tables; its URL."""
    with own_postgres_database(f"sysmo_test_{os.getpid()}") as url:
        database = Database(url, pool=2)
        models.metadata.create_all(database.engine)
        database.close()
        yield url


@pytest.fixture(scope="session")
def shared_postgres(postgres_database: str) -> Iterator[Database]:
    """One engine for all tests: a new one words every statement and warms every connection again."""
    database = Database(postgres_database, pool=6)
    yield database
    database.close()


@pytest.fixture(params=ENGINES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    with own_postgres_database(f"sysmo_empty_{os.getpid()}") as url:
        yield url


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database with all tables; each test runs once for each engine."""
    if request.param == "sqlite":
        file = tmp_path / "sysmo.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        return f"sqlite:///{file}"
    database: Database = request.getfixturevalue("shared_postgres")
    with database.transaction() as session:
        session.connection().exec_driver_sql(emptying())
    url: str = request.getfixturevalue("postgres_database")
    return url


@cache
def emptying() -> str:
    """SQL that empties every table and begins every number again; TRUNCATE takes twenty times as long."""
    tables = models.metadata.sorted_tables
    keys = [(table.name, table.autoincrement_column) for table in tables]
    return "; ".join(
        [f"DELETE FROM {table.name}" for table in reversed(tables)]
        + [f"ALTER SEQUENCE {name}_{key.name}_seq RESTART" for name, key in keys if key is not None]
    )


@pytest.fixture
def database(database_url: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """The database as a runtime has it; that on PostgreSQL is every test's."""
    if database_url.startswith("postgresql"):
        yield request.getfixturevalue("shared_postgres")
        return
    database = Database(database_url, pool=6)
    yield database
    database.close()


@pytest.fixture
def postgres() -> Iterator[Database]:
    """The server itself, for what only PostgreSQL does."""
    if not POSTGRES_URL:
        pytest.skip("needs PostgreSQL: set SYSMO_TEST_DATABASE_URL")
    database = Database(POSTGRES_URL, pool=2)
    yield database
    database.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session whose work is rolled back."""
    with Session(database.engine.execution_options(writes=True), expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def make_runtime(database: Database, tmp_path: Path) -> Callable[..., Runtime]:
    """Make a runtime on the test's database: `make_runtime("[mail]\\naddress = …", now=clock)`."""

    def make(toml: str = "", **values: Any) -> Runtime:
        settings = tomllib.loads(toml)
        settings.setdefault("storage", {"url": str(tmp_path / "blobs")})
        settings.setdefault("mailer", {"folder": str(tmp_path / "sent")})
        return Runtime(config=Config(**settings), db=database, secret=b"a secret for tests only", **values)

    return make


@pytest.fixture
def runtime(make_runtime: Callable[..., Runtime]) -> Runtime:
    return make_runtime()
