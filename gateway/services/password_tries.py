"""Passwords tried: counted before they are looked at, so that tries at the same time count as well (W5).

What is counted has a name: the address somebody signs in with, as it was typed, whether or not there
is such an account, so that waiting tells nobody anything; or a link that asks for a password.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import Counter
from gateway.rules import sign_in as rules
from gateway.services import counters

_PEER_WAIT = timedelta(minutes=1)
"""What somebody is told whose network tried too often: the window slides, so it may open any moment."""


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was let through. `failures` in a row came before it."""

    name: str
    network: str
    counted_at: datetime
    failures: int


@dataclass(frozen=True, slots=True)
class Throttled:
    """A try that was not let through, and when the next one may be."""

    wait: timedelta


def account(address: str) -> str:
    """The name under which tries on an account are counted."""
    return f"sign-in:{hashlib.sha256(address.encode('utf-8', 'replace')).hexdigest()}"


def link(token_hash: str) -> str:
    """The name under which tries on a link are counted that asks for a password."""
    return f"sign-in-link:{token_hash}"


def begin(session: Session, name: str, peer: str, *, now: datetime) -> Try | Throttled:
    """Count a try as failed, or say that it is too early for one."""
    network = rules.peer_network(peer)
    failures, wait = _waiting(session, name, network, now=now)
    if wait > timedelta(0):
        return Throttled(wait)
    counters.count(session, name, now=now)
    counters.count(session, _peer(network), now=now)
    return Try(name, network, now, failures)


def succeeded(session: Session, tried: Try) -> None:
    """The password was right: this try was no failure, and counting begins anew."""
    forget(session, tried.name)
    counters.count(session, _peer(tried.network), now=tried.counted_at, by=-1)


def forget(session: Session, name: str) -> None:
    """Start counting anew."""
    counter = table_of(Counter)
    session.execute(delete(counter).where(counter.c.name == name))


def _waiting(session: Session, name: str, network: str, *, now: datetime) -> tuple[int, timedelta]:
    """Return how many failures in a row there were, and how long the next try has to wait."""
    counter = table_of(Counter)
    failures, last = session.execute(
        select(func.coalesce(func.sum(counter.c.count), 0), func.max(counter.c.period)).where(
            counter.c.name == name
        )
    ).one()
    waits = [timedelta(0)]
    if last is not None:
        waits.append(last + rules.delay_after(int(failures)) - now)
    if not counters.allows(session, _peer(network), rules.PER_PEER, now=now):
        waits.append(_PEER_WAIT)
    return int(failures), max(waits)


def _peer(network: str) -> str:
    return f"sign-in-from:{network}"
