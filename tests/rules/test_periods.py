"""Periods of whole days: their edges in UTC, what they are compared with, the steps through them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.rules.periods import (
    DAILY,
    WEEKLY,
    Period,
    Stride,
    frequent,
    last_month,
    minutes_between,
    quarter_of,
)

BUENOS_AIRES, SANTIAGO = ZoneInfo("America/Argentina/Buenos_Aires"), ZoneInfo("America/Santiago")


def day(text: str) -> date:
    return date.fromisoformat(text)


def period(first: str, last: str) -> Period:
    return Period(day(first), day(last))


@pytest.mark.parametrize(
    ("given", "previous", "last_year"),
    [
        (("2026-04-01", "2026-04-30"), ("2026-03-02", "2026-03-31"), ("2025-04-01", "2025-04-30")),
        (("2026-01-01", "2026-01-01"), ("2025-12-31", "2025-12-31"), ("2025-01-01", "2025-01-01")),
        (("2028-02-29", "2028-02-29"), ("2028-02-28", "2028-02-28"), ("2027-02-28", "2027-02-28")),
        (("2027-02-01", "2027-02-28"), ("2027-01-04", "2027-01-31"), ("2026-02-01", "2026-02-28")),
    ],
)
def test_what_a_period_is_compared_with(
    given: tuple[str, str], previous: tuple[str, str], last_year: tuple[str, str]
) -> None:
    assert period(*given).previous() == period(*previous)
    assert period(*given).previous().days == period(*given).days
    assert period(*given).last_year() == period(*last_year)


@pytest.mark.parametrize(
    ("zone", "given", "first", "after"),
    [
        (BUENOS_AIRES, ("2026-04-01", "2026-04-30"), "2026-04-01T03:00", "2026-05-01T03:00"),
        (BUENOS_AIRES, ("2025-12-31", "2025-12-31"), "2025-12-31T03:00", "2026-01-01T03:00"),
        (SANTIAGO, ("2026-04-04", "2026-04-05"), "2026-04-04T03:00", "2026-04-06T04:00"),  # an hour more
        (ZoneInfo("Asia/Kathmandu"), ("2026-04-01", "2026-04-01"), "2026-03-31T18:15", "2026-04-01T18:15"),
    ],
)
def test_edges_are_the_midnights_of_the_zone(
    zone: ZoneInfo, given: tuple[str, str], first: str, after: str
) -> None:
    moments = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (first, after)]
    assert period(*given).quarters(zone) == tuple(quarter_of(each) for each in moments)
    assert quarter_of(moments[1] - timedelta(microseconds=1)) == quarter_of(moments[1]) - 1


@pytest.mark.parametrize(
    ("days", "stride"),
    [
        (1, Stride.DAY),
        (DAILY, Stride.DAY),
        (DAILY + 1, Stride.WEEK),
        (WEEKLY, Stride.WEEK),
        (WEEKLY + 1, Stride.MONTH),
    ],
)
def test_long_periods_take_longer_steps(days: int, stride: Stride) -> None:
    given = Period(day("2026-01-01"), day("2026-01-01") + timedelta(days=days - 1))
    assert given.stride is stride
    steps = given.steps(stride)
    assert [each for step in steps for each in step.each_day()] == list(given.each_day())


def test_steps_begin_on_mondays_and_firsts() -> None:
    april = period("2026-04-01", "2026-04-30")
    assert april.steps(Stride.WEEK) == [
        period("2026-04-01", "2026-04-05"),
        period("2026-04-06", "2026-04-12"),
        period("2026-04-13", "2026-04-19"),
        period("2026-04-20", "2026-04-26"),
        period("2026-04-27", "2026-04-30"),
    ]
    assert period("2027-12-15", "2028-03-01").steps(Stride.MONTH) == [
        period("2027-12-15", "2027-12-31"),
        period("2028-01-01", "2028-01-31"),
        period("2028-02-01", "2028-02-29"),
        period("2028-03-01", "2028-03-01"),
    ]


def test_a_period_from_after_to_has_no_steps() -> None:
    assert period("2026-04-02", "2026-04-01").steps(Stride.DAY) == []


def test_frequent_periods() -> None:
    assert last_month(day("2026-03-31")) == period("2026-02-01", "2026-02-28")
    assert last_month(day("2026-01-05")) == period("2025-12-01", "2025-12-31")
    assert frequent(day("2026-11-22")) == {
        "7": period("2026-11-16", "2026-11-22"),
        "30": period("2026-10-24", "2026-11-22"),
        "month": period("2026-11-01", "2026-11-22"),
        "last_month": period("2026-10-01", "2026-10-31"),
        "year": period("2026-01-01", "2026-11-22"),
    }


def test_minutes_are_whole_and_never_below_none() -> None:
    begin = datetime(2026, 4, 1, tzinfo=UTC)
    assert minutes_between(begin, begin + timedelta(minutes=2, microseconds=-1)) == 1
    assert minutes_between(begin, begin + timedelta(minutes=2)) == 2
    assert minutes_between(begin, begin - timedelta(days=1)) == 0
