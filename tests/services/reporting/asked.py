"""What is asked of the history: periods, what they are narrowed to, and the report that answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session

from gateway.config import Config, Storage
from gateway.db import Database
from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.topics import Topic
from gateway.rules.periods import Comparison, Period
from gateway.runtime import Runtime
from gateway.services.desk import Desk
from gateway.services.reporting import figures
from gateway.services.reporting.report import NO_COMPANY, Asked, Filters, Report
from gateway.services.transfer import export, user_lines
from gateway.services.transfer_tickets import ticket_lines
from tests.services.reporting import told
from tests.services.reporting.expected import Names
from tests.services.reporting.history import ANDINA, BUENOS_AIRES, NORTE, NUEVA
from tests.services.reporting.recount import Wanted

FIRST, LAST = date(2026, 3, 1), date(2028, 3, 15)
TWO_YEARS = Wanted(FIRST, LAST)


@dataclass(frozen=True)
class Told:
    """The history in a database, as an export tells it, and what its rows are called."""

    database: Database
    desk: Desk
    lines: list[dict[str, Any]]
    names: Names


def tell(database: Database, folder: Path) -> Told:
    """Have the history happen in a database."""
    config = Config(**told.SETTINGS, storage=Storage(url=str(folder / "blobs")))
    runtime = Runtime(config=config, db=database, secret=b"a secret for tests only")
    with database.transaction() as session:
        desk = told.two_years(runtime, session).office.desk
    with database.snapshot() as session:
        lines = [json.loads(json.dumps(line)) for line in export(session)]
        return Told(database, desk, lines, names_of(session))


def report(
    session: Session,
    names: Names,
    wanted: Wanted,
    *,
    comparison: Comparison = Comparison.NONE,
    against: Period | None = None,
    zone: ZoneInfo = BUENOS_AIRES,
) -> Report:
    period = Period(wanted.first, wanted.last)
    return figures.make(session, Asked(period, comparison, against, filters(names, wanted)), zone=zone)


def filters(names: Names, wanted: Wanted) -> Filters:
    return Filters(
        _key(names.topics, wanted.topic),
        _key(names.people, wanted.operator),
        NO_COMPANY if wanted.company == "" else _key(names.companies, wanted.company),
    )


def names_of(session: Session) -> Names:
    person, topic, company = table_of(User).c, table_of(Topic).c, table_of(Company).c
    columns = ((person.id, person.email), (topic.id, topic.name), (company.id, company.cuit))
    queries = (select(*each) for each in columns)
    people, topics, companies = ({row[0]: row[1] for row in session.execute(query)} for query in queries)
    return Names(people, topics, companies)


def lines_now(session: Session) -> list[dict[str, Any]]:
    """The lines that figures hang on, within a transaction that goes on."""
    return [*user_lines(session), *ticket_lines(session, None)]


def _key(names: Mapping[int, str], name: str | None) -> int | None:
    return None if name is None else next(key for key, value in names.items() if value == name)


def _months() -> list[tuple[date, date]]:
    firsts = [date(2026 + month // 12, month % 12 + 1, 1) for month in range(2, 27)]
    return [(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)) for first in firsts]


_DAYS = [date.fromisoformat(each) for each in (
    "2026-03-01", "2026-06-30", "2026-07-01", "2026-10-09", "2026-12-31", "2027-01-01", "2027-01-31",
    "2027-02-01", "2027-02-28", "2027-03-01", "2027-12-31", "2028-01-01", "2028-02-28", "2028-02-29",
    "2028-03-01", "2028-03-15",
)]  # fmt: skip

PERIODS = {
    **{str(first)[:7]: (first, last) for first, last in _months()},
    **{str(day): (day, day) for day in _DAYS},
    "2026": (date(2026, 1, 1), date(2026, 12, 31)),
    "2027": (date(2027, 1, 1), date(2027, 12, 31)),
    "two-years": (FIRST, LAST),
    "new-year": (date(2026, 12, 31), date(2027, 1, 1)),
    "before": (date(2025, 12, 1), date(2026, 2, 28)),
    "future": (date(2029, 1, 1), date(2029, 3, 31)),
    "ten-years": (date(2020, 1, 1), date(2029, 12, 31)),
    "past-and-future": (date(2028, 1, 1), date(2029, 1, 10)),
}

_TEAM = [f"{name}@sysmo.example" for name in ("martin", "sofia", "bruno", "vera", "ana")]

_EVERY = ("2027-01", "2028-02", "2026", "2027", "two-years", "new-year")

FILTERS: list[dict[str, str]] = [
    *[{"topic": name} for name in ("Facturación", "Redes", "Impresoras", "Sin pedidos")],
    *[{"operator": name} for name in _TEAM],
    *[{"company": cuit} for cuit in (ANDINA, NUEVA, NORTE, "")],
    {"topic": "Redes", "operator": _TEAM[2]},
    {"topic": "Facturación", "company": NORTE},
    {"topic": "Impresoras", "operator": _TEAM[1], "company": ANDINA},
]


def narrowed(period: str) -> list[dict[str, str]]:
    """What a period is asked about: all of it, and some filters in turn; of some periods, every one."""
    if period in _EVERY:
        return [{}, *FILTERS]
    return [{}, *FILTERS[list(PERIODS).index(period) % 4 :: 4]]


LISTED: dict[str, list[dict[str, str]]] = {
    "2026-05": [{}],
    "2026-06": [{}, FILTERS[0]],
    "2027-01": [{}, FILTERS[5]],
    "2028-02": [{}],
    "2028-02-29": [{}],
    "new-year": [{}, FILTERS[2]],
    "2027": [FILTERS[8], FILTERS[12]],
    "two-years": [{}, FILTERS[6]],
    "past-and-future": [FILTERS[7]],
}
"""Periods whose lists are looked at, and what they are narrowed to."""
