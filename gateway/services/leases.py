"""Claiming due rows of a queue; the same for every queue.

A claim counts as an attempt before the work starts, so a mail that kills its worker cannot be
tried for ever. `fence` grows with each claim: only who shows the newest may settle a row (E4).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlmodel import Session

from gateway.errors import StaleLease
from gateway.models.columns import Leased, table_of


def claim(
    session: Session,
    model: type[Leased],
    *,
    worker: str,
    lasting: timedelta,
    limit: int,
    now: datetime,
    only: Sequence[ColumnElement[bool]] = (),
) -> list[tuple[Any, int]]:
    """Take up to `limit` due rows that nobody holds; return their keys and fencing numbers, oldest first.

    On PostgreSQL rows that another worker is claiming are skipped; SQLite leaves that clause out
    and has one writer anyway. The select is materialised, so its limit is not evaluated twice.
    """
    queue = table_of(model)
    key = queue.primary_key.columns[0]
    due = (
        select(key)
        .where(queue.c.due_at <= now, or_(queue.c.lease_until.is_(None), queue.c.lease_until < now), *only)
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


def settle(session: Session, model: type[Leased], key: Any, fence: int, **values: Any) -> None:
    """Write the result of a claimed row and let it go; StaleLease when it is no longer ours."""
    queue = table_of(model)
    done = session.execute(
        update(queue)
        .where(queue.primary_key.columns[0] == key, queue.c.fence == fence, queue.c.holder.is_not(None))
        .values(holder=None, lease_until=None, **values)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleLease(f"{queue.name} {key}")


def holds(session: Session, model: type[Leased], key: Any, fence: int, *, now: datetime) -> bool:
    """Whether a claim is still good."""
    queue = table_of(model)
    found = session.execute(
        select(queue.c.lease_until).where(
            queue.primary_key.columns[0] == key, queue.c.fence == fence, queue.c.holder.is_not(None)
        )
    ).scalar()
    return found is not None and found > now


def release_dead(session: Session, model: type[Leased], is_dead: Callable[[str], bool]) -> int:
    """Free the rows of workers that are gone, so that a crash delays nothing until a lease ends."""
    queue = table_of(model)
    holders = session.execute(select(queue.c.holder).where(queue.c.holder.is_not(None)).distinct()).scalars()
    gone = [holder for holder in holders if is_dead(holder)]
    if not gone:
        return 0
    done = session.execute(
        update(queue).where(queue.c.holder.in_(gone)).values(holder=None, lease_until=None)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]
