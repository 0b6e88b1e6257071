"""A mailbox looked after: lease, connection, looking and waiting, and patience when something fails.

imapclient blocks and is not safe to share, so each mailbox has a thread of its own. It outlives
whatever a server, the network, the disk or the database does (invariants O8, O10, O11).
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import structlog

from gateway.config import Imap, secret_of
from gateway.inbound.imap_collect import Collector, WriteDown
from gateway.inbound.imap_connection import Connection, Selected, Timing, WrongPassword, folder_url
from gateway.inbound.space import RoomFor, has_room
from gateway.rules.retry import IMAP_WRONG_PASSWORD, imap_pause
from gateway.runtime import Runtime, is_dead
from gateway.services import mailboxes
from gateway.services.mailboxes import Cursor

log = structlog.get_logger()

LOOKS = 10
"""In a row without IDLE: some server might announce the same mail for ever."""


class Poller:
    """Looks after one mailbox in `work`, until `stop`. `pause_for` tells how long to wait after failures."""

    def __init__(
        self,
        runtime: Runtime,
        name: str,
        section: Imap,
        write_down: WriteDown,
        *,
        timing: Timing | None = None,
        has_room: RoomFor = has_room,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._runtime = runtime
        self._section = section
        self._timing = timing or Timing()
        self._collector = Collector(runtime, name, section, write_down, has_room=has_room)
        self._chance = chance
        self._failures = 0
        self._stopped = threading.Event()
        self._connection: Connection | None = None

    def work(self) -> None:
        """Look after the mailbox until told to stop. Raises nothing."""
        while not self._stopped.is_set():
            pause = self.attend()
            self._stopped.wait(pause.total_seconds())
        with contextlib.suppress(Exception), self._runtime.db.transaction() as session:
            mailboxes.release(session, self.name, worker=self._runtime.worker)

    def attend(self) -> timedelta:
        """Serve the mailbox for as long as all goes well; return how long to leave it alone then."""
        try:
            cursor = self._claim()
            if cursor is None:
                return timedelta(seconds=self._timing.held_elsewhere)
            with Connection(self._section, self._timing) as connection:
                self._connection = connection
                connection.sign_in()
                log.info("imap.connected", mailbox=self.name, idle=connection.can_idle)
                self._collector.resume(cursor)
                while not self._stopped.is_set():
                    self._look_and_wait(connection)
        except WrongPassword as error:
            return self._failed(error, pause=IMAP_WRONG_PASSWORD)
        except Exception as error:  # a server may answer anything, and imapclient trips over it anyhow
            if self._stopped.is_set():
                return timedelta(0)
            self._failures += 1
            return self._failed(error, pause=imap_pause(self._failures, self._chance()))
        finally:
            self._connection = None
        return timedelta(0)

    def stop(self) -> None:
        """From another thread: end soon, also when waiting for the server."""
        self._stopped.set()
        connection = self._connection
        if connection is not None:
            connection.cut()

    def _look_and_wait(self, connection: Connection) -> None:
        """One full look and what follows until the next is due: with IDLE many small ones."""
        timing = self._timing
        until = time.monotonic() + timing.full_look
        selected = connection.select()
        self._collector.look(connection, selected, fully=True)
        self._failures = 0
        if not connection.can_idle:
            self._stopped.wait(min(self._section.poll_seconds, timing.full_look))
            return
        step = 0
        while not self._stopped.is_set() and time.monotonic() < until:
            if self._look_for_more(connection, selected):
                step = 0
            connection.idle(timing.idle_steps[step])
            step = min(step + 1, len(timing.idle_steps) - 1)

    def _look_for_more(self, connection: Connection, selected: Selected) -> bool:
        """Look until nothing is left and nothing was announced meanwhile; whether anything came."""
        came = False
        for _ in range(LOOKS):
            connection.told_of_more()  # said before this look, so covered by it
            taken = self._collector.look(connection, selected, fully=False)
            came = came or taken > 0
            if not taken and not connection.told_of_more():
                break
        return came

    def _claim(self) -> Cursor | None:
        runtime = self._runtime
        with runtime.db.transaction() as session:
            return mailboxes.claim(
                session,
                self.name,
                folder=folder_url(self._section),
                worker=runtime.worker,
                is_dead=is_dead,
                now=runtime.now(),
            )

    def _failed(self, error: Exception, *, pause: timedelta) -> timedelta:
        """Tell people, as far as the database is there; return the pause."""
        words = self._worded(error)
        log.warning("imap.failed", mailbox=self.name, error=words, pause=round(pause.total_seconds()))
        with contextlib.suppress(Exception), self._runtime.db.transaction() as session:
            mailboxes.failed(session, self.name, words, worker=self._runtime.worker)
        return pause

    def _worded(self, error: Exception) -> str:
        """The error in one line. Some servers repeat the command they did not understand, secret and all."""
        words = f"{type(error).__name__}: {error}".split("\n", 1)[0]
        with contextlib.suppress(Exception):
            password = secret_of(self._section.password, self._section.password_file)
            words = words.replace(password, "…") if password else words
        return words[:300]
