"""The `imap` role: every configured mailbox is fetched from, into the one journal writer.

The threads of the mailboxes hand their mails to the event loop, a whole batch at once, so that
one commit and one fsync serve many.
"""

import asyncio
import threading
from collections.abc import Sequence

import structlog

from gateway.config import Imap
from gateway.errors import ConfigError
from gateway.inbound.imap_connection import Timing, is_loopback
from gateway.inbound.imap_poller import Poller
from gateway.inbound.journal_writer import JournalWriter
from gateway.runtime import Runtime
from gateway.services.journal import Incoming

log = structlog.get_logger()

ENDING = 10.0
"""Seconds the threads get to end. One that still waits for a connection is left to die with us."""


async def run(runtime: Runtime, *, timing: Timing | None = None) -> None:
    """Fetch from all mailboxes until cancelled. Without any it just waits."""
    timing = timing or Timing()
    check(runtime.config.imap)
    loop = asyncio.get_running_loop()
    async with JournalWriter(runtime) as writer:

        def write_down(mails: Sequence[Incoming]) -> list[int]:
            """Called in a mailbox's thread. A commit that comes late is found by the next look."""
            future = asyncio.run_coroutine_threadsafe(_append(writer, mails), loop)
            return future.result(timing.journal)

        pollers = [
            Poller(runtime, name, section, write_down, timing=timing)
            for name, section in runtime.config.imap.items()
        ]
        tasks = [_in_thread(poller, loop) for poller in pollers]
        try:
            await asyncio.Event().wait()
        finally:
            for poller in pollers:
                poller.stop()
            if tasks:
                await asyncio.wait(tasks, timeout=ENDING)


def check(sections: dict[str, Imap]) -> None:
    """Raise ConfigError when mail or password would cross the network in the clear (invariants O2)."""
    problems = [
        f'[imap.{name}] security: "none" is for a server on this machine only'
        for name, section in sections.items()
        if section.security == "none" and not is_loopback(section.host)
    ]
    if problems:
        raise ConfigError(problems)


async def _append(writer: JournalWriter, mails: Sequence[Incoming]) -> list[int]:
    return list(await asyncio.gather(*(writer.append(mail) for mail in mails)))


def _in_thread(poller: Poller, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
    """Start a mailbox's thread; the future is done when it ends.

    A daemon thread: one that hangs in a connection attempt must not keep the program from ending.
    """
    ended: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not ended.done():
            ended.set_result(None)

    def work() -> None:
        try:
            poller.work()
        finally:
            if not loop.is_closed():
                loop.call_soon_threadsafe(tell)

    threading.Thread(target=work, name=f"imap-{poller.name}", daemon=True).start()
    return ended
