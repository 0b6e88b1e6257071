"""Accounts: making, listing and disabling them, and the links that set a password.

The words of the mails stand elsewhere: `start_reset` gives the token, and whoever called it sends it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.catalogue import _
from gateway.config import Mail
from gateway.errors import Invalid
from gateway.mail.addresses import normal_form
from gateway.models.columns import table_of
from gateway.models.people import Company, TokenPurpose, User
from gateway.models.site import Deed
from gateway.rules.people import Role, Sender, UserStatus
from gateway.services import audit, companies, entrance, links, search_upkeep, sign_in, web_sessions
from gateway.services.person_fields import checked_name

RESET_LIFE = timedelta(minutes=30)
FIRST_LIFE = timedelta(hours=24)
"""Of the link to a first password: nobody waits for it with the mail program open."""
SET_UP_LIFE = timedelta(hours=24)
LAST_ONE = _("This is the last active administrator, and there has to be one.")


@dataclass(frozen=True, slots=True)
class UserLine:
    """A user as a list shows them; the company by its name."""

    email: str
    name: str
    role: Role
    status: UserStatus
    company: str | None
    created_at: datetime


def find_by_email(session: Session, email: str) -> User | None:
    """Return the user of an address in any spelling, or None."""
    address = normal_form(email)
    if address is None:
        return None
    return session.execute(select(User).where(col(User.email) == address)).scalar_one_or_none()


def create_user(
    session: Session,
    mail: Mail,
    *,
    email: str,
    name: str,
    role: Role,
    company_name: str | None = None,
    cuit: str | None = None,
    password_hash: str | None = None,
    language: str = "es",
    now: datetime,
) -> User:
    """Make a confirmed user, or confirm one whom only their mail had made known.

    Raises Invalid for a field that cannot be. Without a password they can sign in after a reset.
    """
    address = checked_email(session, mail, email)
    user = find_by_email(session, address) or User(email=address, created_at=now)
    if user.id is not None and user.status in (UserStatus.ACTIVE, UserStatus.DISABLED):
        raise Invalid("email", _("There is already an account with this address."))
    user.name = checked_name(name)
    user.role = role
    user.status = UserStatus.ACTIVE
    user.company_id = companies.find_or_make(session, company_name, cuit, now=now)
    user.password_hash = password_hash
    user.language = language
    session.add(user)
    session.flush()  # gives the user their id
    search_upkeep.stale_person(session, user.id)  # they may have written by mail before
    return user


def list_users(session: Session) -> list[UserLine]:
    """Return all users, oldest first."""
    person, company = table_of(User), table_of(Company)
    rows = session.execute(
        select(
            person.c.email,
            person.c.name,
            person.c.role,
            person.c.status,
            company.c.name.label("company"),
            person.c.created_at,
        )
        .outerjoin(company, company.c.id == person.c.company_id)
        .order_by(person.c.id)
    )
    return [UserLine(*row) for row in rows]


def disable(session: Session, user: User, *, now: datetime) -> None:
    """Bar a user from signing in and acting, at once: sessions end, links die (W6).

    Invalid for the last active administrator, whoever asks: nobody could let them in again.
    """
    if user.role is Role.ADMIN and administrators_held(session) == [user.id]:
        raise Invalid("email", LAST_ONE)
    user.status = UserStatus.DISABLED
    session.add(user)
    web_sessions.end_all(session, user.id)
    links.revoke(session, TokenPurpose.PASSWORD, user.id, now=now)


def start_reset(session: Session, user: User, *, now: datetime) -> tuple[str, timedelta]:
    """Return the token of a link that sets a password, and how long it is good; earlier ones die (W9)."""
    life = RESET_LIFE if user.password_hash else FIRST_LIFE
    links.revoke(session, TokenPurpose.PASSWORD, user.id, now=now)
    return links.issue(session, TokenPurpose.PASSWORD, user.id, life, now=now), life


def user_of_reset(session: Session, token: str, *, now: datetime) -> User | None:
    """Return whose password a link sets, or None when it is used, old or no link of ours."""
    found = links.valid(session, TokenPurpose.PASSWORD, token, now=now)
    user = session.get(User, found.user_id) if found is not None else None
    return user if user is not None and user.status is UserStatus.ACTIVE else None


def set_password(session: Session, token: str, password_hash: str, *, now: datetime) -> User | None:
    """Use a link up: the password is new, all sessions end, waiting is over. None when it is no good."""
    user = user_of_reset(session, token, now=now)
    if user is None or not links.use(session, token, now=now):
        return None
    user.password_hash = password_hash
    session.add(user)
    web_sessions.end_all(session, user.id)
    sign_in.forget_failures(session, user.email)
    return user


def set_up_token(session: Session, *, now: datetime) -> str | None:
    """Return the token of a link that makes the first administrator; None when there is one.

    Only the newest link is good.
    """
    if _has_administrator(session):
        return None
    links.revoke(session, TokenPurpose.SET_UP, None, now=now)
    return links.issue(session, TokenPurpose.SET_UP, None, SET_UP_LIFE, now=now)


def is_set_up_token(session: Session, token: str, *, now: datetime) -> bool:
    """Whether this link still makes the first administrator."""
    return links.valid(session, TokenPurpose.SET_UP, token, now=now) is not None and not _has_administrator(
        session
    )


def use_set_up_token(
    session: Session, mail: Mail, token: str, *, email: str, name: str, password_hash: str, now: datetime
) -> User | None:
    """Make the first administrator; None when the link is used, old, or no longer needed."""
    if not is_set_up_token(session, token, now=now) or not links.use(session, token, now=now):
        return None
    user = create_user(
        session, mail, email=email, name=name, role=Role.ADMIN, password_hash=password_hash, now=now
    )
    themselves = Sender(user.id, user.email, user.name, user.role, user.status)
    audit.note(session, Deed.SET_UP, user.email, by=themselves, now=now)
    return user


def checked_email(session: Session, mail: Mail, email: str) -> str:
    """Return the normal form of an address that may be a person's (L7); Invalid for any other."""
    address = normal_form(email)
    if address is None:
        raise Invalid("email", _("This is not an e-mail address. Write it like name@company.com."))
    if entrance.is_ours(session, mail, address):
        raise Invalid("email", _("This address belongs to the help desk itself. Use a person's."))
    return address


def administrators_held(session: Session) -> list[int]:
    """Return the active administrators, all of them held: who takes one away waits for who takes another."""
    rows = session.execute(
        select(col(User.id))
        .where(col(User.role) == Role.ADMIN, col(User.status) == UserStatus.ACTIVE)
        .order_by(col(User.id))
        .with_for_update(key_share=True)
    )
    return list(rows.scalars())


def _has_administrator(session: Session) -> bool:
    person = table_of(User)
    return (
        session.execute(
            select(person.c.id)
            .where(person.c.role == Role.ADMIN, person.c.status == UserStatus.ACTIVE)
            .limit(1)
        ).first()
        is not None
    )
