"""Loop: claim waiting mail → read it in a child process → apply it → settle.

While one batch is applied the next is read, so both have work. Several mails share one
transaction, a savepoint each: a mail that fails is counted and tried again, and takes no other
along (invariants D5, D6, E2).
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlmodel import Session

from gateway import failpoints
from gateway.db import is_away
from gateway.errors import NotFound, StaleLease, SysmoError, TryLater
from gateway.mail.reading import Reading
from gateway.models.queues import JournalEntry
from gateway.reader.reader import NO_CHILD, Reader, ReadingFailed
from gateway.rules import retry
from gateway.runtime import Runtime, is_dead
from gateway.services import alerts, blobs, intake, journal, leases, letters, settings
from gateway.services.alerts import Cause
from gateway.services.contributions import FiledAttachment
from gateway.services.desk import Desk, open_desk

log = structlog.get_logger()

BATCH = 12
BATCH_OCTETS = 4 * 1024 * 1024
POLL_SECONDS = 1.0
PAUSE_SECONDS = 5.0
NO_ROOM = timedelta(minutes=1)
"""How long a mail waits whose attachments the disk does not take."""


class NoReader(SysmoError):
    """No child can be started to read mail; the machine is out of something."""


@dataclass(frozen=True, slots=True)
class Read:
    """A claimed mail that was read, or why it could not be."""

    entry: JournalEntry
    fence: int
    reading: Reading | ReadingFailed


async def run(runtime: Runtime) -> None:
    """The processor role: works until cancelled, then lets go of what it had not applied."""
    processor = Processor(runtime, open_desk(runtime.config, runtime.secret))
    try:
        await processor.run()
    finally:
        await processor.close()


class Processor:
    """The loop and its reading child. Tests give a reader that misbehaves, and shorter pauses."""

    def __init__(
        self,
        runtime: Runtime,
        desk: Desk,
        *,
        reader: Reader | None = None,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._runtime = runtime
        self._desk = desk
        self._reader = reader or Reader(desk.surroundings())
        self._pause_seconds = pause_seconds

    async def run(self) -> None:
        """Work for ever. A database that is away, or a bug, pauses the work and nothing more (O11).

        What was claimed is let go then. Only a database, or a machine, that cannot work is no attempt:
        a mail that breaks the loop itself comes alone the next time, and is set aside in the end.
        """
        unfinished, counted = True, True  # claims of our dead selves, or of a batch that failed
        while True:
            try:
                if unfinished:
                    await self._runtime.db.in_thread(self._let_go, counted)
                    unfinished = False
                await self.work_off()
            except Exception as error:  # the loop outlives everything but its cancellation
                if not unfinished:
                    unfinished, counted = True, not (is_away(error) or isinstance(error, NoReader))
                log.error("processor.interrupted", error=type(error).__name__, counted=counted)
                await asyncio.sleep(self._pause_seconds * random.uniform(0.8, 1.2))  # noqa: S311  no secret
                continue
            await self._runtime.wakeup.wait("journal", seconds=POLL_SECONDS)

    async def work_off(self) -> None:
        """Read and apply until nothing is due.

        Two batches are read ahead, one after the other: claiming the next must wait until the last
        is committed, and the child would be idle meanwhile.
        """
        first = asyncio.create_task(self._read_next())
        second = asyncio.create_task(self._read_next(first))
        try:
            while batch := await first:
                first, second = second, asyncio.create_task(self._read_next(second))
                await self._runtime.db.in_thread(self._apply, batch)
                self._runtime.wakeup.ring("outbox")
        finally:
            first.cancel()
            second.cancel()
            await asyncio.gather(first, second, return_exceptions=True)

    async def close(self) -> None:
        """End the child and let go of what is claimed, so that a restart need not wait for a lease."""
        await self._reader.close()
        try:
            await self._runtime.db.in_thread(self._let_go, False)
        except Exception as error:
            log.warning("processor.leases_left", error=type(error).__name__)

    async def _read_next(self, after: asyncio.Task[list[Read]] | None = None) -> list[Read]:
        """Claim and read a batch, when the one before it was read and not empty."""
        if after is not None and not await asyncio.shield(after):
            return []
        claimed = await self._runtime.db.in_thread(self._claim)
        if not claimed:
            return []
        failpoints.hit("P1")
        readable = [(entry, raw) for entry, _, raw in claimed if isinstance(raw, bytes)]
        results = await self._reader.read_many([(raw, journal.arrival_of(entry)) for entry, raw in readable])
        if any(isinstance(each, ReadingFailed) and each.reason == NO_CHILD for each in results):
            raise NoReader
        failpoints.hit("P2")
        readings = iter(results)
        return [
            Read(entry, fence, raw if isinstance(raw, ReadingFailed) else next(readings))
            for entry, fence, raw in claimed
        ]

    def _claim(self) -> list[tuple[JournalEntry, int, bytes | ReadingFailed]]:
        """Claim some mails and load their bytes; what is over the size of a batch is left for the next."""
        runtime = self._runtime
        with runtime.db.transaction() as session:
            claimed = journal.claim(
                session, worker=runtime.worker, limit=BATCH, octets=BATCH_OCTETS, now=runtime.now()
            )
        with runtime.db.snapshot() as session:
            return [(entry, fence, self._load(session, entry)) for entry, fence in claimed]

    def _load(self, session: Session, entry: JournalEntry) -> bytes | ReadingFailed:
        if entry.attempts > retry.READING_ATTEMPTS:
            return ReadingFailed("the program ended each time it was read")
        try:
            return blobs.read(session, self._runtime.blobs, entry.sha256)
        except (NotFound, OSError) as error:
            return ReadingFailed(str(error))

    def _apply(self, batch: Sequence[Read]) -> None:
        """Apply a batch in one transaction; a database that fails in it fails the batch, not a mail."""
        filed = [self._file_away(read) for read in batch]
        with self._runtime.db.transaction() as session:
            desk = settings.current(session, self._desk)
            for read, files in zip(batch, filed, strict=True):
                try:
                    self._apply_one(session, desk, read, files)
                except StaleLease:
                    log.warning("processor.lease_lost", entry=read.entry.id)
            failpoints.hit("P3")
        failpoints.hit("P4")

    def _file_away(self, read: Read) -> tuple[FiledAttachment, ...] | None:
        """Put the files of a mail into place; None when the disk does not take them."""
        if isinstance(read.reading, ReadingFailed):
            return ()
        try:
            return letters.file_away(self._runtime.blobs, read.reading)
        except OSError as error:
            log.error("processor.no_room", entry=read.entry.id, error=error.strerror)
            return None

    def _apply_one(
        self, session: Session, desk: Desk, read: Read, files: tuple[FiledAttachment, ...] | None
    ) -> None:
        entry, fence, now = read.entry, read.fence, self._runtime.now()
        if isinstance(read.reading, ReadingFailed):
            self._failed(session, desk, read, read.reading.reason)
            return
        if files is None:
            journal.put_back(session, entry, fence, now=now, wait=NO_ROOM)
            return
        try:
            with session.begin_nested():
                done = intake.apply_mail(session, desk, entry, read.reading, files, now=now)
                journal.settle(session, entry, fence, done, reading=read.reading, now=now)
        except TryLater:
            journal.put_back(session, entry, fence, now=now)
        except StaleLease:
            raise
        except Exception as error:  # a bug, or a row in the way: this mail is tried again, then set aside
            if is_away(error):
                raise
            log.exception("processor.failed", entry=entry.id)
            self._failed(session, desk, read, f"{type(error).__name__}")
        else:
            log.info(
                "mail.settled",
                entry=entry.id,
                outcome=done.outcome,
                reason=done.reason,
                ticket=done.ticket_id,
                verdict=read.reading.verdict,
                **({"decision": entry.decision, "decided_by": entry.decided_by} if entry.decision else {}),
            )

    def _failed(self, session: Session, desk: Desk, read: Read, reason: str) -> None:
        now = self._runtime.now()
        aside = journal.fail(session, read.entry, read.fence, reason, now=now)
        log.error("mail.set_aside" if aside else "mail.tried", entry=read.entry.id, reason=reason)
        if aside:
            alerts.raise_alert(session, desk, Cause.SET_ASIDE, now=now)

    def _let_go(self, counted: bool) -> None:
        with self._runtime.db.transaction() as session:
            leases.release_dead(session, JournalEntry, is_dead)
            journal.release(session, self._runtime.worker, counted=counted)
