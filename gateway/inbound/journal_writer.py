"""The only writer of new journal entries; what arrives during a commit shares the next one.

One fsync then serves many mails: a door awaits `append`, which returns the entry's id after the
commit, and may answer 250 (invariants D1). Any failure is raised to the door, which answers 451.
"""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import structlog

from gateway import failpoints
from gateway.db import is_away
from gateway.errors import TryLater
from gateway.runtime import Runtime
from gateway.services import blobs, journal
from gateway.services.journal import Incoming

log = structlog.get_logger()

MOST = 200
"""Mails in one commit, so that the first of a flood is not kept waiting for the last."""

Waiting = tuple[Incoming, "asyncio.Future[int]"]


class JournalWriter:
    """Collects what comes in while the last commit runs. Use it as an async context manager."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting: list[Waiting] = []
        self._bell = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="journal-writer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what still waits, then stop. Never cancelled: a commit that has begun is waited for."""
        self._closing = True
        self._bell.set()
        if self._task is not None:
            await asyncio.shield(self._task)

    async def append(self, mail: Incoming) -> int:
        """Write a mail down durably; return its entry id once committed, raise whatever went wrong.

        The commit goes on when the caller is cancelled: a late one collapses with the sender's
        retry (D9, E1). TryLater when the writer has stopped: nobody would ever answer.
        """
        if self._closing or self._task is None or self._task.done():
            raise TryLater
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((mail, future))
        self._bell.set()
        return await asyncio.shield(future)

    async def _run(self) -> None:
        while not self._closing:
            await self._bell.wait()
            self._bell.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._write(batch)

    async def _write(self, batch: Sequence[Waiting]) -> None:
        """Commit a batch; if that fails, each alone, so that one bad mail harms no other.

        A database that is away fails them all at once: each would wait for its own time-out, and
        those behind them for all of these.
        """
        try:
            ids = await self._runtime.db.in_thread(self._commit, [mail for mail, _ in batch])
        except Exception as error:  # told to the doors, each of which answers 451
            if len(batch) > 1 and not is_away(error):
                for each in batch:
                    await self._write([each])
                return
            log.error("journal.failed", error=type(error).__name__, mails=len(batch))
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        self._runtime.wakeup.ring("journal")
        for (_, future), entry_id in zip(batch, ids, strict=True):
            if not future.done():
                future.set_result(entry_id)

    def _commit(self, mails: list[Incoming]) -> list[int]:
        runtime = self._runtime
        blobs.place(runtime.blobs, [mail.content for mail in mails])
        with runtime.db.transaction() as session:
            ids = journal.append(session, mails, now=runtime.now())
        failpoints.hit("S5")
        return ids
