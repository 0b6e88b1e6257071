"""How much at once and how often: what one listener keeps count of, in memory.

These bounds protect the process they live in, so a count that dies with it does no harm, and a
stranger can make no row be written. What must outlive a restart is in services/counters.
"""

import asyncio
import shutil
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from gateway.rules.limits import Rate, disk_is_low

GROUPS = 10_000
"""Peers remembered before those without a recent event are swept out."""


class SlidingWindow:
    """Events by name, at most so many in a period. Times are monotonic seconds."""

    def __init__(self, rate: Rate) -> None:
        self._count = rate.count
        self._seconds = rate.period.total_seconds()
        self._events: dict[str, deque[float]] = {}

    def is_full(self, name: str, *, now: float) -> bool:
        """Whether one more event would be too many."""
        events = self._events.get(name)
        if events is None:
            return False
        while events and events[0] <= now - self._seconds:
            events.popleft()
        return len(events) >= self._count

    def add(self, name: str, *, now: float) -> None:
        """Count an event; the newest ones of a name are enough to tell."""
        if len(self._events) >= GROUPS:
            recent = now - self._seconds
            self._events = {key: events for key, events in self._events.items() if events[-1] > recent}
        self._events.setdefault(name, deque(maxlen=self._count)).append(now)


class Places:
    """Room for so many mails and octets at once, given in the order in which it was asked for."""

    def __init__(self, mails: int, octets: int) -> None:
        self._mails = mails
        self._octets = octets
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, octets: int, *, seconds: float) -> bool:
        """Wait for a place for a mail of this size; False when there was none in time."""
        if not self._line and self._has_room(octets):
            self._occupy(octets)
            return True
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((octets, turn))
        try:
            async with asyncio.timeout(seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # the place came in the moment of giving up
                self.give_back(octets)
            self._call_in()
            if isinstance(error, TimeoutError):
                return False
            raise
        return True

    def give_back(self, octets: int) -> None:
        """Leave a place to the next in line."""
        self._mails += 1
        self._octets += octets
        self._call_in()

    def _call_in(self) -> None:
        while self._line:
            octets, turn = self._line[0]
            if not turn.done():
                if not self._has_room(octets):
                    return
                self._occupy(octets)
                turn.set_result(None)
            self._line.popleft()

    def _has_room(self, octets: int) -> bool:
        return self._mails > 0 and self._octets >= octets

    def _occupy(self, octets: int) -> None:
        self._mails -= 1
        self._octets -= octets


class Disk:
    """Whether too little space is left, looked at no more than once a second (D10)."""

    def __init__(
        self, *folders: Path, usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage
    ) -> None:
        self._folders = folders
        self._usage = usage
        self._looked: float | None = None
        self._low = False

    async def is_low(self) -> bool:
        now = time.monotonic()
        if self._looked is None or now - self._looked >= 1:
            self._looked = now
            self._low = await asyncio.to_thread(self._look)
        return self._low

    def _look(self) -> bool:
        for folder in self._folders:
            there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
            total, _, free = self._usage(there)
            if disk_is_low(free, total):
                return True
        return False
