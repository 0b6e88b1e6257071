import pytest

from gateway.rules.audience import Serving, operators_told
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Notices

ALL_1, ALL_2 = Serving(1, Notices.ALL), Serving(2, Notices.ALL)
MINE, SILENT = Serving(3, Notices.MINE), Serving(4, Notices.NOTHING)
TOPIC = [ALL_1, ALL_2, MINE, SILENT]


@pytest.mark.parametrize(
    ("kind", "people", "expected"),
    [
        pytest.param(EventKind.OPENED, {}, [1, 2], id="new request: who wants all"),
        pytest.param(EventKind.OPENED, {"author": 1}, [2], id="but not its author"),
        pytest.param(EventKind.MOVED, {"author": 2}, [1], id="moved here"),
        pytest.param(EventKind.REPLIED, {}, [1, 2], id="client's message nobody has"),
        pytest.param(EventKind.REPLIED, {"assignee": 3}, [3], id="client's message: the one assigned, alone"),
        pytest.param(EventKind.REPLIED, {"assignee": 4}, [], id="the one assigned wants nothing"),
        pytest.param(EventKind.REPLIED, {"assignee": 9}, [9], id="assigned from outside the topic"),
        pytest.param(EventKind.COMMENTED, {"author": 1}, [2], id="comment: the topic's"),
        pytest.param(EventKind.COMMENTED, {"assignee": 3, "author": 1}, [3], id="comment: the one assigned"),
        pytest.param(
            EventKind.COMMENTED, {"assignee": 3, "named": frozenset({2, 1})}, [3, 1, 2], id="and those named"
        ),
        pytest.param(
            EventKind.COMMENTED, {"named": frozenset({4})}, [4], id="named though they want nothing"
        ),
        pytest.param(EventKind.COMMENTED, {"assignee": 1, "author": 1}, [], id="comment of the one assigned"),
        pytest.param(
            EventKind.COMMENTED,
            {"assignee": 1, "named": frozenset({1})},
            [1],
            id="named and assigned is told once",
        ),
        pytest.param(EventKind.ASSIGNED, {"assignee": 3, "author": 1}, [3], id="assigned by another"),
        pytest.param(EventKind.ASSIGNED, {"assignee": 3, "author": 3}, [], id="assigned to oneself"),
        pytest.param(EventKind.ASSIGNED, {}, [], id="assigned to nobody"),
        pytest.param(EventKind.TAKEN, {"assignee": 1}, [], id="taken"),
        pytest.param(EventKind.CLOSED, {}, [], id="closed"),
        pytest.param(EventKind.AUTOMATIC, {}, [], id="automatic mail"),
        pytest.param(EventKind.BOUNCED, {"assignee": 1}, [], id="bounce"),
    ],
)
def test_operators_told(kind, people, expected):
    assert operators_told(kind, TOPIC, **{"assignee": None, "author": None} | people) == expected
