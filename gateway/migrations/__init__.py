"""Bringing the database to this version, and refusing to run on another one.

A revision runs in one transaction on both engines, its version number included, so a kill leaves
the version before or the one after, never something between (invariants D14).
"""

from importlib import import_module
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.db import Database
from gateway.errors import ConfigError

HEAD = "0005"
"""The newest revision under versions/; a test compares. Known here so that a role need not load Alembic."""


def check_schema(database: Database) -> None:
    """Raise ConfigError unless the database is of this very version."""
    try:
        with database.engine.connect() as connection:
            found = current_version(connection)
    except SQLAlchemyError as error:
        raise ConfigError([f"[database] url: cannot read: {type(error).__name__}"]) from None
    if found == HEAD:
        return
    if found is None or found < HEAD:
        raise ConfigError(["[database] url: the tables are not of this version yet: run `sysmo migrate`"])
    raise ConfigError(
        [f"[database] url: the tables are of a newer version ({found}) than this program ({HEAD})"]
    )


def current_version(connection: Connection) -> str | None:
    """Return the revision the database is at, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrate(database: Database) -> None:
    """Apply what is missing. A database of a newer version is refused and left as it is."""
    alembic: Any = import_module("alembic.command")  # by name: only this command needs its 11 MB
    config: Any = import_module("alembic.config")
    with database.engine.connect() as connection:
        found = current_version(connection)
        connection.rollback()
        if found is not None and found > HEAD:
            check_schema(database)
        _foreign_keys(connection, on=False)
        try:
            settings = config.Config()
            settings.set_main_option("script_location", "gateway:migrations")
            settings.attributes["connection"] = connection.execution_options(writes=True)
            alembic.upgrade(settings, "head")
            _check_foreign_keys(connection)
        finally:
            connection.rollback()
            _foreign_keys(connection, on=True)


def _foreign_keys(connection: Connection, *, on: bool) -> None:
    """Off while tables are rebuilt: SQLite would follow ON DELETE of the table that is replaced."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA foreign_keys={int(on)}").close()


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise ConfigError([f"[database] url: table {broken[0]} points at rows that are not there"])
