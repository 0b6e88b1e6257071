"""Signed-in browsers: rows the server can end at any time (invariants W6).

A token is two random parts, `stays.changes`. Only both together, as their hash is stored, are a session. The
first stays as long as the session does, and what hangs on that (the forms of its open pages) goes on when
the session gets a new token; it opens nothing by itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlmodel import Session

from gateway import tokens
from gateway.models.columns import table_of
from gateway.models.people import User, WebSession
from gateway.rules.people import Sender, Theme, UserStatus, Verdict, is_staff
from gateway.rules.sign_in import stay
from gateway.services.settings import SITE_NAME
from gateway.services.statements import run

SEEN_EVERY = timedelta(minutes=10)
"""How exactly "last seen" is known: a row written for every page would cost more than it tells."""

_PARTS = "."

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
        SITE_NAME.scalar_subquery().label("site_name"),
    )
    .join_from(table_of(WebSession), table_of(User), PERSON.id == ROW.user_id)
    .where(ROW.id_hash == bindparam("id_hash"))
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in with a session; `stale`: it is time to note that they are here.

    It ends at `idle_end` unless it is used before, and at `last_end` even so.
    """

    person: Sender
    language: str
    stale: bool
    theme: Theme
    shortcuts: bool
    confirmed_at: datetime  # when the password was last given
    site_name: str | None  # as set on a page: all pages show it, so it comes with whom they are for
    idle_end: datetime
    last_end: datetime

    def seconds_left(self, now: datetime) -> int:
        """How long the session lasts from now on if it is not used."""
        return max(0, int((min(self.idle_end, self.last_end) - now).total_seconds()))


def start(session: Session, user: User, *, now: datetime) -> str:
    """Sign a browser in; return the token its cookie carries."""
    token = _token(tokens.new_token())
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
    idle_end, last_end = found.seen_at + limits.idle, found.created_at + limits.absolute
    if now > min(idle_end, last_end):
        return None
    who = Sender(found.id, found.email, found.name, found.role, found.status, Verdict.PASS)
    return Visitor(
        person=who,
        language=found.language,
        stale=now - found.seen_at > SEEN_EVERY,
        theme=found.theme,
        shortcuts=is_staff(found.role) if found.shortcuts is None else found.shortcuts,
        confirmed_at=found.confirmed_at or found.created_at,
        site_name=found.site_name,
        idle_end=idle_end,
        last_end=last_end,
    )


def seen(session: Session, token: str, *, now: datetime) -> None:
    """Note that a session is in use."""
    row = table_of(WebSession)
    session.execute(update(row).where(row.c.id_hash == tokens.hash_token(token)).values(seen_at=now))


def renew(session: Session, token: str, *, confirmed_at: datetime | None = None) -> str:
    """Give a session a new token, so that a copy of the old one is worth nothing; return it.

    `confirmed_at`: the password was given again just now (W6). How long the session may last stays.
    """
    fresh = _token(lasting_part(token))
    row = table_of(WebSession)
    values: dict[str, object] = {"id_hash": tokens.hash_token(fresh)}
    if confirmed_at is not None:
        values["confirmed_at"] = confirmed_at
    session.execute(update(row).where(row.c.id_hash == tokens.hash_token(token)).values(values))
    return fresh


def lasting_part(token: str) -> str:
    """Return what of the token of a session is the same for as long as it lasts."""
    return token.partition(_PARTS)[0]


def _token(lasting: str) -> str:
    return f"{lasting}{_PARTS}{tokens.new_long_token()}"


def end(session: Session, token: str) -> None:
    """Sign one browser out."""
    row = table_of(WebSession)
    session.execute(delete(row).where(row.c.id_hash == tokens.hash_token(token)))


def end_all(session: Session, user_id: int, *, but: str = "") -> None:
    """Sign a user out everywhere, `but` for the session of one token."""
    row = table_of(WebSession)
    kept = tokens.hash_token(but)
    session.execute(delete(row).where(row.c.user_id == user_id, row.c.id_hash != kept))
