"""Signing up: what was written waits, apart from all people, for a mailed link to be used (C11, B12).

Whoever registers hears the same of every address, known or not, and the same work is done: a row and
a mail. Only the mail says which it was, to the one who reads that mailbox.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session

from gateway import tokens
from gateway.catalogue import _
from gateway.config import Mail
from gateway.errors import Invalid, InvalidForm
from gateway.mail.one_line import one_line
from gateway.models.columns import table_of
from gateway.models.people import Registration
from gateway.rules import limits
from gateway.rules.people import UserStatus
from gateway.rules.sign_in import peer_network
from gateway.services import (
    account_mail,
    accounts,
    companies,
    counters,
    outbox,
    person_fields,
    profiles,
)
from gateway.services.desk import Desk

LIFE = timedelta(hours=24)
ROW = table_of(Registration).c


@dataclass(frozen=True, slots=True)
class Details:
    """What somebody says of themselves, in its normal form."""

    email: str
    name: str
    company: str
    cuit: str
    phone: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A registration of this browser that waits for its link. `next_mail` None: another may go now."""

    hash: str
    email: str
    next_mail: datetime | None


def checked(
    session: Session, mail: Mail, *, email: str, name: str, company: str, cuit: str, phone: str
) -> Details:
    """Return what was written in its normal form; InvalidForm names all that cannot be, in order."""
    problems: list[Invalid] = []
    details = Details(
        email=_tried(problems, lambda: accounts.checked_email(session, mail, email)),
        company=_tried(problems, lambda: _checked_company(company)),
        cuit=_tried(problems, lambda: _checked_cuit(cuit)),
        name=_tried(problems, lambda: person_fields.checked_name(name)),
        phone=_tried(problems, lambda: profiles.checked_phone(phone)),
    )
    if problems:
        raise InvalidForm(problems)
    return details


def take_turn(session: Session, peer: str, *, now: datetime) -> timedelta | None:
    """Count a sign-up from a network; return how long it has to wait when it had too many (B12)."""
    name = f"sign-up-from:{peer_network(peer)}"
    later = counters.next_allowed(session, name, limits.SIGN_UPS, now=now)
    if later is not None:
        return later - now
    counters.count(session, name, now=now)
    return None


def register(
    session: Session,
    desk: Desk,
    details: Details,
    *,
    language: str,
    password_hash: str,
    browser: str,
    now: datetime,
) -> None:
    """Keep what was written until its link is used, and mail that; nobody's account changes by it."""
    token = tokens.new_long_token()
    session.add(
        Registration(
            hash=tokens.hash_token(token),
            email=details.email,
            name=details.name,
            company=details.company,
            cuit=details.cuit,
            phone=details.phone,
            language=language,
            password_hash=password_hash,
            browser=tokens.hash_token(browser),
            created_at=now,
            expires_at=now + LIFE,
        )
    )
    _mail(session, desk, details.email, language, token, now=now)


def pending(session: Session, browser: str, *, now: datetime) -> Pending | None:
    """Return what this browser registered last and nobody confirmed yet."""
    row = session.execute(
        select(ROW.hash, ROW.email)
        .where(ROW.browser == tokens.hash_token(browser), ROW.used_at.is_(None), ROW.expires_at > now)
        .order_by(ROW.created_at.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    later = counters.next_allowed(session, _counted(row.email), limits.CONFIRMATIONS, now=now)
    return Pending(row.hash, row.email, later)


def send_again(session: Session, desk: Desk, waiting: Pending, *, now: datetime) -> None:
    """Mail another link for the same registration. The one before stays good: it may yet arrive."""
    token = tokens.new_long_token()
    first = session.get_one(Registration, waiting.hash)
    again = first.model_dump() | {
        "hash": tokens.hash_token(token),
        "created_at": now,
        "expires_at": now + LIFE,
    }
    session.add(Registration(**again))
    _mail(session, desk, first.email, first.language, token, now=now)


def _mail(session: Session, desk: Desk, email: str, language: str, token: str, *, now: datetime) -> None:
    """Write the mail for whoever reads this mailbox; it goes at most three times a day."""
    known = accounts.find_by_email(session, email)
    goes = counters.take(session, _counted(email), limits.CONFIRMATIONS, now=now)
    if known is not None and known.status is UserStatus.ACTIVE:
        row = account_mail.already_registered(desk, email, language, now=now)
    else:
        row = account_mail.confirm_account(desk, email, language, token, LIFE, now=now)
    disabled = known is not None and known.status is UserStatus.DISABLED
    outbox.queue(session, [row] if goes and not disabled else [])


def _counted(email: str) -> str:
    return f"confirm-mail:{email}"


def _checked_company(raw_name: str) -> str:
    name = one_line(raw_name, companies.NAME_CHARACTERS)
    if not name:
        raise Invalid("company", _("Write the name of the company."))
    return name


def _checked_cuit(raw_cuit: str) -> str:
    if not raw_cuit.strip():
        raise Invalid("cuit", _("Write the CUIT of the company: 11 numbers."))
    return companies.checked_cuit(raw_cuit)


def _tried(problems: list[Invalid], check: Callable[[], str]) -> str:
    """Return what a check returns, or note what it found wrong."""
    try:
        return check()
    except Invalid as problem:
        problems.append(problem)
        return ""
