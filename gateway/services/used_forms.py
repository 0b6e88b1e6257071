"""Forms that work once: a double click, or a browser that tries again, does nothing more (E10)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.site import UsedForm

KEEP = timedelta(days=7)
NOTICE_CHARACTERS = 500
LOCATION_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Answered:
    """Where the first sending of a form led, and what it said there."""

    location: str
    notice: str


def claim(session: Session, owner: str, key: str, *, now: datetime) -> Answered | None:
    """Mark the key of a form as used; if it was, return how it was answered.

    `owner` is the session it is sent in: nobody uses up a key of somebody else. Of two at the same
    time the second waits here for the first to commit.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {"key": _name(owner, key), "location": "", "notice": "", "created_at": now}
    fresh = session.execute(
        insert(UsedForm).values(row).on_conflict_do_nothing().returning(table_of(UsedForm).c.key)
    ).first()
    if fresh is not None:
        return None
    form = table_of(UsedForm)
    found = session.execute(select(form.c.location, form.c.notice).where(form.c.key == row["key"])).one()
    return Answered(*found)


def remember(session: Session, owner: str, key: str, *, location: str, notice: str) -> None:
    """Note how a form was answered."""
    form = table_of(UsedForm)
    session.execute(
        update(form)
        .where(form.c.key == _name(owner, key))
        .values(location=location[:LOCATION_CHARACTERS], notice=notice[:NOTICE_CHARACTERS])
    )


def forget(session: Session, now: datetime) -> None:
    """Remove the keys of forms nobody will send again."""
    form = table_of(UsedForm)
    session.execute(delete(form).where(form.c.created_at < now - KEEP))


def _name(owner: str, key: str) -> str:
    return hashlib.sha256(f"{owner}:{key}".encode("utf-8", "replace")).hexdigest()
