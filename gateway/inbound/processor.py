"""Loop: claim waiting mail → read it in a child process → apply it → settle.

While one batch is applied the next is read, so both have work. Several mails share one
transaction, a savepoint each: a mail that fails is counted and tried again, and takes no other
along (invariants D5, D6, E2).
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

from gateway import failpoints
from gateway.errors import NotFound, StaleLease, TryLater
from gateway.inbound.reader import Reader, ReadingFailed
from gateway.mail.reading import Arrival, Reading
from gateway.models.queues import JournalEntry
from gateway.rules import retry
from gateway.runtime import Runtime, is_dead
from gateway.services import blobs, contributions, intake, journal, leases
from gateway.services.contributions import FiledAttachment
from gateway.services.desk import Desk, open_desk

log = structlog.get_logger()

BATCH = 12
BATCH_OCTETS = 4 * 1024 * 1024
POLL_SECONDS = 1.0
PAUSE_SECONDS = 5.0


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
    """The loop and its reading child."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        self._runtime = runtime
        self._desk = desk
        self._reader = Reader(desk.surroundings())

    async def run(self) -> None:
        """Work for ever. A database that is away pauses the work and nothing more (O11)."""
        owing = True  # claims that nobody works on: of our dead selves, or of a batch that failed
        while True:
            try:
                if owing:
                    await self._runtime.db.in_thread(self._let_go)
                    owing = False
                await self.work_off()
            except DBAPIError as error:
                owing = True
                log.error("processor.database", error=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311  no secret
                continue
            await self._runtime.wakeup.wait("journal", seconds=POLL_SECONDS)

    async def work_off(self) -> None:
        """Read and apply until nothing is due."""
        batch = await self._read_next()
        while batch:
            upcoming = asyncio.create_task(self._read_next())
            try:
                await self._runtime.db.in_thread(self._apply, batch)
                self._runtime.wakeup.ring("outbox")
            finally:
                batch = await upcoming

    async def close(self) -> None:
        """End the child and let go of what is claimed, so that a restart need not wait for a lease."""
        await self._reader.close()
        try:
            await self._runtime.db.in_thread(self._let_go)
        except DBAPIError as error:
            log.warning("processor.leases_left", error=type(error).__name__)

    async def _read_next(self) -> list[Read]:
        claimed = await self._runtime.db.in_thread(self._claim)
        if not claimed:
            return []
        failpoints.hit("P1")
        readable = [(entry, raw) for entry, _, raw in claimed if isinstance(raw, bytes)]
        readings = iter(await self._reader.read_many([(raw, _arrival(entry)) for entry, raw in readable]))
        failpoints.hit("P2")
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
        except NotFound as error:
            return ReadingFailed(str(error))

    def _apply(self, batch: Sequence[Read]) -> None:
        """Apply a batch in one transaction; a database that fails in it fails the batch, not a mail."""
        runtime = self._runtime
        filed = [
            contributions.file_away(runtime.blobs, read.reading.attachments)
            if isinstance(read.reading, Reading)
            else ()
            for read in batch
        ]
        with runtime.db.transaction() as session:
            for read, files in zip(batch, filed, strict=True):
                try:
                    self._apply_one(session, read, files)
                except StaleLease:
                    log.warning("processor.lease_lost", entry=read.entry.id)
            failpoints.hit("P3")
        failpoints.hit("P4")

    def _apply_one(self, session: Session, read: Read, files: tuple[FiledAttachment, ...]) -> None:
        entry, fence, now = read.entry, read.fence, self._runtime.now()
        if isinstance(read.reading, ReadingFailed):
            self._failed(session, read, read.reading.reason)
            return
        try:
            with session.begin_nested():
                done = intake.apply_mail(session, self._desk, entry, read.reading, files, now=now)
                journal.settle(session, entry, fence, done, reading=read.reading, now=now)
        except TryLater:
            journal.put_back(session, entry, fence, now=now)
        except (StaleLease, OperationalError):
            raise
        except Exception as error:  # a bug, or a row in the way: this mail is tried again, then set aside
            log.exception("processor.failed", entry=entry.id)
            self._failed(session, read, f"{type(error).__name__}")
        else:
            log.info(
                "mail.settled",
                entry=entry.id,
                outcome=done.outcome,
                reason=done.reason,
                ticket=done.ticket_id,
                verdict=read.reading.verdict,
            )

    def _failed(self, session: Session, read: Read, reason: str) -> None:
        aside = journal.fail(session, read.entry, read.fence, reason, now=self._runtime.now())
        log.error("mail.set_aside" if aside else "mail.tried", entry=read.entry.id, reason=reason)

    def _let_go(self) -> None:
        with self._runtime.db.transaction() as session:
            leases.release_dead(session, JournalEntry, is_dead)
            journal.release(session, self._runtime.worker)


def _arrival(entry: JournalEntry) -> Arrival:
    return Arrival(
        door=entry.door,
        envelope_from=entry.envelope_from,
        recipients=tuple(entry.recipients),
        listed_peer=entry.listed_peer,
    )
