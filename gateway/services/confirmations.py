"""Using the link that confirms an address: the one moment in which a registration touches people (C11)."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session

from gateway import tokens
from gateway.mail.addresses import Address
from gateway.models.columns import table_of
from gateway.models.people import Registration, User
from gateway.rules import sign_in as rules
from gateway.rules.people import Role, UserStatus
from gateway.services import (
    companies,
    entrance,
    password_tries,
    person_fields,
    search_upkeep,
    senders,
    sign_in,
)
from gateway.services.desk import Desk
from gateway.services.password_tries import Throttled, Try

ROW = table_of(Registration).c


@dataclass(frozen=True, slots=True)
class Opened:
    """A registration whose link was opened. `browser` is the hash of the one it was made in."""

    hash: str
    email: str
    password_hash: str
    browser: str

    def is_from(self, browser: str | None) -> bool:
        """Whether this is the browser that registered: elsewhere the password has to be given, too.

        Somebody who typed a stranger's address would else have an account that the stranger confirms.
        """
        given = tokens.hash_token(browser) if browser else ""
        return hmac.compare_digest(given, self.browser)


@dataclass(frozen=True, slots=True)
class LinkAttempt:
    """A password tried on a link; `stored` is None when there were too many."""

    tried: Try
    stored: str | None


def opened(session: Session, token: str, *, now: datetime) -> Opened | None:
    """Return what a link confirms, or None when it is used, old or no link of ours."""
    row = session.execute(
        select(ROW.hash, ROW.email, ROW.password_hash, ROW.browser).where(
            ROW.hash == tokens.hash_token(token), ROW.used_at.is_(None), ROW.expires_at > now
        )
    ).first()
    return Opened(*row) if row is not None else None


def begin(session: Session, link: Opened, peer: str, *, now: datetime) -> LinkAttempt | Throttled:
    """Count a try at the password of a registration as failed, or say that it is too early for one."""
    tried = password_tries.begin(session, password_tries.link(link.hash), peer, now=now)
    if isinstance(tried, Throttled):
        return tried
    enough = tried.failures >= rules.FAILURES_BEFORE_RESET
    return LinkAttempt(tried, None if enough else link.password_hash)


def confirm(session: Session, desk: Desk, link: Opened, tried: Try | None, *, now: datetime) -> User | None:
    """Use a link up: its address has an account now, with the requests it sent by mail.

    All other registrations of the address end with it. None when somebody was quicker, or the address
    got an account, was disabled or became ours meanwhile. `tried`: the right password was given for it.
    """
    if tried is not None:
        password_tries.succeeded(session, tried)
    table = table_of(Registration)
    ended = session.execute(
        update(table)
        .where(table.c.email == link.email, table.c.used_at.is_(None))
        .values(used_at=now)
        .returning(table.c.hash)
    ).scalars()
    if link.hash not in list(ended) or entrance.is_ours(session, desk.mail, link.email):
        return None
    (sender,) = senders.enrol(session, desk, [Address(link.email)], now=now)
    user = person_fields.found(session, sender.user_id)
    if user.role is not Role.CLIENT or user.status not in (UserStatus.PROVISIONAL, UserStatus.UNCONFIRMED):
        return None
    written = session.get_one(Registration, link.hash)
    user.name, user.phone, user.language = written.name, written.phone, written.language
    user.company_id = companies.find_or_make(session, written.company, written.cuit, now=now)
    user.password_hash, user.status = written.password_hash, UserStatus.ACTIVE
    session.add(user)
    session.flush()  # so that the session that is started next finds them
    search_upkeep.stale_person(session, user.id)  # what they wrote by mail before is found by their name
    sign_in.forget_failures(session, user.email)
    return user
