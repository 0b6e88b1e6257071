"""Migrations bring any database to this version, and no other version is run on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from gateway import migrations, models
from gateway.db import Database
from gateway.errors import ConfigError


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url, pool=2)
    yield database
    database.close()


def test_head_is_the_newest_revision() -> None:
    directory = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert directory.get_current_head() == migrations.HEAD


def test_migrating_gives_the_tables_of_the_models(empty: Database) -> None:
    migrations.migrate(empty)
    migrations.check_schema(empty)
    with empty.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), models.metadata) == []


def test_migrating_twice_changes_nothing(empty: Database) -> None:
    migrations.migrate(empty)
    migrations.migrate(empty)
    migrations.check_schema(empty)


def test_foreign_keys_are_on_again_after_migrating(empty: Database) -> None:
    migrations.migrate(empty)
    empty.check_durable()


def test_an_empty_database_is_not_run_on(empty: Database) -> None:
    with pytest.raises(ConfigError, match="sysmo migrate"):
        migrations.check_schema(empty)


def test_a_newer_database_is_refused_and_left_alone(empty: Database) -> None:
    migrations.migrate(empty)
    with empty.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="newer version"):
        migrations.migrate(empty)
    with pytest.raises(ConfigError, match="newer version"):
        migrations.check_schema(empty)
    with empty.snapshot() as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
