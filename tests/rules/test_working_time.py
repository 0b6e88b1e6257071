"""Working time: a table of cases, and a count minute by minute that nobody can doubt."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.rules.days_off import edition, national
from gateway.rules.working_time import USUAL, WorkClock, WorkingHours

BUENOS_AIRES = ZoneInfo("America/Argentina/Buenos_Aires")
SANTIAGO = ZoneInfo("America/Santiago")  # clocks go back at midnight of 5 April 2026, forward on 6 September
ALWAYS = WorkingHours(days=(((0, 1440),),) * 7, holidays=False)
NEVER = WorkingHours(days=((),) * 7)
SIESTA = WorkingHours(days=(((480, 720), (960, 1200)),) * 5 + ((), ()))
NIGHTS = WorkingHours(days=(((0, 360), (1320, 1440)),) * 7, holidays=False)
OWN = WorkingHours(
    days=USUAL.days,
    free=((date(2026, 11, 17), "Aniversario"), (date(2026, 12, 8), "Libre")),
    worked=(date(2026, 11, 23), date(2026, 12, 8)),
)
HOLIDAYS_WORKED = WorkingHours(days=USUAL.days, holidays=False)


@pytest.mark.parametrize(
    ("hours", "begin", "end", "minutes"),
    [
        pytest.param(USUAL, "2026-11-17 10:00", "2026-11-17 12:30", 150, id="same day"),
        pytest.param(USUAL, "2026-11-17 17:00", "2026-11-18 10:00", 120, id="over night"),
        pytest.param(USUAL, "2026-11-13 17:00", "2026-11-16 10:00", 120, id="over a weekend"),
        pytest.param(USUAL, "2026-11-14 00:00", "2026-11-15 23:59", 0, id="within a weekend"),
        pytest.param(USUAL, "2026-11-20 17:00", "2026-11-24 10:00", 120, id="holiday of 23 November"),
        pytest.param(USUAL, "2026-12-07 00:00", "2026-12-09 00:00", 0, id="bridge day and holiday"),
        pytest.param(HOLIDAYS_WORKED, "2026-11-20 17:00", "2026-11-24 10:00", 660, id="holidays are worked"),
        pytest.param(OWN, "2026-11-20 17:00", "2026-11-24 10:00", 660, id="this one is worked"),
        pytest.param(OWN, "2026-11-16 17:00", "2026-11-18 10:00", 120, id="own day off"),
        pytest.param(OWN, "2026-12-08 00:00", "2026-12-09 00:00", 0, id="own day off wins over worked"),
        pytest.param(SIESTA, "2026-11-17 11:00", "2026-11-17 17:00", 120, id="over the siesta"),
        pytest.param(SIESTA, "2026-11-17 12:00", "2026-11-17 16:00", 0, id="the siesta itself"),
        pytest.param(USUAL, "2026-11-17 06:00", "2026-11-17 10:00", 60, id="begins before opening"),
        pytest.param(USUAL, "2026-11-17 17:00", "2026-11-17 23:00", 60, id="ends after closing"),
        pytest.param(USUAL, "2026-11-17 09:00", "2026-11-17 18:00", 540, id="the whole day"),
        pytest.param(USUAL, "2026-11-17 12:00", "2026-11-17 10:00", 0, id="end before begin"),
        pytest.param(USUAL, "2026-11-17 12:00", "2026-11-17 12:00", 0, id="no time"),
        pytest.param(USUAL, "2026-11-17 12:00:30", "2026-11-17 12:01:29", 0, id="59 seconds"),
        pytest.param(USUAL, "2026-11-17 17:59:30", "2026-11-18 09:00:30", 1, id="two halves of a minute"),
        pytest.param(USUAL, "2026-11-17 12:00:00.900", "2026-11-17 12:01:00.500", 0, id="parts of seconds"),
        pytest.param(USUAL, "2025-12-30 17:00", "2026-01-02 10:00", 660, id="over the new year"),
        pytest.param(USUAL, "2028-02-28 17:00", "2028-03-01 10:00", 60, id="29 February, of Carnival"),
        pytest.param(USUAL, "2024-02-28 17:00", "2024-03-01 10:00", 660, id="29 February, worked"),
        pytest.param(NIGHTS, "2026-11-17 23:00", "2026-11-18 05:00", 360, id="spans meet at midnight"),
        pytest.param(ALWAYS, "2026-11-13 17:00", "2026-11-16 10:00", 3900, id="always open"),
        pytest.param(NEVER, "2026-01-01 00:00", "2026-12-31 00:00", 0, id="no working time at all"),
    ],
)
def test_minutes(hours, begin, end, minutes):
    moments = [datetime.fromisoformat(each).replace(tzinfo=BUENOS_AIRES) for each in (begin, end)]
    assert WorkClock(hours, BUENOS_AIRES).minutes(*moments) == minutes
    assert WorkClock(hours, BUENOS_AIRES).minutes(*(each.astimezone(UTC) for each in moments)) == minutes


@pytest.mark.parametrize(
    ("hours", "begin", "end", "minutes"),
    [
        pytest.param(ALWAYS, "2026-04-04", "2026-04-05", 25 * 60, id="a day of 25 hours"),
        pytest.param(ALWAYS, "2026-09-06", "2026-09-07", 23 * 60, id="a day of 23 hours"),
        pytest.param(NIGHTS, "2026-04-04", "2026-04-05", 9 * 60, id="an hour that comes twice"),
        pytest.param(NIGHTS, "2026-09-06", "2026-09-07", 7 * 60, id="an hour that does not come"),
        pytest.param(USUAL, "2026-04-01", "2026-04-08", 3 * 540, id="hours by the clock"),
        pytest.param(USUAL, "2026-09-01", "2026-09-08", 5 * 540, id="hours by the clock in spring"),
    ],
)
def test_days_on_which_the_clocks_change(hours, begin, end, minutes):
    moments = [datetime.fromisoformat(each).replace(tzinfo=SANTIAGO) for each in (begin, end)]
    assert WorkClock(hours, SANTIAGO).minutes(*moments) == minutes


def counted(hours: WorkingHours, zone: ZoneInfo, begin: datetime, end: datetime) -> int:
    """Minute by minute, as a person with a calendar would."""
    free, total, moment = {day for day, _ in hours.free}, 0, begin
    while moment < end:
        there = moment.astimezone(zone)
        day, minute = there.date(), there.hour * 60 + there.minute
        holiday = hours.holidays and day in national(day.year) and day not in hours.worked
        if day not in free and not holiday:
            total += any(opens <= minute < closes for opens, closes in hours.days[day.weekday()])
        moment += timedelta(minutes=1)
    return total


@pytest.mark.parametrize("zone", ["America/Argentina/Buenos_Aires", "America/Santiago", "Asia/Kolkata"])
@pytest.mark.parametrize("hours", [USUAL, SIESTA, NIGHTS, OWN], ids=["usual", "siesta", "nights", "own"])
def test_any_pair_is_as_counted_minute_by_minute(hours, zone):
    chance = random.Random(f"{zone}{hours}")  # noqa: S311  the same pairs each time
    there = ZoneInfo(zone)
    clock = WorkClock(hours, there)
    for year in (2026, 2024, 2031, 2026, 2025):  # the clock grows at both ends
        for about in (date(year, 1, 1), date(year, 4, 4), date(year, 9, 5), date(year, 11, 23)):
            middle = datetime(about.year, about.month, about.day, tzinfo=UTC)
            begin = middle - timedelta(minutes=chance.randrange(4000))
            end = middle + timedelta(minutes=chance.randrange(4000))
            assert clock.minutes(begin, end) == counted(hours, there, begin, end), (begin, end)


def test_dates_beyond_all_reason_do_no_harm():
    clock = WorkClock(USUAL, BUENOS_AIRES)
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    all_there_is = clock.minutes(first, last)
    assert clock.minutes(datetime(1970, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)) == all_there_is
    assert clock.minutes(first, datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert clock.minutes(datetime(2101, 1, 1, tzinfo=UTC), last) == 0
    assert clock.minutes(last, first) == 0


def test_what_was_asked_before_changes_no_answer():
    begin, end = datetime(2026, 5, 4, tzinfo=UTC), datetime(2026, 5, 9, tzinfo=UTC)
    fresh = WorkClock(USUAL, BUENOS_AIRES).minutes(begin, end)
    clock = WorkClock(USUAL, BUENOS_AIRES)
    clock.minutes(end, datetime(2040, 1, 1, tzinfo=UTC))
    clock.minutes(datetime(1999, 1, 1, tzinfo=UTC), begin)
    assert clock.minutes(begin, end) == fresh == 5 * 540


def test_national_holidays_are_in_order_with_those_moved_and_the_bridge_days():
    days = national(2026)
    assert list(days) == sorted(days)
    assert days[date(2026, 11, 23)] == "Día de la Soberanía Nacional"  # moved from the 20th
    assert date(2026, 11, 20) not in days
    assert days[date(2026, 12, 7)] == "Feriado con fines turísticos"
    assert national(2101) == {}
    assert edition()
