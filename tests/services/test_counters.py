"""Rates kept in rows: the window slides, names are apart, both engines count alike."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from gateway.rules.limits import Rate
from gateway.services import counters

HOUR = timedelta(hours=1)
TWO_AN_HOUR = Rate(2, HOUR)


def test_a_count_adds_up_within_its_period(session: Session, now: datetime) -> None:
    counters.count(session, "a", now=now)
    counters.count(session, "a", now=now, by=4)
    counters.count(session, "a", now=now + timedelta(minutes=59))
    counters.count(session, "b", now=now)
    assert counters.so_far(session, "a", HOUR, now=now + timedelta(minutes=59)) == 6
    assert counters.so_far(session, "a", HOUR, now=now + HOUR) == 1
    assert counters.so_far(session, "b", HOUR, now=now) == 1
    assert counters.so_far(session, "never", HOUR, now=now) == 0


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        pytest.param([0, 10, 20], [True, True, False], id="the third within an hour"),
        pytest.param([0, 10, 60], [True, True, True], id="the third when the first is an hour old"),
        pytest.param([58, 59, 61], [True, True, False], id="a burst across a full hour"),
        pytest.param([0, 1, 2, 60, 61], [True, True, False, True, True], id="refused ones do not count"),
    ],
)
def test_take(session: Session, now: datetime, minutes: list[int], expected: list[bool]) -> None:
    moments = [now + timedelta(minutes=each) for each in minutes]
    assert [counters.take(session, "a", TWO_AN_HOUR, now=moment) for moment in moments] == expected


def test_every_rate_must_allow_it(session: Session, now: datetime) -> None:
    rates = (TWO_AN_HOUR, Rate(3, timedelta(days=1)))
    taken = [counters.take(session, "a", *rates, now=now + HOUR * hour) for hour in (0, 1, 2, 3, 24)]
    assert taken == [True, True, True, False, True]


def test_a_name_longer_than_its_column_is_cut(session: Session, now: datetime) -> None:
    counters.count(session, "x" * 1000, now=now)
    assert counters.so_far(session, "x" * 1000, HOUR, now=now) == 1


def test_forget(session: Session, now: datetime) -> None:
    counters.count(session, "a", now=now - timedelta(days=3))
    counters.count(session, "a", now=now)
    assert counters.forget(session, before=now - timedelta(days=2)) == 1
    assert counters.so_far(session, "a", timedelta(days=9), now=now) == 1
