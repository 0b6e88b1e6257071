"""Claiming due rows of a queue; the same for every queue.

A claim counts as an attempt before the work starts, so a mail that kills its worker cannot be
tried for ever. `fence` grows with each claim: only who shows the newest may settle a row (E4).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Table, Update, and_, bindparam, or_, select, update
from sqlmodel import Session

from gateway.errors import StaleLease
from gateway.models.columns import Leased, table_of
from gateway.services.statements import run

FARTHEST = timedelta(hours=2.5)
"""No queue of mail waits longer. A time further ahead was written before the clock was set back (E7)."""


def claim(
    session: Session,
    model: type[Leased],
    *,
    worker: str,
    lasting: timedelta,
    limit: int,
    now: datetime,
    only: Sequence[ColumnElement[bool]] = (),
    farthest: timedelta = FARTHEST,
) -> list[tuple[Any, int]]:
    """Take up to `limit` due rows that nobody holds; return their keys and fencing numbers, oldest first.

    On PostgreSQL rows that another worker is claiming are skipped; SQLite leaves that clause out
    and has one writer anyway. The select is materialised, so its limit is not evaluated twice.
    """
    queue = table_of(model)
    key = queue.primary_key.columns[0]
    due = (
        select(key)
        .where(is_due(queue, now=now, farthest=farthest), is_free(queue, now=now, farthest=farthest), *only)
        .order_by(key)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    taken = session.execute(
        update(queue)
        .where(key.in_(select(due.c[key.name])))
        .values(
            holder=worker,
            lease_until=now + lasting,
            fence=queue.c.fence + 1,
            attempts=queue.c.attempts + 1,
        )
        .returning(key, queue.c.fence)
    )
    return sorted((row[0], row[1]) for row in taken)


def is_due(queue: Table, *, now: datetime, farthest: timedelta = FARTHEST) -> ColumnElement[bool]:
    """The condition that a row is to be worked on now; its first part leads to the index of what waits."""
    due_at = queue.c.due_at
    return and_(due_at.is_not(None), or_(due_at <= now, due_at > now + farthest))


def is_free(queue: Table, *, now: datetime, farthest: timedelta = FARTHEST) -> ColumnElement[bool]:
    """The condition that nobody holds a row."""
    until = queue.c.lease_until
    return or_(until.is_(None), until < now, until > now + farthest)


def settle(session: Session, model: type[Leased], key: Any, fence: int, **values: Any) -> None:
    """Write the result of a claimed row and let it go; StaleLease when it is no longer ours."""
    if not _write(session, model, key, fence, holder=None, lease_until=None, **values):
        raise StaleLease(f"{table_of(model).name} {key}")


def renew(
    session: Session, model: type[Leased], key: Any, fence: int, *, until: datetime, **values: Any
) -> bool:
    """Hold a claimed row until then and write `values`; return False when it is no longer ours."""
    return _write(session, model, key, fence, lease_until=until, **values)


def release_dead(session: Session, model: type[Leased], is_dead: Callable[[str], bool]) -> int:
    """Free the rows of workers that are gone, so that a crash delays nothing until a lease ends."""
    queue = table_of(model)
    held = and_(queue.c.due_at.is_not(None), queue.c.holder.is_not(None))  # the first has an index
    holders = session.execute(select(queue.c.holder).where(held).distinct()).scalars()
    gone = [holder for holder in holders if is_dead(holder)]
    if not gone:
        return 0
    free = update(queue).where(held, queue.c.holder.in_(gone)).values(holder=None, lease_until=None)
    done = session.execute(free)
    return int(done.rowcount)  # type: ignore[attr-defined]


def _write(session: Session, model: type[Leased], key: Any, fence: int, **values: Any) -> bool:
    plain = {name: value for name, value in values.items() if not isinstance(value, ClauseElement)}
    statement = _update(model, tuple(sorted(plain)))
    if len(plain) < len(values):
        statement = statement.values({name: values[name] for name in values.keys() - plain.keys()})
    given = {f"new_{name}": value for name, value in plain.items()}
    done = run(session, statement, held_key=key, held_fence=fence, **given)
    return bool(done.rowcount == 1)


@cache
def _update(model: type[Leased], names: tuple[str, ...]) -> Update:
    """The update of a row that is ours, built once for each set of columns."""
    queue = table_of(model)
    ours = and_(
        queue.primary_key.columns[0] == bindparam("held_key"),
        queue.c.fence == bindparam("held_fence"),
        queue.c.holder.is_not(None),
    )
    return update(queue).where(ours).values({name: bindparam(f"new_{name}") for name in names})
