"""Moments beside what is due then, by the clock of the site."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.rules.monthly import Schedule, due, next_moment
from gateway.rules.periods import Period

ARGENTINA = ZoneInfo("America/Argentina/Buenos_Aires")
MADRID = ZoneInfo("Europe/Madrid")
APRIL, MAY = (Period(date(2026, 4, 1), date(2026, 4, 30)), Period(date(2026, 5, 1), date(2026, 5, 31)))
FIRST_AT_EIGHT = Schedule()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "sent", "expected"),
    [
        pytest.param(FIRST_AT_EIGHT, "2026-05-01 10:59", None, None, id="a minute early"),
        pytest.param(FIRST_AT_EIGHT, "2026-05-01 11:00", None, APRIL, id="at eight in Buenos Aires"),
        pytest.param(FIRST_AT_EIGHT, "2026-05-20 03:00", None, APRIL, id="the machine was off"),
        pytest.param(FIRST_AT_EIGHT, "2026-05-20 03:00", APRIL.first, None, id="sent already"),
        pytest.param(FIRST_AT_EIGHT, "2026-06-01 02:59", None, APRIL, id="still May over there"),
        pytest.param(
            FIRST_AT_EIGHT, "2026-06-01 03:00", None, None, id="June: of April nobody waits any more"
        ),
        pytest.param(FIRST_AT_EIGHT, "2026-06-01 11:00", APRIL.first, MAY, id="the next month"),
        pytest.param(FIRST_AT_EIGHT, "2026-06-01 11:00", MAY.first, None, id="each once"),
        pytest.param(FIRST_AT_EIGHT, "2026-06-02 11:00", date(2027, 1, 1), None, id="the clock was set back"),
        pytest.param(Schedule(on=False), "2026-05-20 03:00", None, None, id="off"),
        pytest.param(Schedule(day=28, hour=23), "2026-05-29 01:59", None, None, id="late, not yet"),
        pytest.param(Schedule(day=28, hour=23), "2026-05-29 02:00", None, APRIL, id="late in the month"),
        pytest.param(
            Schedule(day=1, hour=0),
            "2026-01-01 03:00",
            None,
            Period(date(2025, 12, 1), date(2025, 12, 31)),
            id="over the new year",
        ),
    ],
)
def test_due(schedule: Schedule, now: str, sent: date | None, expected: Period | None) -> None:
    assert due(schedule, sent=sent, now=utc(now), zone=ARGENTINA) == expected


@pytest.mark.parametrize(
    ("day", "hour", "month", "expected"),
    [
        pytest.param(1, 8, date(2026, 1, 31), "2026-01-01 07:00", id="winter"),
        pytest.param(1, 8, date(2026, 7, 5), "2026-07-01 06:00", id="summer"),
        pytest.param(28, 2, date(2027, 3, 1), "2027-03-28 01:00", id="an hour that is skipped"),
        pytest.param(25, 2, date(2026, 10, 1), "2026-10-25 00:00", id="an hour that comes twice: its first"),
    ],
)
def test_a_moment_by_a_clock_that_is_changed(day: int, hour: int, month: date, expected: str) -> None:
    assert Schedule(day=day, hour=hour).moment(month, MADRID) == utc(expected)


@pytest.mark.parametrize(
    ("schedule", "now", "sent", "expected"),
    [
        pytest.param(FIRST_AT_EIGHT, "2026-05-01 10:00", None, "2026-05-01 11:00", id="in an hour"),
        pytest.param(FIRST_AT_EIGHT, "2026-05-02 10:00", None, "2026-05-02 10:00", id="about to go out"),
        pytest.param(FIRST_AT_EIGHT, "2026-05-02 10:00", APRIL.first, "2026-06-01 11:00", id="next month"),
        pytest.param(
            FIRST_AT_EIGHT, "2026-12-02 10:00", date(2026, 11, 1), "2027-01-01 11:00", id="next year"
        ),
        pytest.param(
            Schedule(day=20), "2026-05-02 10:00", APRIL.first, "2026-06-20 11:00", id="put off, yet sent"
        ),
        pytest.param(
            Schedule(day=28), "2026-01-31 10:00", date(2025, 12, 1), "2026-02-28 11:00", id="short month"
        ),
        pytest.param(Schedule(on=False), "2026-05-02 10:00", None, None, id="off"),
    ],
)
def test_next_moment(schedule: Schedule, now: str, sent: date | None, expected: str | None) -> None:
    found = next_moment(schedule, sent=sent, now=utc(now), zone=ARGENTINA)
    assert found == (utc(expected) if expected else None)
