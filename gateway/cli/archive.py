"""A backup: a folder with the database as of one moment, the blobs, the key (invariants D13).

The database comes first and the blobs after: a mail that arrives meanwhile leaves a blob nobody
refers to, which harms nothing, and never a row whose bytes are missing.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import make_url

from gateway.catalogue import _
from gateway.db import Database
from gateway.errors import ConfigError, Invalid

MANIFEST = "backup.json"
SQLITE = "sysmo.db"
POSTGRESQL = "sysmo.dump"
SECRET = "secret.key"  # noqa: S105  a file's name
BLOBS = "blobs"
TEMPORARY = "tmp"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of; `made_at` in ISO 8601."""

    engine: str
    schema: str
    made_at: str


def new_folder(folder: Path) -> None:
    """Make the folder of a backup, for its owner alone; an older backup is never written over."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        used = next(folder.iterdir(), None) is not None
    except OSError as error:
        raise Invalid("DIR", f"{folder}: {error.strerror}") from None
    if used:
        raise Invalid("DIR", _("The folder is not empty."))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write down what the backup is of: last, so that a backup without it is known to be half."""
    _write_synced(folder / MANIFEST, json.dumps(asdict(manifest)).encode())


def read_manifest(folder: Path) -> Manifest:
    """Return what a backup is of; Invalid when this is none, or half of one."""
    try:
        return Manifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise Invalid("DIR", _("This is no whole backup.")) from None


def save_database(database: Database, url: str, folder: Path) -> None:
    """Copy the database as it is at one moment, while others go on writing."""
    if database.is_sqlite:
        target = folder / SQLITE
        target.touch(mode=0o600)
        with closing(database.engine.raw_connection()) as connection:
            connection.cursor().execute("VACUUM INTO ?", (str(target),))
        _sync(target)
        return
    target = folder / POSTGRESQL
    _write_synced(target, b"")
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    _sync(target)


def load_database(url: str, folder: Path) -> None:
    """Put a saved database where an empty one is."""
    if make_url(url).get_backend_name() == "sqlite":
        target = Path(make_url(url).database or "")
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_synced(target, (folder / SQLITE).read_bytes())
        return
    source = str(folder / POSTGRESQL)
    _run("pg_restore", url, "--no-owner", "--no-privileges", "--single-transaction", source)


def files_of(blobs: Path) -> Iterator[Path]:
    """Yield the files of blobs, those half written left out."""
    for folder in sorted(blobs.iterdir()) if blobs.is_dir() else ():
        if folder.is_dir() and folder.name != TEMPORARY:
            yield from sorted(folder.iterdir())


def copy_blob(file: Path, blobs: Path) -> None:
    """Copy a file of blobs, synced, under the same name; its bytes never change."""
    target = blobs / file.parent.name / file.name
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = target.with_suffix(".part")
    shutil.copyfile(file, temporary)
    temporary.chmod(0o600)
    _sync(temporary)
    temporary.replace(target)
    _sync(target.parent)


def save_secret(secret: bytes, file: Path) -> None:
    """Write the key, for its owner alone."""
    _write_synced(file, secret + b"\n")


def _run(program: str, url: str, *arguments: str) -> None:
    """Run a program of PostgreSQL; the password goes by the environment, where no other user sees it."""
    address = make_url(url)
    plain = address.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = dict(os.environ)
    if address.password is not None:
        environment["PGPASSWORD"] = str(address.password)
    try:
        done = subprocess.run(  # noqa: S603  the arguments are ours
            [program, f"--dbname={plain}", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise ConfigError(
            [f"[database] url: {program} is needed and not installed (PostgreSQL's client programs)"]
        ) from None
    if done.returncode != 0:
        words = (done.stderr.strip().splitlines() or [f"{program} failed"])[0]
        raise ConfigError([f"[database] url: {words[:300]}"])


def _write_synced(file: Path, data: bytes) -> None:
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    _sync(file.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
