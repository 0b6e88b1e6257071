"""Signing in: counted before the password is looked at, so that tries at the same time count as well.

What is counted hangs on the address as it was typed, whether or not there is such an account, so
waiting tells nobody anything (invariants W4, W5).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from gateway.mail.addresses import normal_form
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import Counter
from gateway.rules import sign_in as rules
from gateway.rules.people import UserStatus
from gateway.services import counters, web_sessions

_PEER_WAIT = timedelta(minutes=1)
"""What somebody is told whose network tried too often: the window slides, so it may open any moment."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was let through, and what its password is checked against.

    `stored` is None for an unknown, disabled or unconfirmed account, and for one that needs a reset.
    """

    email: str
    peer: str
    counted_at: datetime
    user_id: int | None
    stored: str | None


@dataclass(frozen=True, slots=True)
class Throttled:
    """A try that was not let through, and when the next one may be."""

    wait: timedelta


def begin(session: Session, email: str, peer: str, *, now: datetime) -> Attempt | Throttled:
    """Count a try as failed and return what to check its password against, or that it is too early."""
    known = normal_form(email)  # None is nobody's; what it holds may not even reach the database
    address = known or email.strip().lower()
    network = rules.peer_network(peer)
    failures, wait = _waiting(session, address, network, now=now)
    if wait > timedelta(0):
        return Throttled(wait)
    counters.count(session, _account(address), now=now)
    counters.count(session, _peer(network), now=now)
    user = _usable(session, known) if failures < rules.FAILURES_BEFORE_RESET else None
    return Attempt(
        email=address,
        peer=network,
        counted_at=now,
        user_id=user.id if user is not None else None,
        stored=user.password_hash if user is not None else None,
    )


def finish(
    session: Session, attempt: Attempt, *, good: bool, renewed_hash: str | None, now: datetime
) -> str | None:
    """Return the token of a new session, or None when the password was wrong.

    `renewed_hash` replaces the stored one, made when the settings were lower.
    """
    user = session.get(User, attempt.user_id) if good and attempt.user_id is not None else None
    if user is None or user.status is not UserStatus.ACTIVE or user.password_hash != attempt.stored:
        return None
    if renewed_hash is not None:
        user.password_hash = renewed_hash
        session.add(user)
    forget_failures(session, user.email)
    counters.count(session, _peer(attempt.peer), now=attempt.counted_at, by=-1)
    return web_sessions.start(session, user, now=now)


def forget_failures(session: Session, email: str) -> None:
    """Start counting anew: the password was right, or is new."""
    counter = table_of(Counter)
    session.execute(delete(counter).where(counter.c.name == _account(email)))


def _usable(session: Session, address: str | None) -> User | None:
    if address is None:
        return None
    return session.execute(
        select(User).where(col(User.email) == address, col(User.status) == UserStatus.ACTIVE)
    ).scalar_one_or_none()


def _waiting(session: Session, address: str, network: str, *, now: datetime) -> tuple[int, timedelta]:
    """Return how many failures in a row this address has, and how long the next try has to wait."""
    counter = table_of(Counter)
    failures, last = session.execute(
        select(func.coalesce(func.sum(counter.c.count), 0), func.max(counter.c.period)).where(
            counter.c.name == _account(address)
        )
    ).one()
    waits = [timedelta(0)]
    if last is not None:
        waits.append(last + rules.delay_after(int(failures)) - now)
    if not counters.allows(session, _peer(network), rules.PER_PEER, now=now):
        waits.append(_PEER_WAIT)
    return int(failures), max(waits)


def _account(address: str) -> str:
    return f"sign-in:{hashlib.sha256(address.encode('utf-8', 'replace')).hexdigest()}"


def _peer(network: str) -> str:
    return f"sign-in-from:{network}"
