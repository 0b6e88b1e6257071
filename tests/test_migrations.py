"""Migrations bring any database to this version, and no other version is run on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Enum, inspect, text

from gateway import migrations, models
from gateway.db import Database
from gateway.errors import ConfigError

FULL_TEXT = "search_index"
"""The table of FTS5 and those below it: no model knows them."""


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url, pool=2)
    yield database
    database.close()


def test_head_is_the_newest_revision() -> None:
    directory = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert directory.get_current_head() == migrations.HEAD


@pytest.mark.filterwarnings("ignore:autogenerate skipping")  # the index of search is PostgreSQL's alone
def test_migrating_gives_the_tables_of_the_models(empty: Database) -> None:
    migrations.migrate(empty)
    migrations.check_schema(empty)
    with empty.engine.connect() as connection:
        opts = {"include_name": lambda name, _kind, _parents: not (name or "").startswith(FULL_TEXT)}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, models.metadata) == []


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


def test_a_database_of_the_first_version_keeps_its_rows(empty: Database) -> None:
    upgrade(empty, "0001")
    with empty.engine.connect() as connection:
        connection.execution_options(writes=True)
        for statement in FIRST_ROWS:
            connection.execute(text(statement))
        connection.commit()
    migrations.migrate(empty)
    with empty.engine.connect() as connection:
        found = connection.execute(text("SELECT kind, ticket_id FROM event ORDER BY id")).all()
        assert [tuple(row) for row in found] == [("opened", 1)]
        assert connection.execute(text("SELECT silent_until FROM person")).scalars().all() == [None]


def test_what_the_tables_allow_is_what_the_models_know(empty: Database) -> None:
    """A revision that forgets a CHECK would leave a row that every later listing fails on."""
    migrations.migrate(empty)
    with empty.engine.connect() as connection:
        found = inspect(connection)
        for table in models.metadata.sorted_tables:
            known = {each.name for each in table.constraints if isinstance(each, CheckConstraint)}
            allowed = {each["name"]: each["sqltext"] for each in found.get_check_constraints(table.name)}
            assert set(allowed) == known, table.name
            for column in table.columns:
                if isinstance(column.type, Enum):
                    words = allowed[f"ck_{table.name}_{column.type.name}"]
                    assert set(re.findall(r"'(\w+)'", words)) == set(column.type.enums)


FIRST_ROWS = (
    "INSERT INTO person (email, name, role, status, language, created_at) "
    "VALUES ('ana@acme.example', 'Ana', 'client', 'active', 'es', '2026-05-11 10:00:00')",
    "INSERT INTO topic (name, is_default, enabled, created_at) "
    "VALUES ('General', true, true, '2026-05-11 10:00:00')",
    "INSERT INTO ticket (subject, topic_id, status, requester_id, channel, messages, created_at, updated_at) "
    "VALUES ('Hola', 1, 'new', 1, 'email', 1, '2026-05-11 10:00:00', '2026-05-11 10:00:00')",
    "INSERT INTO event (ticket_id, kind, actor_id, at, detail) "
    "VALUES (1, 'opened', 1, '2026-05-11 10:00:00', '{}')",
)


def upgrade(database: Database, revision: str) -> None:
    """Bring a database to an older version than ours, as that version's program did."""
    with database.engine.connect() as connection:
        settings = Config()
        settings.set_main_option("script_location", "gateway:migrations")
        settings.attributes["connection"] = connection.execution_options(writes=True)
        command.upgrade(settings, revision)
