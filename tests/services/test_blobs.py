"""Bytes are on the disk before anything refers to them, and are those that were given (invariants D3)."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event, select
from sqlmodel import Session

from gateway.db import Database
from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.queues import Blob
from gateway.services import blobs
from gateway.services.blobs import SMALL, Content, Spool, content_of
from tests.factories import AT

LARGE = os.urandom(SMALL + 1)
SHA256 = content_of(LARGE).sha256


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "blobs"
    folder.mkdir(mode=0o700)
    return folder


def spooled(folder: Path, data: bytes) -> Content:
    """A content as it comes from the network, in pieces."""
    return fill(Spool(folder), data)


def fill(spool: Spool, data: bytes) -> Content:
    for start in range(0, len(data), 65_536):
        spool.write(data[start : start + 65_536])
    return spool.finish()


def temporary(folder: Path) -> list[Path]:
    return list((folder / "tmp").glob("*"))


@pytest.mark.parametrize("make", [lambda _, data: content_of(data), spooled], ids=["in memory", "spooled"])
@pytest.mark.parametrize(
    ("data", "in_row"),
    [
        pytest.param(b"", True, id="nothing"),
        pytest.param(b"x" * SMALL, True, id="just small"),
        pytest.param(LARGE, False, id="just large"),
    ],
)
def test_what_is_kept_is_read_back(
    session: Session, folder: Path, make: Callable[[Path, bytes], Content], data: bytes, in_row: bool
) -> None:
    content = make(folder, data)
    assert (content.size, content.read(), content.head(5)) == (len(data), data, data[:5])
    blobs.place(folder, [content])
    blobs.keep(session, [content, content], now=AT)
    blobs.keep(session, [content], now=AT)
    row = session.execute(select(table_of(Blob)).where(table_of(Blob).c.sha256 == content.sha256)).one()
    assert (row.data is not None, row.size) == (in_row, len(data))
    assert blobs.read(session, folder, content.sha256) == data
    assert blobs.file_of(folder, content.sha256).exists() is not in_row
    assert temporary(folder) == []


def test_files_and_folders_are_for_nobody_else(folder: Path) -> None:
    waiting = spooled(folder, LARGE)
    assert waiting.path is not None
    assert stat.S_IMODE(waiting.path.stat().st_mode) == 0o600
    blobs.place(folder, [waiting, content_of(LARGE + b"x")])
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_dir()} == {0o700}


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda file: file.unlink(), id="lost"),
        pytest.param(lambda file: file.write_bytes(LARGE[:-1]), id="cut off"),
        pytest.param(lambda file: file.write_bytes(bytes(len(LARGE))), id="overwritten with zeros"),
    ],
)
def test_a_damaged_file_is_not_read_and_the_next_such_mail_mends_it(
    session: Session, folder: Path, harm: Callable[[Path], object]
) -> None:
    content = content_of(LARGE)
    blobs.place(folder, [content])
    blobs.keep(session, [content], now=AT)
    harm(blobs.file_of(folder, SHA256))
    with pytest.raises(NotFound):
        blobs.read(session, folder, SHA256)
    blobs.place(folder, [content])
    assert blobs.read(session, folder, SHA256) == LARGE


def test_a_damaged_row_is_not_read(session: Session, folder: Path) -> None:
    content = content_of(b"small")
    session.add(Blob(sha256=content.sha256, size=5, data=b"smell", created_at=AT))
    with pytest.raises(NotFound, match="damaged"):
        blobs.read(session, folder, content.sha256)
    with pytest.raises(NotFound):
        blobs.read(session, folder, "0" * 64)


def test_a_file_that_cannot_be_read_now_is_not_lost(session: Session, folder: Path) -> None:
    content = content_of(LARGE)
    blobs.place(folder, [content])
    blobs.keep(session, [content], now=AT)
    file = blobs.file_of(folder, SHA256)
    aside = file.rename(folder / "aside")
    file.mkdir()
    with pytest.raises(IsADirectoryError):
        blobs.read(session, folder, SHA256)
    file.rmdir()
    aside.rename(file)
    assert blobs.read(session, folder, SHA256) == LARGE


def test_written_synced_renamed_folders_synced_and_then_committed(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, str]] = []
    fsync, replace = os.fsync, Path.replace

    def traced_fsync(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink()
        calls.append(("sync", "temporary" if name.parent.name == "tmp" else str(name)))
        assert name.is_dir() or name.stat().st_size == len(LARGE), "synced before all was written"
        fsync(descriptor)

    def traced_replace(source: Path, target: Path) -> Path:
        calls.append(("rename", str(target)))
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", traced_fsync)
    monkeypatch.setattr(Path, "replace", traced_replace)
    event.listen(database.engine, "commit", lambda _: calls.append(("commit", "")))
    content = content_of(LARGE)
    blobs.place(folder, [content])
    with database.transaction() as session:
        blobs.keep(session, [content], now=AT)
    target = blobs.file_of(folder, SHA256)
    assert calls[:2] == [("sync", "temporary"), ("rename", str(target))]
    assert set(calls[2:4]) == {("sync", str(target.parent)), ("sync", str(folder))}
    assert calls[4:] == [("commit", "")]


def test_folders_are_synced_for_a_file_that_is_there_already(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever made it may have died between renaming it and syncing its folder."""
    content = content_of(LARGE)
    blobs.place(folder, [content])
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    again = spooled(folder, LARGE)
    blobs.place(folder, [again])
    target = blobs.file_of(folder, SHA256)
    assert set(synced) == {target.parent.stat().st_ino, folder.stat().st_ino}
    assert temporary(folder) == []


@pytest.mark.parametrize("make", [lambda _, data: content_of(data), spooled], ids=["in memory", "spooled"])
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param((os, "open", 1), id="opening a file"),
        pytest.param((os, "fsync", 1), id="syncing the file"),
        pytest.param((Path, "mkdir", 1), id="making a folder"),
        pytest.param((Path, "replace", 1), id="renaming"),
        pytest.param((os, "fsync", 2), id="syncing a folder"),
        pytest.param((os, "fsync", 3), id="syncing the other folder"),
    ],
)
def test_a_file_call_that_fails_is_told_and_another_try_succeeds(
    session: Session, folder: Path, monkeypatch: pytest.MonkeyPatch, make, fault
) -> None:
    contents = [make(folder, LARGE), content_of(LARGE + b"another")]
    with monkeypatch.context() as patch:
        fail_at(patch, *fault)
        with pytest.raises(OSError, match="No space left"):
            blobs.place(folder, contents)
    contents[0].discard()
    assert temporary(folder) == []
    contents[0] = make(folder, LARGE)
    blobs.place(folder, contents)
    blobs.keep(session, contents, now=AT)
    assert blobs.read(session, folder, SHA256) == LARGE
    assert blobs.read(session, folder, contents[1].sha256) == LARGE + b"another"


@pytest.mark.parametrize("data", [LARGE, LARGE * 2], ids=["in the first write", "in a later write"])
def test_a_full_disk_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    full_disk(monkeypatch)
    with pytest.raises(OSError, match="No space left"):
        blobs.place(folder, [content_of(data)])
    spool = Spool(folder)
    with pytest.raises(OSError, match="No space left"):
        fill(spool, data)
    spool.discard()
    assert temporary(folder) == []


def test_a_discarded_spool_leaves_nothing_behind(folder: Path) -> None:
    for data in (b"small", LARGE):
        spool = Spool(folder)
        spool.write(data)
        spool.discard()
    spooled(folder, LARGE).discard()
    assert temporary(folder) == []


def fail_at(patch: pytest.MonkeyPatch, owner: object, name: str, number: int) -> None:
    """Let the `number`-th call of a function fail as on a full disk."""
    calls = iter(range(1, 1000))
    original = getattr(owner, name)

    def failing(*arguments: object, **options: object) -> object:
        if next(calls) == number:
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(*arguments, **options)

    patch.setattr(owner, name, failing)


def full_disk(patch: pytest.MonkeyPatch) -> None:
    """Let the files be made, and no octet reach them."""
    original = os.fdopen

    def full(descriptor: int, *arguments: str) -> object:
        device = os.open("/dev/full", os.O_WRONLY)
        os.dup2(device, descriptor)
        os.close(device)
        return original(descriptor, *arguments)

    patch.setattr(os, "fdopen", full)
