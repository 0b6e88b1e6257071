"""From a configuration to a Runtime: the database proven fit, the key read or made.

All that may be wrong is found here, before a port is open or a mail touched.
"""

import os
import secrets
import stat
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from gateway.catalogue import _
from gateway.config import Config, Site
from gateway.db import Database
from gateway.errors import ConfigError, TryLater
from gateway.migrations import check_schema
from gateway.runtime import Runtime, steady_clock, time_of


def open_runtime(config: Config) -> Runtime:
    """Return a Runtime on a durable database of this version; ConfigError says what is wrong."""
    _own_folder(Path(config.storage.url), "[storage] url")
    secret = read_secret(config.site)
    database = open_database(config)
    try:
        check_schema(database)
    except ConfigError:
        database.close()
        raise
    return Runtime(config=config, db=database, secret=secret, now=steady_clock(time_of(database)))


def open_database(config: Config) -> Database:
    """Open the database, or raise ConfigError when it may lose a commit (D2) or others may read it."""
    url = config.database.url.get_secret_value()
    try:
        database = Database(url, pool=config.database.pool)
    except (ArgumentError, ValueError):  # their words repeat the URL, which may hold a password
        raise ConfigError(["[database] url: this is not the address of a database"]) from None
    try:
        if database.is_sqlite:
            _refuse_wider(Path(make_url(url).database or ""), "[database] url")
        database.check_durable()
    except ConfigError:
        database.close()
        raise
    return database


def reach_database(config: Config) -> None:
    """Raise TryLater when the database does not answer.

    For the commands that another program calls: a mail server that hands us a mail must hear
    "later" of a database that is away, and not that our configuration is wrong.
    """
    try:
        database = Database(config.database.url.get_secret_value(), pool=2)
    except (ArgumentError, ValueError):
        return  # no matter of time: whoever opens it says what is wrong
    try:
        database.engine.connect().close()
    except OperationalError:
        raise TryLater(_("The database does not answer.")) from None
    finally:
        database.close()


def read_secret(site: Site) -> bytes:
    """Return the key of this installation: as set, else from its file, made when there is none.

    Whoever has it can forge ticket codes, so a file that others may read is refused (C15).
    Machines that share a database need the same key: give each the file, or `[site] secret`.
    """
    given = site.secret.get_secret_value()
    if given:
        return given.encode()
    try:
        if not site.secret_file.exists():
            _make_secret(site.secret_file)
        _refuse_wider(site.secret_file, "[site] secret_file")
        secret = site.secret_file.read_bytes().strip()
    except OSError as error:
        raise ConfigError([f"[site] secret_file: {site.secret_file}: {error.strerror}"]) from None
    if not secret:
        raise ConfigError([f"[site] secret_file: {site.secret_file} is empty"])
    return secret


def _make_secret(file: Path) -> None:
    """Write a fresh key: whole under another name first, so that a second process never reads half."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(descriptor, secrets.token_hex(32).encode() + b"\n")
        os.fsync(descriptor)
        os.link(temporary, file)
    except FileExistsError:
        pass  # another process was quicker; its key counts
    finally:
        os.close(descriptor)
        temporary.unlink()


def _own_folder(folder: Path, key: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError([f"{key}: {folder}: {error.strerror}"]) from None
    _refuse_wider(folder, key)


def _refuse_wider(path: Path, key: str) -> None:
    """Raise ConfigError when anybody but the owner may read or write."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        wanted = "0700" if path.is_dir() else "0600"
        raise ConfigError([f"{key}: {path} has mode {mode:04o}, so others may read it; make it {wanted}"])
