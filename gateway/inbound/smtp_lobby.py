"""What all connections of one listener share, and the one thing each has: a transaction."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from gateway.inbound.bounds import Disk, Places, SlidingWindow
from gateway.inbound.recipients import Recipients
from gateway.inbound.requests import NewRequests
from gateway.rules import limits
from gateway.services.journal import Incoming


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """Seconds each thing may take; parameters, so that tests need not wait."""

    idle: float = 300  # for the next command, or the next octets of a mail
    transaction: float = limits.TRANSACTION.total_seconds()
    commit: float = limits.COMMIT_BUDGET.total_seconds()
    place: float = 5
    goodbye: float = 10  # for a peer that does not read our last words
    shutdown: float = 25  # for a mail on its way; the process has 30 (O7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lobby:
    """The listener's settings, and what it asks and counts."""

    hostname: str
    own_loop: str  # value of our loop header
    max_bytes: int
    spools: Path
    recipients: Recipients
    requests: NewRequests
    disk: Disk
    places: Places
    messages: SlidingWindow  # of each unlisted peer
    append: Callable[[Incoming], Awaitable[int]]  # into the journal; returns after the commit
    now: Callable[[], datetime]
    shown: Callable[[str], str]  # an address as a log may have it
    tls: ssl.SSLContext | None = None
    timers: Timers = Timers()


@dataclass(slots=True)
class Transaction:
    """From MAIL to the end of DATA."""

    sender: str | None = None  # "" is the null sender
    recipients: list[str] = field(default_factory=list)  # in normal form, none twice
    named: int = 0  # how many RCPT were taken, the same address twice counted twice
    declared: int = 0  # octets, 0 when MAIL did not say
