"""A 250 is a promise: what the writer returned is committed, and nothing else is (D1, D3, D9, D10)."""

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.db import Database
from gateway.errors import TryLater
from gateway.inbound.journal_writer import JournalWriter
from gateway.runtime import Runtime
from gateway.services import blobs, journal
from gateway.services.blobs import SMALL, Spool
from gateway.services.journal import Incoming
from tests.outage import away, impatient
from tests.queues import commits, entries, incoming

LARGE = os.urandom(SMALL + 1)


@contextmanager
def held_up(database: Database) -> Iterator[None]:
    """Let no commit to the journal succeed meanwhile; each waits."""
    with database.transaction() as session:
        if not database.is_sqlite:
            session.execute(text("LOCK TABLE journal_entry IN EXCLUSIVE MODE"))
        yield


async def begun(database: Database) -> None:
    """Return when a thread has begun to write."""
    while not database._limiter.borrowed_tokens:
        await asyncio.sleep(0)


async def test_what_arrives_during_a_commit_shares_the_next(runtime: Runtime) -> None:
    seen = commits(runtime.db)
    async with JournalWriter(runtime) as writer:
        with held_up(runtime.db):
            waiting = [asyncio.create_task(writer.append(incoming(b"first")))]
            await begun(runtime.db)
            mails = [incoming(f"{number}".encode()) for number in range(300)]
            waiting += [asyncio.create_task(writer.append(mail)) for mail in mails]
            await asyncio.sleep(0)
            assert not any(each.done() for each in waiting)
            before = len(seen)
        ids = await asyncio.gather(*waiting)
    assert ids == sorted(ids)
    assert ids == list(entries(runtime.db))
    assert len(seen) - before <= 4, "the lock's own, the first, and two for three hundred"


async def test_whoever_is_told_an_id_finds_the_mail_committed(runtime: Runtime) -> None:
    async with JournalWriter(runtime) as writer:
        entry = await writer.append(incoming(LARGE))
        with runtime.db.snapshot() as session:
            assert blobs.read(session, runtime.blobs, entries(runtime.db)[entry].sha256) == LARGE


async def test_the_commit_of_a_cancelled_caller_stands(runtime: Runtime) -> None:
    async with JournalWriter(runtime) as writer:
        with held_up(runtime.db):
            caller = asyncio.create_task(writer.append(incoming(b"late")))
            await begun(runtime.db)
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
        next_one = await writer.append(incoming(b"next"))
    assert [row.size for row in entries(runtime.db).values()] == [4, 4]
    assert max(entries(runtime.db)) == next_one


async def test_a_writer_that_stops_finishes_its_commit_and_what_waits(runtime: Runtime) -> None:
    writer = JournalWriter(runtime)
    await writer.__aenter__()
    with held_up(runtime.db):
        first = asyncio.create_task(writer.append(incoming(b"in the commit")))
        await begun(runtime.db)
        second = asyncio.create_task(writer.append(incoming(b"behind it")))
        await asyncio.sleep(0)
        stopping = asyncio.create_task(writer.__aexit__(None, None, None))
        await asyncio.sleep(0)
        assert not stopping.done()
    await stopping
    assert first.done()
    assert sorted([await first, await second]) == list(entries(runtime.db))


async def test_a_writer_that_has_stopped_puts_off(runtime: Runtime) -> None:
    async with JournalWriter(runtime) as writer:
        pass
    with pytest.raises(TryLater):
        await writer.append(incoming())


async def test_one_bad_mail_harms_no_other(runtime: Runtime) -> None:
    spool = Spool(runtime.blobs)
    spool.write(LARGE)
    lost = spool.finish()
    lost.discard()
    async with JournalWriter(runtime) as writer:
        with held_up(runtime.db):
            first = asyncio.create_task(writer.append(incoming(b"first")))
            await begun(runtime.db)
            mails = [incoming(b"good"), incoming(b"", content=lost), incoming(LARGE), incoming(b"fine")]
            batch = [asyncio.create_task(writer.append(mail)) for mail in mails]
            await asyncio.sleep(0)
        results = await asyncio.gather(first, *batch, return_exceptions=True)
    assert isinstance(results[2], FileNotFoundError)
    assert [each for each in results if isinstance(each, int)] == list(entries(runtime.db))
    assert len(entries(runtime.db)) == 4


async def test_a_database_away_puts_all_off_at_once_and_is_used_again(runtime: Runtime) -> None:
    impatient(runtime.db)
    failures: list[object] = []
    event.listen(runtime.db.engine, "handle_error", failures.append)
    async with JournalWriter(runtime) as writer:
        with away(runtime.db):
            waiting = [asyncio.create_task(writer.append(incoming(f"{n}".encode()))) for n in range(150)]
            results = await asyncio.gather(*waiting, return_exceptions=True)
            assert all(isinstance(each, SQLAlchemyError) for each in results)
            assert len(failures) <= 4, "tried once for all, not once for each"
        assert await writer.append(incoming(b"after")) in entries(runtime.db)
    assert len(entries(runtime.db)) == 1


@pytest.mark.parametrize(
    ("owner", "call"),
    [
        pytest.param(os, "fdopen", id="writing the file"),
        pytest.param(os, "fsync", id="syncing the file"),
        pytest.param(Path, "replace", id="renaming it"),
    ],
)
async def test_a_full_disk_is_told_and_leaves_no_row(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, owner: object, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with JournalWriter(runtime) as writer:
        with monkeypatch.context() as patch:
            patch.setattr(owner, call, full)
            with pytest.raises(OSError, match="No space left"):
                await writer.append(incoming(LARGE))
        assert entries(runtime.db) == {}
        entry = await writer.append(incoming(LARGE))
    with runtime.db.snapshot() as session:
        assert blobs.read(session, runtime.blobs, entries(runtime.db)[entry].sha256) == LARGE


async def test_a_commit_that_fails_after_its_rows_leaves_none(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    append: Callable[..., list[int]] = journal.append

    def broken(*given: object, **more: object) -> list[int]:
        append(*given, **more)
        raise OSError(errno.EIO, "Input/output error")

    async with JournalWriter(runtime) as writer:
        with monkeypatch.context() as patch:
            patch.setattr(journal, "append", broken)
            with pytest.raises(OSError, match="Input/output"):
                await writer.append(incoming(b"lost"))
        assert entries(runtime.db) == {}


async def test_imap_mail_offered_twice_at_once_is_written_down_once(runtime: Runtime) -> None:
    def mail() -> Incoming:
        return incoming(b"x", mailbox="soporte", folder="INBOX", uidvalidity=1, uid=5)

    async with JournalWriter(runtime) as writer:
        results = await asyncio.gather(writer.append(mail()), writer.append(mail()))
    assert results[0] == results[1]
    assert len(entries(runtime.db)) == 1
