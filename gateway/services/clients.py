"""The clients, for administrators: found by words, looked at, corrected, disabled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.site import Deed
from gateway.models.tickets import Ticket
from gateway.rules.lifecycle import Status
from gateway.rules.people import Role, Sender, UserStatus
from gateway.services import (
    accounts,
    audit,
    companies,
    folded_search,
    invitations,
    person_fields,
    search_upkeep,
    team_lists,
)
from gateway.services.dead_addresses import UNTIL_THEY_WRITE
from gateway.services.desk import Desk

PAGE = 25

PERSON, COMPANY, TICKET = table_of(User).c, table_of(Company).c, table_of(Ticket).c


@dataclass(frozen=True, slots=True)
class ClientLine:
    """A client in a list."""

    id: int
    email: str
    name: str
    status: UserStatus
    company: str | None
    cuit: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `after` leads on: to the next page, or, when the search stopped, further."""

    lines: Sequence[ClientLine]
    after: int | None


@dataclass(frozen=True, slots=True)
class ClientShown:
    """A client with what is known of them. `unreachable`: their address refuses our mail (L10)."""

    id: int
    email: str
    name: str
    phone: str | None
    language: str
    status: UserStatus
    company_id: int | None
    company: str | None
    cuit: str | None
    silent_until: datetime | None
    unreachable: bool
    has_password: bool
    created_at: datetime
    seen_at: datetime | None
    requests: int
    open: int

    @property
    def shown(self) -> str:
        return self.name or self.email


def page(session: Session, query: str, *, after: int | None = None, company_id: int | None = None) -> Page:
    """Return a page of the clients whose name, address or company hold all words, the newest first."""
    words = folded_search.words_of(query)
    conditions: list[ColumnElement[bool]] = [PERSON.role == Role.CLIENT]
    if after is not None:
        conditions.append(PERSON.id < after)
    if company_id is not None:
        conditions.append(PERSON.company_id == company_id)
    if words:
        conditions.append(
            folded_search.may_match(words, (PERSON.name, PERSON.email, COMPANY.name, COMPANY.cuit))
        )
    limit = folded_search.LOOKED_AT if words else PAGE + 1
    rows = session.execute(
        select(
            PERSON.id,
            PERSON.email,
            PERSON.name,
            PERSON.status,
            COMPANY.name.label("company"),
            COMPANY.cuit,
            PERSON.created_at,
        )
        .outerjoin(table_of(Company), COMPANY.id == PERSON.company_id)
        .where(*conditions)
        .order_by(PERSON.id.desc())
        .limit(limit)
    )
    lines: list[ClientLine] = []
    looked_at, last = 0, None
    for row in rows:
        if folded_search.matches(words, row.name, row.email, row.company, row.cuit):
            if len(lines) == PAGE:
                return Page(lines, lines[-1].id)
            lines.append(ClientLine(*row))
        looked_at, last = looked_at + 1, row.id
    return Page(lines, last if words and looked_at == limit else None)


def one(session: Session, user_id: int) -> ClientShown:
    """Return one client with all that is shown of them."""
    if not 0 < user_id <= person_fields.LARGEST_ID:
        raise NotFound("client")
    row = session.execute(
        select(
            PERSON.id,
            PERSON.email,
            PERSON.name,
            PERSON.phone,
            PERSON.language,
            PERSON.status,
            PERSON.company_id,
            COMPANY.name.label("company"),
            COMPANY.cuit,
            PERSON.silent_until,
            PERSON.password_hash.is_not(None).label("has_password"),
            PERSON.created_at,
        )
        .outerjoin(table_of(Company), COMPANY.id == PERSON.company_id)
        .where(PERSON.id == user_id, PERSON.role == Role.CLIENT)
    ).first()
    if row is None:
        raise NotFound("client")
    requests, still_open = session.execute(
        select(func.count(), func.count().filter(TICKET.status != Status.CLOSED)).where(
            TICKET.requester_id == user_id
        )
    ).one()
    return ClientShown(
        **row._mapping,
        unreachable=row.silent_until == UNTIL_THEY_WRITE,
        seen_at=team_lists.last_seen(session, [user_id]).get(user_id),
        requests=int(requests),
        open=int(still_open),
    )


def change(
    session: Session,
    user_id: int,
    *,
    name: str,
    phone: str,
    language: str,
    company: str,
    cuit: str,
    by: Sender,
    now: datetime,
) -> User:
    """Correct what is known of a client. The company is found by its CUIT, else by its name, else made."""
    user = _client(session, user_id)
    name, phone_number = person_fields.checked_name(name), person_fields.checked_phone(phone)
    language = person_fields.checked_language(language)
    company_id = companies.meant(session, company, cuit, current=user.company_id, now=now)
    new = {"name": name, "phone": phone_number, "language": language, "company_id": company_id}
    changed = sorted(key for key, value in new.items() if getattr(user, key) != value)
    for key in changed:
        setattr(user, key, new[key])
    if changed:
        session.flush()  # so that whoever looks next sees it
        search_upkeep.stale_person(session, user.id)
        audit.note(session, Deed.USER_CHANGED, user.email, by=by, now=now, fields=changed)
    return user


def disable(session: Session, user_id: int, *, by: Sender, now: datetime) -> User:
    """Bar a client from signing in and acting, at once (W6)."""
    user = _client(session, user_id)
    if user.status is not UserStatus.DISABLED:
        accounts.disable(session, user, now=now)
        session.flush()  # so that whoever looks next sees it
        audit.note(session, Deed.USER_DISABLED, user.email, by=by, now=now)
    return user


def enable(session: Session, user_id: int, *, by: Sender, now: datetime) -> User:
    """Let a client in again. One without a password is as if known by mail alone, not confirmed (C11)."""
    user = _client(session, user_id)
    if user.status is UserStatus.DISABLED:
        user.status = UserStatus.ACTIVE if user.password_hash is not None else UserStatus.PROVISIONAL
        session.flush()  # so that whoever looks next sees it
        audit.note(session, Deed.USER_ENABLED, user.email, by=by, now=now)
    return user


def reset(session: Session, desk: Desk, user_id: int, *, by: Sender, now: datetime) -> User:
    """Send a client a link that sets a new password."""
    return invitations.reset(session, desk, _client(session, user_id), by=by, now=now)


def _client(session: Session, user_id: int) -> User:
    user = person_fields.found(session, user_id)
    if user.role is not Role.CLIENT:
        raise NotFound("client")
    return user
