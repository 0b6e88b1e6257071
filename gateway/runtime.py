"""What a role is given: configuration, database, blobs, wakeup, clock and its own name."""

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from gateway.config import Config
from gateway.db import Database
from gateway.wakeup import Wakeup


def steady_clock(start: datetime | None = None) -> Callable[[], datetime]:
    """Return a clock of UTC times that does not jump when the machine's clock is set.

    Leases and back-off are measured with it (invariants O12): it reads the wall once, or begins at
    `start`, then follows the time since boot, in which the sleep of a machine counts.
    """
    start, began = start or datetime.now(UTC), _uptime()
    return lambda: start + timedelta(seconds=_uptime() - began)


def time_of(database: Database) -> datetime:
    """Return the time all who share a database agree on: the server's, since their own clocks may differ."""
    if database.is_sqlite:
        return datetime.now(UTC)
    with database.engine.connect() as connection:
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)


def worker_name() -> str:
    """Return `host/pid/start`, which names this process and no later one with the same pid."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"


def is_dead(worker: str) -> bool:
    """Whether the process of that name ran on this machine and is gone, so its leases are free."""
    match worker.rsplit("/", 2):
        case [host, pid, started] if host == socket.gethostname() and pid.isdigit():
            return _started(int(pid)) != started
        case _:
            return False


def _started(pid: int) -> str:
    """When a process began, in clock ticks since boot (proc(5), field 22); "" when there is none.

    One that ended and that nobody has waited for is none.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[19] if fields[0] not in ("Z", "X") else ""
    except (OSError, IndexError):
        return ""


def _uptime() -> float:
    """Seconds since boot where the system tells, since some moment elsewhere; never set back."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True, slots=True)
class Runtime:
    """Handed to each role's `run`; a role ends when its task is cancelled."""

    config: Config
    db: Database
    secret: bytes
    wakeup: Wakeup = field(default_factory=Wakeup)
    now: Callable[[], datetime] = field(default_factory=steady_clock)
    worker: str = field(default_factory=worker_name)

    @property
    def blobs(self) -> Path:
        """Folder of the large blobs."""
        return Path(self.config.storage.url)
