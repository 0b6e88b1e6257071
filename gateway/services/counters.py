"""How often something happened, for the rates of rules/limits; kept in rows, so a restart forgets nothing.

Events are counted in rows of one second, and the window slides: a burst at the end of one hour and
another at the start of the next are one burst. A count may be exceeded by as many as count at the
very same time on PostgreSQL; what these rates are for does not need a lock.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import Insert, Select, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import Counter
from gateway.rules.limits import Rate
from gateway.services.statements import run

NAME_CHARACTERS = 400


def count(session: Session, *names: str, now: datetime, by: int = 1) -> None:
    """Note that it happened, once for each name."""
    statement = _upsert(session.get_bind().dialect.name)
    rows = [{"name": _key(name), "period": _second(now), "count": by} for name in names]
    session.connection().execute(statement, rows)


def so_far(session: Session, name: str, period: timedelta, *, now: datetime) -> int:
    """How often it happened in the period that ends now."""
    return _sums(session, [(name, period)], now=now)[0]


def all_so_far(session: Session, names: Iterable[str], period: timedelta, *, now: datetime) -> dict[str, int]:
    """How often each of these happened in the period that ends now; those that never did are left out."""
    counter = table_of(Counter).c
    keys = {_key(name): name for name in names}
    rows = session.execute(
        select(counter.name, func.sum(counter.count))
        .where(counter.name.in_(list(keys)), counter.period > _second(now - period))
        .group_by(counter.name)
    )
    return {keys[row[0]]: int(row[1]) for row in rows}


def allows(session: Session, name: str, *rates: Rate, now: datetime) -> bool:
    """Whether it may happen once more under every one of these rates."""
    return all_allow(session, {name: rates}, now=now)


def all_allow(session: Session, caps: Mapping[str, Sequence[Rate]], *, now: datetime) -> bool:
    """Whether each of these may happen once more under its rates; one query for all."""
    return first_reached(session, caps, now=now) is None


def first_reached(session: Session, caps: Mapping[str, Sequence[Rate]], *, now: datetime) -> str | None:
    """Return the first of these names that may not happen once more, or None; one query for all."""
    wanted = [(name, rate) for name, rates in caps.items() for rate in rates]
    sums = _sums(session, [(name, rate.period) for name, rate in wanted], now=now)
    reached = (name for so_far, (name, rate) in zip(sums, wanted, strict=True) if so_far >= rate.count)
    return next(reached, None)


def next_allowed(session: Session, name: str, rate: Rate, *, now: datetime) -> datetime | None:
    """Return from when on it may happen once more under this rate; None: now."""
    counter = table_of(Counter).c
    rows = session.execute(
        select(counter.period, counter.count)
        .where(counter.name == _key(name), counter.period > _second(now - rate.period))
        .order_by(counter.period.desc())
        .limit(rate.count)
    )
    happened = 0
    for period, count in rows:
        happened += count
        if happened >= rate.count:
            return cast(datetime, period) + rate.period
    return None


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


def _sums(session: Session, wanted: Sequence[tuple[str, timedelta]], *, now: datetime) -> list[int]:
    values: dict[str, object] = {}
    for number, (name, period) in enumerate(wanted):
        values |= {f"name_{number}": _key(name), f"since_{number}": _second(now - period)}
    return [int(each) for each in run(session, _sums_of(len(wanted)), **values).one()]


@cache
def _sums_of(number: int) -> Select[Any]:
    """One row with as many sums, each of one name since one moment."""
    counter = table_of(Counter)
    return select(
        *(
            select(func.coalesce(func.sum(counter.c.count), 0))
            .where(counter.c.name == bindparam(f"name_{each}"), counter.c.period > bindparam(f"since_{each}"))
            .scalar_subquery()
            for each in range(number)
        )
    )


@cache
def _upsert(dialect: str) -> Insert:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(table_of(Counter))
    added = {"count": table_of(Counter).c.count + statement.excluded.count}
    return statement.on_conflict_do_update(index_elements=["name", "period"], set_=added)


def _key(name: str) -> str:
    return name[:NAME_CHARACTERS]


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
