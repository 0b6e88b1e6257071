from datetime import UTC, datetime, timedelta

import pytest

from gateway.rules.lifecycle import Status, after_message, can_reopen
from gateway.rules.people import Party

NEW, IN_PROGRESS, CLOSED = Status
CLOSED_AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "by", "assigned", "expected"),
    [
        pytest.param(NEW, Party.CLIENT, False, NEW, id="client adds to a new one"),
        pytest.param(IN_PROGRESS, Party.CLIENT, True, IN_PROGRESS, id="client answers"),
        pytest.param(
            CLOSED, Party.CLIENT, True, IN_PROGRESS, id="client wakes a closed one that somebody has"
        ),
        pytest.param(CLOSED, Party.CLIENT, False, NEW, id="client wakes a closed one that nobody has"),
        pytest.param(NEW, Party.OPERATOR, False, IN_PROGRESS, id="operator answers a new one"),
        pytest.param(IN_PROGRESS, Party.OPERATOR, True, IN_PROGRESS, id="operator answers again"),
        pytest.param(CLOSED, Party.OPERATOR, True, IN_PROGRESS, id="operator answers a closed one"),
        pytest.param(NEW, Party.SYSTEM, False, NEW, id="system notes on a new one"),
        pytest.param(CLOSED, Party.SYSTEM, True, CLOSED, id="system wakes nothing"),
    ],
)
def test_after_message(status, by, assigned, expected):
    assert after_message(status, by=by, assigned=assigned) is expected


@pytest.mark.parametrize(
    ("closed_at", "later", "expected"),
    [
        pytest.param(None, timedelta(days=900), True, id="never closed"),
        pytest.param(CLOSED_AT, timedelta(), True, id="just closed"),
        pytest.param(CLOSED_AT, timedelta(days=30), True, id="on the last moment"),
        pytest.param(CLOSED_AT, timedelta(days=30, seconds=1), False, id="a second too late"),
        pytest.param(CLOSED_AT, timedelta(days=-1), True, id="clock set back"),
    ],
)
def test_can_reopen(closed_at, later, expected):
    assert can_reopen(closed_at, now=CLOSED_AT + later, reopen_days=30) is expected
