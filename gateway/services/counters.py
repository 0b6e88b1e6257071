"""How often something happened, for the rates of rules/limits; kept in rows, so a restart forgets nothing.

Events are counted in rows of one second, and the window slides: a burst at the end of one hour and
another at the start of the next are one burst. A count may be exceeded by as many as count at the
very same time on PostgreSQL; what these rates are for does not need a lock.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import Counter
from gateway.rules.limits import Rate

NAME_CHARACTERS = 400


def count(session: Session, name: str, *, now: datetime, by: int = 1) -> None:
    """Note that it happened."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(Counter).values(name=_key(name), period=_second(now), count=by)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name", "period"], set_={"count": table_of(Counter).c.count + by}
        )
    )


def so_far(session: Session, name: str, period: timedelta, *, now: datetime) -> int:
    """How often it happened in the period that ends now."""
    counter = table_of(Counter)
    total = select(func.coalesce(func.sum(counter.c.count), 0)).where(
        counter.c.name == _key(name), counter.c.period > _second(now - period)
    )
    return int(session.execute(total).scalar_one())


def allows(session: Session, name: str, *rates: Rate, now: datetime) -> bool:
    """Whether it may happen once more under every one of these rates."""
    return all(so_far(session, name, rate.period, now=now) < rate.count for rate in rates)


def take(session: Session, name: str, *rates: Rate, now: datetime) -> bool:
    """Count it if it is allowed, and say whether it was."""
    if not allows(session, name, *rates, now=now):
        return False
    count(session, name, now=now)
    return True


def forget(session: Session, *, before: datetime) -> int:
    """Remove what no rate looks at any more; return how many rows."""
    done = session.execute(delete(Counter).where(table_of(Counter).c.period < before))
    return int(done.rowcount)  # type: ignore[attr-defined]


def _key(name: str) -> str:
    return name[:NAME_CHARACTERS]


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
