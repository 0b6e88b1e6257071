from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules import retry

START = datetime(2026, 11, 1, tzinfo=UTC)
EVEN = 0.5  # of the spread: neither earlier nor later
MINUTES = timedelta(minutes=1)
CHANCES = st.floats(0, 1)


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [(0, 1), (1, 1), (2, 5), (3, 15), (4, 30), (5, 60), (6, 120), (7, 120), (500, 120)],
    ids=str,
)
def test_the_pause_before_the_next_sending(attempts, minutes):
    assert retry.next_sending(attempts, START, now=START, chance=EVEN) == START + minutes * MINUTES


@pytest.mark.parametrize(
    ("attempts", "age", "goes_on"),
    [
        pytest.param(12, timedelta(days=5), False, id="both are used up"),
        pytest.param(11, timedelta(days=50), True, id="too few attempts, however old"),
        pytest.param(99, timedelta(days=5) - MINUTES, True, id="too young, however often tried"),
        pytest.param(99, timedelta(days=-1), True, id="clock set back before the beginning"),
    ],
)
def test_giving_up_needs_age_and_attempts(attempts, age, goes_on):
    assert (retry.next_sending(attempts, START, now=START + age, chance=EVEN) is not None) is goes_on


@given(st.integers(0, 100), st.timedeltas(timedelta(days=-2), timedelta(days=6)), CHANCES)
def test_nothing_sleeps_longer_than_two_and_a_half_hours(attempts, age, chance):
    now = START + age
    later = retry.next_sending(attempts, START, now=now, chance=chance)
    assert later is None or timedelta(0) < later - now <= timedelta(hours=2.5)


@given(st.lists(CHANCES, min_size=1, max_size=20), st.sampled_from([-1, 0, 1]), st.integers(0, 30))
def test_a_clock_that_jumps_a_day_ends_no_row_before_its_attempts(chances, days, jump_at):
    now, attempts = START, 1
    while (
        later := retry.next_sending(attempts, START, now=now, chance=chances[attempts % len(chances)])
    ) is not None:
        now = later + (timedelta(days=days) if attempts == jump_at else timedelta())
        attempts += 1
    assert attempts >= retry.SENDING_ATTEMPTS
    assert now - START >= retry.SENDING_DAYS


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [
        pytest.param(0, 1, id="put back before the first"),
        pytest.param(1, 1, id="first failure"),
        pytest.param(2, 5, id="second"),
        pytest.param(3, 15, id="third"),
        pytest.param(4, None, id="fourth is the last"),
        pytest.param(9, None, id="and so is any after it"),
    ],
)
def test_next_reading(attempts, minutes):
    expected = None if minutes is None else START + minutes * MINUTES
    assert retry.next_reading(attempts, now=START) == expected


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 2.5), (1, 5), (2, 10), (3, 20), (7, 300), (10_000, 300)],
    ids=str,
)
def test_imap_pause(failures, seconds):
    assert retry.imap_pause(failures, EVEN) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("chance", "share"), [(0, 0.8), (0.5, 1), (1, 1.2)], ids=["least", "even", "most"])
def test_spread(chance, share):
    assert retry.spread(timedelta(hours=1), chance) == timedelta(hours=share)
