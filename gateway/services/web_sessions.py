"""Signed-in browsers: rows the server can end at any time (invariants W6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlmodel import Session

from gateway import tokens
from gateway.models.columns import table_of
from gateway.models.people import User, WebSession
from gateway.rules.people import Sender, Theme, UserStatus, Verdict, is_staff
from gateway.rules.sign_in import stay
from gateway.services.statements import run

SEEN_EVERY = timedelta(minutes=10)
"""How exactly "last seen" is known: a row written for every page would cost more than it tells."""

ROW, PERSON = table_of(WebSession).c, table_of(User).c
VISITOR = (
    select(
        ROW.created_at,
        ROW.seen_at,
        ROW.confirmed_at,
        PERSON.id,
        PERSON.email,
        PERSON.name,
        PERSON.role,
        PERSON.status,
        PERSON.language,
        PERSON.theme,
        PERSON.shortcuts,
    )
    .join_from(table_of(WebSession), table_of(User), PERSON.id == ROW.user_id)
    .where(ROW.id_hash == bindparam("id_hash"))
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in with a session; `stale`: it is time to note that they are here."""

    person: Sender
    language: str
    stale: bool
    theme: Theme
    shortcuts: bool
    confirmed_at: datetime  # when the password was last given


def start(session: Session, user: User, *, now: datetime) -> str:
    """Sign a browser in; return the token its cookie carries."""
    token = tokens.new_long_token()
    session.add(
        WebSession(
            id_hash=tokens.hash_token(token), user_id=user.id, created_at=now, seen_at=now, confirmed_at=now
        )
    )
    session.flush()  # so that a later look in the same transaction finds it
    return token


def find(session: Session, token: str, *, now: datetime) -> Visitor | None:
    """Return who a cookie stands for, or None when it is unknown, over, or its user disabled."""
    found = run(session, VISITOR, id_hash=tokens.hash_token(token)).first()
    if found is None or found.status is not UserStatus.ACTIVE:
        return None
    limits = stay(found.role)
    if now - found.seen_at > limits.idle or now - found.created_at > limits.absolute:
        return None
    who = Sender(found.id, found.email, found.name, found.role, found.status, Verdict.PASS)
    return Visitor(
        person=who,
        language=found.language,
        stale=now - found.seen_at > SEEN_EVERY,
        theme=found.theme,
        shortcuts=is_staff(found.role) if found.shortcuts is None else found.shortcuts,
        confirmed_at=found.confirmed_at or found.created_at,
    )


def seen(session: Session, token: str, *, now: datetime) -> None:
    """Note that a session is in use."""
    row = table_of(WebSession)
    session.execute(update(row).where(row.c.id_hash == tokens.hash_token(token)).values(seen_at=now))


def renew(session: Session, token: str, *, confirmed_at: datetime | None = None) -> str:
    """Give a session a new token, so that a copy of the old one is worth nothing; return it.

    `confirmed_at`: the password was given again just now (W6). How long the session may last stays.
    """
    fresh = tokens.new_long_token()
    row = table_of(WebSession)
    values: dict[str, object] = {"id_hash": tokens.hash_token(fresh)}
    if confirmed_at is not None:
        values["confirmed_at"] = confirmed_at
    session.execute(update(row).where(row.c.id_hash == tokens.hash_token(token)).values(values))
    return fresh


def end(session: Session, token: str) -> None:
    """Sign one browser out."""
    row = table_of(WebSession)
    session.execute(delete(row).where(row.c.id_hash == tokens.hash_token(token)))


def end_all(session: Session, user_id: int, *, but: str = "") -> None:
    """Sign a user out everywhere, `but` for the session of one token."""
    row = table_of(WebSession)
    kept = tokens.hash_token(but)
    session.execute(delete(row).where(row.c.user_id == user_id, row.c.id_hash != kept))
