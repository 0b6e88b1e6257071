"""What we remember of an IMAP folder: how far it is recorded, and which process fetches from it.

The lease on the row gives each account one holder at a time (invariants O10). It is no lock: a
holder that sleeps past its lease may still write a mail down, and the journal's unique key makes
that harmless (D12).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from gateway.errors import StaleLease
from gateway.models.columns import table_of
from gateway.models.topics import Mailbox

LEASE = timedelta(minutes=3)
"""Longer than a poller is ever silent: it looks once a minute and reads with a time-out."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to `last_uid` is recorded and its source dealt with, while UIDVALIDITY stays."""

    uidvalidity: int | None
    last_uid: int


def claim(
    session: Session, name: str, *, folder: str, worker: str, is_dead: Callable[[str], bool], now: datetime
) -> Cursor | None:
    """Take a mailbox, or None while another process has it. A dead holder's is taken at once.

    `folder` names account and folder: another one than last time starts from nothing, since UIDs
    mean nothing there.
    """
    _make_known(session, name, folder)
    mailbox = table_of(Mailbox)
    mine = mailbox.c.name == name
    holder = session.execute(select(mailbox.c.holder).where(mine)).scalar_one()
    free = [mailbox.c.holder.is_(None), mailbox.c.holder == worker, mailbox.c.lease_until < now]
    if holder is not None and is_dead(holder):
        free.append(mailbox.c.holder == holder)
    taken = session.execute(
        update(mailbox).where(mine, or_(*free)).values(holder=worker, lease_until=now + LEASE)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return None
    session.execute(
        update(mailbox)
        .where(mine, mailbox.c.folder != folder)
        .values(folder=folder, uidvalidity=None, last_uid=0)
    )
    row = session.execute(select(mailbox.c.uidvalidity, mailbox.c.last_uid).where(mine)).one()
    return Cursor(row.uidvalidity, row.last_uid)


def renew(session: Session, name: str, *, worker: str, now: datetime) -> None:
    """Keep the lease while a look goes on, as in a long folder; StaleLease when another process has it."""
    _write(session, name, worker, polled_at=now, lease_until=now + LEASE)


def polled(
    session: Session, name: str, cursor: Cursor, *, error: str | None, worker: str, now: datetime
) -> None:
    """Write how far we are after a look at the folder, and keep the lease.

    `error` is what went wrong without stopping us, such as a folder that takes no mail.
    """
    _write(
        session,
        name,
        worker,
        uidvalidity=cursor.uidvalidity,
        last_uid=cursor.last_uid,
        polled_at=now,
        last_error=error[:500] if error is not None else None,
        lease_until=now + LEASE,
    )


def failed(session: Session, name: str, error: str, *, worker: str) -> None:
    """Write why the folder could not be looked at; readiness and alerts read it."""
    mailbox = table_of(Mailbox)
    session.execute(
        update(mailbox)
        .where(mailbox.c.name == name, mailbox.c.holder == worker)
        .values(last_error=error[:500])
    )


def release(session: Session, name: str, *, worker: str) -> None:
    """Give a mailbox back, so that another process need not wait for the lease to end."""
    mailbox = table_of(Mailbox)
    session.execute(
        update(mailbox)
        .where(mailbox.c.name == name, mailbox.c.holder == worker)
        .values(holder=None, lease_until=None)
    )


def _make_known(session: Session, name: str, folder: str) -> None:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {"name": name, "folder": folder, "last_uid": 0}
    session.execute(insert(Mailbox).values(row).on_conflict_do_nothing())


def _write(session: Session, name: str, worker: str, **values: object) -> None:
    mailbox = table_of(Mailbox)
    done = session.execute(
        update(mailbox).where(mailbox.c.name == name, mailbox.c.holder == worker).values(**values)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleLease(f"mailbox {name}")
