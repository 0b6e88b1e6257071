"""What a role is given: configuration, database, blobs, wakeup, clock and its own name."""

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.config import Config
from gateway.db import Database
from gateway.wakeup import Wakeup


def steady_clock() -> Callable[[], datetime]:
    """Return a clock of UTC times that does not jump when the machine's clock is set.

    Leases and back-off are measured with it (invariants O12): it reads the wall once, then
    follows the monotonic clock.
    """
    start, began = datetime.now(UTC), time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - began)


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
    """When a process began, in clock ticks since boot; "" when there is none (proc(5), field 22)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


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
