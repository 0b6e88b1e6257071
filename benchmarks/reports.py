"""`reports`: the figures of a month and of years of a help desk with a million requests.

Each figure is the median of milliseconds that a report takes, its reference one bare look at every row that
reports count. Two and three years stand beside one: what a further year costs.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from time import perf_counter

from sqlalchemy import func, select
from sqlmodel import Session

from benchmarks import years
from benchmarks.figures import Figure, middle
from benchmarks.scope import Scope
from benchmarks.years_course import ZONE
from benchmarks.years_rows import LAST
from gateway.db import Database
from gateway.models.columns import table_of
from gateway.models.reports import CountedClosing, CountedRequest
from gateway.roles import settle_memory
from gateway.rules.periods import Comparison, Period, last_month
from gateway.services.reporting import behind
from gateway.services.reporting.behind import Behind
from gateway.services.reporting.report import Asked, Filters
from webui import report_maker

TODAY = LAST.astimezone(ZONE).date()
TOPIC = Filters(topic=3)
PAGE = 50

Work = Callable[[Database], object]


def measure(scope: Scope) -> list[Figure]:
    """A month, two years beside the two before, each of all and of a topic; a page; more years."""
    settle_memory()  # as whoever serves pages does
    database = years.open_years(scope.data, scope.requests, scope.database, lean=True)
    month, two_years, page = last_month(TODAY), _years(2), Behind(behind.Figure.CLOSED, _years(2))
    beside_a_look: dict[str, Work] = {
        "reports-month": _report(month),
        "reports-month-topic": _report(month, filters=TOPIC),
        "reports-two-years": _report(two_years, two_years.previous()),
        "reports-two-years-topic": _report(two_years, two_years.previous(), TOPIC),
        "reports-behind": _looking(partial(behind.lines, behind=page, zone=ZONE, limit=PAGE)),
    }
    beside_a_year = {f"reports-{number}-years": _report(_years(number)) for number in (2, 3)}
    found = [_beside(name, database, work, _looking(_look), scope) for name, work in beside_a_look.items()]
    one = _report(_years(1))
    found += [_beside(name, database, work, one, scope) for name, work in beside_a_year.items()]
    database.close()
    return found


def _report(period: Period, against: Period | None = None, filters: Filters = Filters()) -> Work:  # noqa: B008
    comparison = Comparison.NONE if against is None else Comparison.PREVIOUS
    asked = Asked(period, comparison, against, filters)
    return lambda database: asyncio.run(report_maker.make(database, asked, ZONE))


def _looking(work: Callable[[Session], object]) -> Work:
    def look(database: Database) -> None:
        with database.snapshot() as session:
            work(session)

    return look


def _years(number: int) -> Period:
    """As many years of 365 days, until the last day there is."""
    return Period(TODAY - timedelta(days=365 * number - 1), TODAY)


def _look(session: Session) -> None:
    """Look at every counted row once and add up something."""
    request, closing = table_of(CountedRequest).c, table_of(CountedClosing).c
    for column in (request.requester_id, closing.requester_id):
        session.execute(select(func.count(), func.sum(column))).one()


def _beside(name: str, database: Database, ours: Work, theirs: Work, scope: Scope) -> Figure:
    """Both in turn, the first turn left out."""
    turns = [
        (_milliseconds(database, ours), _milliseconds(database, theirs)) for _ in range(1 + scope.rounds)
    ]
    return middle(turns[1:], name, "ms")


def _milliseconds(database: Database, work: Work) -> float:
    began = perf_counter()
    work(database)
    return 1000 * (perf_counter() - began)
