"""Loop: claim due rows of the outbox → mark transmitting → send, outside any transaction → settle.

One lane sends, or a few side by side, each over a connection of its own (`[mailer] connections`):
the more there are, the more mails a crash finds on the wire, and those of people go twice (E5).
Between two mails a lane needs one transaction: it settles the last and marks the next, in one commit.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import structlog

from gateway.db import is_away
from gateway.outbound.bookkeeping import Bookkeeper, Done
from gateway.outbound.delivery import Broken, Deferred, Delivery, Parcel, Transport, Unclear
from gateway.outbound.equipment import Signature, open_transport, read_signature
from gateway.runtime import Runtime
from gateway.services.outbox import Claimed

log = structlog.get_logger()

T = TypeVar("T")

STOP_SECONDS = 20.0
POLL_SECONDS = 1.0
PAUSE_SECONDS = 5.0
LEASE_SHARE = 4
"""A lease older than a quarter of its life is renewed in the database before the final dot."""


async def run(runtime: Runtime) -> None:
    """The mailer role: sends until cancelled, then finishes what is on the wire."""
    section, hostname = runtime.config.mailer, runtime.config.mail.message_id_domain

    def transport() -> Transport:
        return open_transport(section, hostname=hostname)

    await Mailer(runtime, transport, signature=read_signature(section)).run()


class Mailer:
    """The loop that claims, and its lanes. Tests give a way out of theirs, and shorter pauses."""

    def __init__(
        self,
        runtime: Runtime,
        make_transport: Callable[[], Transport],
        *,
        signature: Signature | None = None,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._runtime = runtime
        self._make_transport = make_transport
        self._books = Bookkeeper(runtime, signature)
        self._pause_seconds = pause_seconds
        self._line: asyncio.Queue[Claimed | None] = asyncio.Queue()  # None: the lane may end
        self._idle = 0  # lanes that wait for a mail

    async def run(self) -> None:
        """Work until cancelled, then finish what is on the wire and give back the rest."""
        numbers = range(self._runtime.config.mailer.connections)
        lanes = [asyncio.create_task(self._lane(), name=f"mailer-lane-{number}") for number in numbers]
        feed = asyncio.create_task(self._feed(), name="mailer-feed")
        try:
            ended, _ = await asyncio.wait([feed, *lanes], return_when=asyncio.FIRST_COMPLETED)
            for task in ended:  # none should: whoever started us hears why
                task.result()
        finally:
            feed.cancel()
            await asyncio.gather(feed, return_exceptions=True)
            await self._empty_line()
            for _ in lanes:
                self._line.put_nowait(None)
            await asyncio.wait(lanes, timeout=STOP_SECONDS)
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
            await self._let_go(self._books.release)

    async def _feed(self) -> None:
        """Claim when a lane is idle. A database that is away pauses the sending and nothing more (O11)."""
        await self._insist(self._books.release_former)
        while True:
            claimed = await self._insist(self._books.claim) if self._line.qsize() < self._idle else []
            for each in claimed:
                self._line.put_nowait(each)
            if not claimed:
                await self._runtime.wakeup.wait("outbox", seconds=POLL_SECONDS)

    async def _lane(self) -> None:
        """Send one mail after the other; `done` is the last one, settled together with the next's mark."""
        transport = self._make_transport()
        done: Done | None = None
        try:
            while True:
                if done is not None and self._line.empty():
                    await self._finish(done)  # nobody waits, so settle now
                    done = None
                claimed = await self._next_in_line()
                if claimed is None:
                    if done is not None:
                        await self._finish(done)
                    return
                parcel = await self._take_up(done, claimed)
                done = None
                if parcel is None:
                    continue
                delivery = await self._deliver(transport, claimed, parcel)
                if isinstance(delivery, Broken):
                    await self._finish((claimed, delivery))  # the pause is written before anybody claims more
                    await self._empty_line()
                else:
                    done = claimed, delivery
        finally:
            await transport.close()

    async def _next_in_line(self) -> Claimed | None:
        if self._line.empty():
            self._runtime.wakeup.ring("outbox")
        self._idle += 1
        try:
            return await self._line.get()
        finally:
            self._idle -= 1

    async def _take_up(self, done: Done | None, claimed: Claimed) -> Parcel | None:
        """Settle what was sent and take up what comes next. A bug over one of the two harms not the other."""
        try:
            return await self._insist(self._books.turn, done, claimed)
        except Exception:  # that row stays as it is until its lease ends
            log.exception("mailer.failed", mail=claimed.id)
        if done is None:
            return None
        await self._finish(done)
        return await self._take_up(None, claimed)

    async def _finish(self, done: Done) -> None:
        try:
            await self._insist(self._books.turn, done, None)
        except Exception:  # the row stays marked until its lease ends; then E5 says what becomes of it
            log.exception("mailer.failed", mail=done[0].id)

    async def _deliver(self, transport: Transport, claimed: Claimed, parcel: Parcel) -> Delivery:
        since = self._runtime.now()

        async def still_ours() -> bool:
            """Asked before the final dot: a process stopped for long may have lost its lease (E4).

            Renewed, the lease also covers the wait for the relay's last word.
            """
            if self._runtime.now() - since < self._books.lasting / LEASE_SHARE:
                return True
            return await self._runtime.db.in_thread(self._books.renew, claimed)

        try:
            return await transport.deliver(parcel, before_dot=still_ours)
        except Exception as error:
            if is_away(error):
                return Deferred(f"the database is away: {type(error).__name__}")
            log.exception("mailer.failed", mail=claimed.id)
            return Unclear(f"unexpected: {type(error).__name__}")

    async def _empty_line(self) -> None:
        """Let go of what stands in line untried."""
        in_line: list[Claimed | None] = []
        with suppress(asyncio.QueueEmpty):
            while True:
                in_line.append(self._line.get_nowait())
        for _ in range(in_line.count(None)):
            self._line.put_nowait(None)  # meant for the other lanes
        untried = [each for each in in_line if each is not None]
        if untried:
            await self._let_go(self._books.give_back, untried)

    async def _let_go(self, work: Callable[..., None], *arguments: object) -> None:
        """Give rows back, if the database is there; their leases end by themselves, too."""
        try:
            await self._runtime.db.in_thread(work, *arguments)
        except Exception as error:
            log.warning("mailer.leases_left", error=type(error).__name__)

    async def _insist(self, work: Callable[..., T], *arguments: object) -> T:
        """Do database work, again and again while the database is away: a result may not be lost."""
        while True:
            try:
                return await self._runtime.db.in_thread(work, *arguments)
            except Exception as error:
                if not is_away(error):
                    raise
                log.error("mailer.database", error=type(error).__name__)
                await asyncio.sleep(self._pause_seconds * random.uniform(0.8, 1.2))  # noqa: S311  no secret
