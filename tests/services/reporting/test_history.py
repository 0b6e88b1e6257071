"""Two years of history: every figure equals a computation of its own, straight from the export."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete
from sqlmodel import Session

from gateway.db import Database
from gateway.models.reports import CountedClosing, CountedRequest
from gateway.models.tickets import Ticket
from gateway.rules.days_off import national
from gateway.rules.periods import Comparison, Period
from gateway.rules.working_time import WorkingHours
from gateway.services import tickets, working_hours
from gateway.services.reporting import behind
from gateway.services.reporting.behind import Behind, Figure
from gateway.services.reporting.report import Figures
from tests.conftest import ENGINES, emptying
from tests.services.reporting import expected, lists
from tests.services.reporting.asked import (
    FILTERS,
    LISTED,
    PERIODS,
    TWO_YEARS,
    Told,
    lines_now,
    narrowed,
    report,
    tell,
)
from tests.services.reporting.counted_again import (
    ALWAYS,
    SHIFTS,
    an_administrator,
    count_all,
    rows_counted,
)
from tests.services.reporting.history import BUENOS_AIRES, END
from tests.services.reporting.own_hours import HOLIDAYS, OwnHours
from tests.services.reporting.recount import Recount, Wanted

SANTIAGO = ZoneInfo("America/Santiago")


@pytest.fixture(scope="module", params=ENGINES)
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Told once for each engine: it takes longer than all that is asked of it."""
    folder = tmp_path_factory.mktemp("history")
    if request.param == "postgresql":
        shared: Database = request.getfixturevalue("shared_postgres")
        with shared.transaction() as session:
            session.connection().exec_driver_sql(emptying())
        yield tell(shared, folder)
        return
    file = folder / "sysmo.db"
    file.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
    database = Database(f"sqlite:///{file}", pool=3)
    yield tell(database, folder)
    database.close()


@pytest.fixture(scope="module")
def recount(history: Told) -> Recount:
    return Recount(history.lines, OwnHours(BUENOS_AIRES), BUENOS_AIRES)


@pytest.fixture
def changing(history: Told) -> Iterator[Session]:
    """A session that may write what it likes: the history stays as it was."""
    engine = history.database.engine.execution_options(writes=True)
    with Session(engine, expire_on_commit=False) as session:
        yield session
        session.rollback()


def test_the_history_has_all_it_is_to_prove(recount: Recount, history: Told) -> None:
    tickets = [line for line in history.lines if line["type"] == "ticket"]
    outcomes = Counter(line["outcome"] for line in history.lines if line["type"] == "mail_in")
    closings = [(request, closing) for request in recount.requests for closing in request.closings]
    assert len(tickets) > 200
    assert len(recount.requests) == len(tickets) - 2  # two were opened by a program
    assert outcomes >= Counter(duplicate=1, held=1, automatic=1)
    assert sum(ticket["linked_to"] is not None for ticket in tickets) > 3
    team = {each for each in history.names.people.values() if each.endswith("@sysmo.example")}
    assert {closing.by for _, closing in closings} == {*team, None}
    assert max(len(request.closings) for request in recount.requests) > 4
    assert max(closing.at - request.opened for request, closing in closings) > 1_000_000 * 60_000
    assert min(closing.at - request.opened for request, closing in closings) == 0
    days = {recount.local(closing.at).date() for _, closing in closings}
    assert days >= {date(2026, 12, 31), date(2027, 1, 1), date(2027, 12, 31), date(2028, 2, 29)}


@pytest.mark.parametrize("period", PERIODS)
def test_every_figure_is_what_the_export_tells(history: Told, recount: Recount, period: str) -> None:
    with history.database.snapshot() as session:
        for about in narrowed(period):
            wanted = Wanted(*PERIODS[period], **about)
            found = expected.shown(report(session, history.names, wanted).now, history.names)
            assert found == expected.counted(recount, wanted), about


@pytest.mark.parametrize("period", LISTED)
def test_the_list_behind_every_figure_has_as_many_rows(history: Told, recount: Recount, period: str) -> None:
    with history.database.snapshot() as session:
        for about in LISTED[period]:
            wanted = Wanted(*PERIODS[period], **about)
            rows = lists.Rows(recount, wanted, expected.behind(recount, wanted))
            for key in lists.some_of(rows.behind):
                asked = lists.asked_for(key, history.names, wanted)
                found = behind.lines(session, asked, zone=BUENOS_AIRES, limit=1000)
                assert lists.rows_shown(key, found, history.names) == rows.of(key), (about, key)
                assert behind.count(session, asked, zone=BUENOS_AIRES) == len(found), (about, key)


@pytest.mark.parametrize("figure", Figure)
def test_pages_of_a_list_come_one_after_the_other(history: Told, figure: Figure) -> None:
    asked = Behind(figure, Period(TWO_YEARS.first, TWO_YEARS.last))
    with history.database.snapshot() as session:
        whole = behind.lines(session, asked, zone=BUENOS_AIRES, limit=1000)
        paged, after = [], None
        while page := behind.lines(session, asked, zone=BUENOS_AIRES, after=after, limit=9):
            assert len(page) <= 9
            paged, after = [*paged, *page], page[-1].number
    assert paged == whole
    assert len(whole) > 18


@pytest.mark.parametrize("comparison", [Comparison.PREVIOUS, Comparison.LAST_YEAR])
@pytest.mark.parametrize("period", ["2027-01", "2028-02", "2028-02-29", "2027"])
def test_what_it_is_compared_with_is_counted_alike(
    history: Told, recount: Recount, period: str, comparison: Comparison
) -> None:
    wanted = Wanted(*PERIODS[period], topic="Redes")
    asked = Period(wanted.first, wanted.last)
    against = asked.previous() if comparison is Comparison.PREVIOUS else asked.last_year()
    with history.database.snapshot() as session:
        made = report(session, history.names, wanted, comparison=comparison, against=against)
    assert made.before is not None
    before = Wanted(against.first, against.last, topic="Redes")
    assert expected.shown(made.before, history.names) == expected.counted(recount, before)
    assert expected.shown(made.now, history.names) == expected.counted(recount, wanted)


def test_lists_are_whole_and_the_largest_comes_first(history: Told) -> None:
    with history.database.snapshot() as session:
        made: Figures = report(session, history.names, TWO_YEARS).now
    assert [step.period.first for step in made.days] == list(made.period.each_day())
    assert [len(row) for row in made.hours] == [24] * 7
    for counts in (
        [each.closed for each in made.operators],
        [each.received for each in made.topics],
        [each.received for each in made.companies],
    ):
        assert len(counts) > 1
        assert counts == sorted(counts, reverse=True)


def test_counted_from_the_beginning_it_is_what_was_counted_as_it_happened(changing: Session) -> None:
    written = rows_counted(changing)
    changing.execute(delete(CountedClosing))
    changing.execute(delete(CountedRequest))
    count_all(changing, BUENOS_AIRES)
    assert rows_counted(changing) == written
    assert len(written) > 400


@pytest.mark.parametrize("zone", [BUENOS_AIRES, SANTIAGO], ids=str)
@pytest.mark.parametrize("hours", [SHIFTS, ALWAYS], ids=["shifts", "always"])
def test_with_other_working_hours_and_clocks_that_change(
    history: Told, changing: Session, hours: WorkingHours, zone: ZoneInfo
) -> None:
    count_all(changing, BUENOS_AIRES)
    assert report(changing, history.names, TWO_YEARS).counted
    working_hours.save(changing, hours, by=an_administrator(changing), now=END)
    assert not report(changing, history.names, TWO_YEARS, zone=zone).counted
    count_all(changing, zone)
    free = {*(HOLIDAYS if hours.holidays else ()), *(day for day, _ in hours.free)} - {*hours.worked}
    recount = Recount(lines_now(changing), OwnHours(zone, hours.days, free=free), zone)
    for period in ("2026-04", "2026-09", "two-years"):
        for about in ({}, FILTERS[4]):
            wanted = Wanted(*PERIODS[period], **about)
            found = expected.shown(report(changing, history.names, wanted, zone=zone).now, history.names)
            assert found == expected.counted(recount, wanted), (period, about)


def test_what_happens_while_it_is_counted_again_is_counted_by_the_new_hours(
    history: Told, changing: Session
) -> None:
    """Some requests move before their row is made anew, and some afterwards."""
    ana, now = an_administrator(changing), END
    working_hours.save(changing, SHIFTS, by=ana, now=now)
    for half in (0, 1):
        for number in [line["number"] for line in history.lines if line["type"] == "ticket"][half::2]:
            now += timedelta(minutes=7)
            ticket = changing.get_one(Ticket, number)
            tickets.reopen(changing, ticket, by=ana, now=now)
            tickets.close(changing, history.desk, ticket, by=ana, tell=False, now=now + timedelta(seconds=90))
        count_all(changing, BUENOS_AIRES)
    free = HOLIDAYS - {*SHIFTS.worked} | {day for day, _ in SHIFTS.free}
    hours = OwnHours(BUENOS_AIRES, SHIFTS.days, free=free, last=date(2028, 6, 1))
    recount = Recount(lines_now(changing), hours, BUENOS_AIRES)
    wanted = Wanted(TWO_YEARS.first, date(2028, 3, 31))
    found = expected.shown(report(changing, history.names, wanted).now, history.names)
    assert found == expected.counted(recount, wanted)
    assert found["operator ana@sysmo.example closed"] == len(recount.requests)


def test_the_holidays_are_those_that_were_decreed() -> None:
    for year in (2026, 2027):
        assert set(national(year)) == {day for day in HOLIDAYS if day.year == year}
