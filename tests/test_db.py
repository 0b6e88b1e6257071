"""The database loses nothing: pragmas, refusals, transactions."""

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError

from gateway.db import SQLITE_PRAGMAS, Database, durability_problems
from gateway.errors import ConfigError
from gateway.models.people import Company


def test_every_pooled_sqlite_connection_has_the_pragmas(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/a.db", pool=3)
    connections = [database.engine.connect() for _ in range(3)]
    for connection in connections:
        for name, wanted in SQLITE_PRAGMAS.items():
            assert connection.exec_driver_sql(f"PRAGMA {name}").scalar() == wanted
    for connection in connections:
        connection.close()
    database.close()


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param("synchronous=1", id="synchronous normal may lose the last commits"),
        pytest.param("foreign_keys=0", id="foreign keys off"),
        pytest.param("busy_timeout=100", id="busy timeout too short"),
    ],
)
def test_a_wrong_pragma_is_named(tmp_path: Path, wrong: str) -> None:
    database = Database(f"sqlite:///{tmp_path}/a.db", pool=2)
    with database.engine.connect() as connection:
        connection.rollback()
        connection.connection.driver_connection.execute(f"PRAGMA {wrong}")  # type: ignore[union-attr]
        assert wrong.partition("=")[0] in durability_problems(connection)[0]
    database.close()


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite://", id="in memory"),
        pytest.param("sqlite:///:memory:", id="in memory by name"),
        pytest.param("sqlite:////proc/none/a.db", id="a folder that cannot be made"),
        pytest.param("mysql://root@127.0.0.1/test", id="another kind of database"),
    ],
)
def test_an_unusable_database_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"\[database\] url"):
        Database(url).check_durable()


def test_an_unreachable_database_is_refused_without_its_password() -> None:
    with pytest.raises(ConfigError) as caught:
        Database("postgresql://someone:hunter2secret@127.0.0.1:1/none").check_durable()
    assert "hunter2secret" not in str(caught.value)


def test_postgres_that_commits_without_waiting_is_refused(postgres: Database) -> None:
    with postgres.engine.connect() as connection:
        connection.execute(text("SET synchronous_commit TO off"))
        assert "synchronous_commit" in durability_problems(connection)[0]


def test_a_transaction_is_kept_and_a_failed_one_is_not(database: Database) -> None:
    with database.transaction() as session:
        session.add(Company(name="Andina", created_at=datetime.now(UTC)))

    def fail() -> None:
        with database.transaction() as session:
            session.add(Company(name="Otra", created_at=datetime.now(UTC)))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.snapshot() as session:
        assert session.execute(text("SELECT name FROM company")).scalars().all() == ["Andina"]


def test_a_snapshot_keeps_nothing(database: Database) -> None:
    refused = nullcontext() if database.is_sqlite else pytest.raises(InternalError, match="read-only")
    with refused, database.snapshot() as session:
        session.add(Company(name="Andina", created_at=datetime.now(UTC)))
        session.flush()
    with database.snapshot() as session:
        assert session.execute(text("SELECT count(*) FROM company")).scalar() == 0
    with database.transaction() as session:
        session.add(Company(name="Andina", created_at=datetime.now(UTC)))


def test_a_snapshot_is_of_one_moment(database: Database) -> None:
    count = text("SELECT count(*) FROM company")
    with database.snapshot() as session:
        before = session.execute(count).scalar()
        with database.transaction() as writing:
            writing.add(Company(name="Andina", created_at=datetime.now(UTC)))
        assert session.execute(count).scalar() == before
    with database.snapshot() as session:
        assert session.execute(count).scalar() == 1


def test_what_postgres_prepared_outlives_a_snapshot(postgres: Database) -> None:
    prepared: set[str] = set()
    for _each in range(10):
        with postgres.snapshot() as session:
            names = session.execute(text("SELECT name FROM pg_prepared_statements"))
            prepared |= set(names.scalars())
    assert prepared
