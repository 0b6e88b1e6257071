"""Bytes by their SHA-256: small ones in a row, large ones in a synced file.

A `Spool` takes bytes as they come and keeps at most `SMALL` of them in memory, so a mail of 25 MB
costs no more than one of 25 KB while it arrives. A file is written under a temporary name, synced,
renamed, and its folder synced, before any commit that refers to it (invariants D3).
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from gateway import failpoints
from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.queues import Blob

SMALL = 256 * 1024
"""Up to this many bytes stand in the row: one fsync with the commit, no file of their own."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes not yet kept: in memory, or in a temporary file when there are many."""

    sha256: str
    size: int
    data: bytes | None
    path: Path | None = None

    def read(self) -> bytes:
        """All of it."""
        return self.data if self.data is not None else _path_of(self).read_bytes()

    def head(self, octets: int) -> bytes:
        """Its beginning; to be asked before the content is placed."""
        if self.data is not None:
            return self.data[:octets]
        with _path_of(self).open("rb") as file:
            return file.read(octets)

    def discard(self) -> None:
        """Forget a content that nobody keeps."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def content_of(data: bytes) -> Content:
    """Wrap bytes that are in memory already."""
    return Content(hashlib.sha256(data).hexdigest(), len(data), data)


class Spool:
    """Takes bytes as they come; `finish` gives their Content, `discard` forgets them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hash = hashlib.sha256()
        self._memory = bytearray()
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self.size = 0

    def write(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.size += len(chunk)
        if self._file is not None:
            self._file.write(chunk)
            return
        self._memory += chunk
        if len(self._memory) > SMALL:
            self._path = temporary_path(self._folder)
            self._file = _create(self._path)
            self._file.write(self._memory)
            self._memory = bytearray()

    def finish(self) -> Content:
        if self._file is None:
            return Content(self._hash.hexdigest(), self.size, bytes(self._memory))
        self._file.close()
        return Content(self._hash.hexdigest(), self.size, None, self._path)

    def discard(self) -> None:
        self._memory = bytearray()
        if self._file is not None:
            with contextlib.suppress(OSError):  # a full disk, once more: closing writes what is left
                self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def place(folder: Path, contents: Iterable[Content]) -> None:
    """Put the large contents into their files, synced. To be done before `keep`, outside a transaction.

    Small ones need nothing. A file that is whole already is used again and gets the time of now,
    which keeps a sweep away from it until the commit. Its folders are synced in any case: whoever
    made it may have died before that.
    """
    touched: set[Path] = set()
    for content in contents:
        if content.size <= SMALL:
            continue
        target = file_of(folder, content.sha256)
        if _is_whole(target, content):
            content.discard()
        else:
            _put(content.path or _write_temporary(folder, content), target, spooled=content.path is not None)
        touched |= {target.parent, target.parent.parent}
    for each in touched:
        _sync(each)
    failpoints.hit("S3")


def keep(session: Session, contents: Iterable[Content], *, now: datetime) -> None:
    """Record contents as blobs, those known already left as they are. Large ones were placed before."""
    rows = {
        each.sha256: {
            "sha256": each.sha256,
            "size": each.size,
            "data": each.read() if each.size <= SMALL else None,
            "created_at": now,
        }
        for each in contents
    }
    if not rows:
        return
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(insert(Blob).on_conflict_do_nothing(), [rows[key] for key in sorted(rows)])


def read(session: Session, folder: Path, sha256: str) -> bytes:
    """Return the bytes of a blob, checked against their hash; NotFound when lost or damaged.

    A file that cannot be read now raises its OSError: it may be there the next time.
    """
    blob = table_of(Blob)
    row = session.execute(select(blob.c.data).where(blob.c.sha256 == sha256)).one_or_none()
    if row is None:
        raise NotFound(f"blob {sha256}")
    data: bytes = row.data if row.data is not None else _read_file(folder, sha256)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise NotFound(f"blob {sha256}: damaged")
    return data


def head_of_file(folder: Path, sha256: str, octets: int) -> bytes:
    """Return the beginning of a large blob, not checked against its hash; nothing when its file is lost."""
    try:
        with file_of(folder, sha256).open("rb") as file:
            return file.read(octets)
    except OSError:
        return b""


def file_of(folder: Path, sha256: str) -> Path:
    """Return where the file of a large blob is: two levels, so no folder grows without end."""
    return folder / sha256[:2] / sha256


def temporary_path(folder: Path) -> Path:
    """Return a new name in the folder's `tmp`, which a sweep may empty after a day."""
    directory = folder / "tmp"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory / secrets.token_hex(16)


def _put(source: Path, target: Path, *, spooled: bool) -> None:
    """Give a temporary file its name. If that fails a spooled one is left to whoever may try again."""
    failpoints.hit("S2")
    try:
        _sync(source)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        source.replace(target)
    except OSError:
        if not spooled:
            source.unlink(missing_ok=True)
        raise


def _write_temporary(folder: Path, content: Content) -> Path:
    path = temporary_path(folder)
    try:
        with _create(path) as file:
            file.write(content.read())
    except OSError:
        path.unlink(missing_ok=True)  # on a full disk what is half written is in the way
        raise
    return path


def _create(path: Path) -> BinaryIO:
    """Open a new file that nobody else may read (C15)."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _is_whole(file: Path, content: Content) -> bool:
    """Whether a file has these bytes. A damaged one is replaced, or its mail could not be read again."""
    try:
        os.utime(file)
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest() == content.sha256
    except OSError:
        return False


def _read_file(folder: Path, sha256: str) -> bytes:
    try:
        return file_of(folder, sha256).read_bytes()
    except FileNotFoundError:
        raise NotFound(f"blob {sha256}: no file") from None


def _path_of(content: Content) -> Path:
    if content.path is None:
        raise NotFound("content without bytes")
    return content.path


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
