"""Signing in, and giving the password again for what is sensitive (invariants W4 to W6)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.mail.addresses import normal_form
from gateway.models.people import User
from gateway.rules import sign_in as rules
from gateway.rules.people import UserStatus
from gateway.services import password_tries, web_sessions
from gateway.services.password_tries import Throttled, Try


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was let through, and what its password is checked against.

    `stored` is None for an unknown, disabled or unconfirmed account, and for one that needs a reset.
    """

    tried: Try
    user_id: int | None
    stored: str | None


def begin(session: Session, email: str, peer: str, *, now: datetime) -> Attempt | Throttled:
    """Count a try as failed and return what to check its password against, or that it is too early."""
    known = normal_form(email)  # None is nobody's; what it holds may not even reach the database
    tried = password_tries.begin(
        session, password_tries.account(known or email.strip().lower()), peer, now=now
    )
    if isinstance(tried, Throttled):
        return tried
    user = _usable(session, known) if tried.failures < rules.FAILURES_BEFORE_RESET else None
    return Attempt(tried, user.id if user is not None else None, user.password_hash if user else None)


def finish(
    session: Session, attempt: Attempt, *, good: bool, renewed_hash: str | None, now: datetime
) -> str | None:
    """Return the token of a new session, or None when the password was wrong."""
    user = proven(session, attempt, good=good, renewed_hash=renewed_hash)
    return web_sessions.start(session, user, now=now) if user is not None else None


def confirm(
    session: Session, attempt: Attempt, token: str, *, good: bool, renewed_hash: str | None, now: datetime
) -> str | None:
    """Note that whoever is signed in with `token` gave their password again; return its new token."""
    user = proven(session, attempt, good=good, renewed_hash=renewed_hash)
    return web_sessions.renew(session, token, confirmed_at=now) if user is not None else None


def proven(session: Session, attempt: Attempt, *, good: bool, renewed_hash: str | None = None) -> User | None:
    """Return whose password was right, held, or None; it may have changed since it was looked at.

    Whoever ends all their sessions waits, so that they end the one that begins here, too (W6).
    `renewed_hash` replaces the stored one, made when the settings were lower.
    """
    if not good or attempt.user_id is None:
        return None
    held = {"key_share": True}
    user = session.get(User, attempt.user_id, populate_existing=True, with_for_update=held)
    if user is None or user.status is not UserStatus.ACTIVE or user.password_hash != attempt.stored:
        return None
    if renewed_hash is not None:
        user.password_hash = renewed_hash
        session.add(user)
    password_tries.succeeded(session, attempt.tried)
    return user


def forget_failures(session: Session, email: str) -> None:
    """Start counting anew: the password is new."""
    password_tries.forget(session, password_tries.account(email))


def _usable(session: Session, address: str | None) -> User | None:
    if address is None:
        return None
    return session.execute(
        select(User).where(col(User.email) == address, col(User.status) == UserStatus.ACTIVE)
    ).scalar_one_or_none()
