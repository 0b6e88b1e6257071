"""A row has one holder at a time, and only the newest may write its result (invariants E4)."""

from collections import Counter
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import insert, select
from sqlmodel import Session

from gateway.db import Database
from gateway.errors import StaleLease
from gateway.models.columns import table_of
from gateway.models.queues import Job
from gateway.services import leases
from tests.factories import AT

TEN_MINUTES = timedelta(minutes=10)
JOB = table_of(Job)


def add_jobs(session: Session, *names: str, **values: object) -> None:
    row = {"due_at": AT, "attempts": 0, "fence": 0} | values
    session.execute(insert(Job), [{"name": name} | row for name in names])


def claim(session: Session, worker: str = "a/1/1", *, limit: int = 10, now=AT, **more):
    return leases.claim(session, Job, worker=worker, lasting=TEN_MINUTES, limit=limit, now=now, **more)


def row_of(session: Session, name: str = "one"):
    return session.execute(select(JOB).where(JOB.c.name == name)).one()


def test_a_claim_counts_as_an_attempt_and_takes_the_oldest(session: Session) -> None:
    add_jobs(session, "three", "one", "two")
    assert claim(session, limit=2) == [("one", 1), ("three", 1)]
    row = row_of(session)
    assert (row.attempts, row.holder, row.lease_until) == (1, "a/1/1", AT + TEN_MINUTES)
    assert claim(session, "b/2/2") == [("two", 1)]


def test_six_workers_share_six_hundred_rows_and_none_is_taken_twice(database: Database) -> None:
    with database.transaction() as session:
        add_jobs(session, *(f"{number:04}" for number in range(600)))
    taken: Counter[str] = Counter()
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            while True:
                with database.transaction() as session:
                    claimed = claim(session, f"host/{number}/1", limit=7)
                if not claimed:
                    return
                taken.update(name for name, _ in claimed)
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(taken) == 600
    assert set(taken.values()) == {1}


@pytest.mark.parametrize(
    ("due_in", "leased_for", "expected"),
    [
        pytest.param(timedelta(0), None, True, id="due now"),
        pytest.param(timedelta(days=-400), None, True, id="due long ago"),
        pytest.param(timedelta(seconds=1), None, False, id="due in a second"),
        pytest.param(timedelta(hours=2, minutes=24), None, False, id="due as late as it may be"),
        pytest.param(timedelta(hours=2, minutes=31), None, True, id="due later than anything ever is"),
        pytest.param(timedelta(days=1), None, True, id="due tomorrow, by a clock set back a day"),
        pytest.param(None, None, False, id="done"),
        pytest.param(timedelta(0), timedelta(seconds=1), False, id="held"),
        pytest.param(timedelta(0), timedelta(hours=1), False, id="held for as long as one may be"),
        pytest.param(timedelta(0), timedelta(seconds=-1), True, id="held until a moment ago"),
        pytest.param(timedelta(0), timedelta(days=1), True, id="held for a day, by a clock set back a day"),
    ],
)
def test_what_may_be_claimed(session: Session, due_in, leased_for, expected) -> None:
    lease = {"holder": "b/2/2", "lease_until": AT + leased_for} if leased_for is not None else {}
    add_jobs(session, "one", due_at=AT + due_in if due_in is not None else None, **lease)
    assert bool(claim(session)) is expected


def test_a_claim_takes_only_what_it_asks_for(session: Session) -> None:
    add_jobs(session, "one", "two")
    assert claim(session, only=[JOB.c.name != "one"]) == [("two", 1)]


def test_a_settled_row_is_free_and_has_its_values(session: Session) -> None:
    add_jobs(session, "one")
    claim(session)
    leases.settle(session, Job, "one", 1, due_at=AT + TEN_MINUTES)
    row = row_of(session)
    assert (row.holder, row.lease_until, row.due_at) == (None, None, AT + TEN_MINUTES)


def test_who_lost_the_lease_can_write_nothing(session: Session) -> None:
    add_jobs(session, "one")
    claim(session)
    later = AT + timedelta(minutes=11)
    assert claim(session, "b/2/2", now=later) == [("one", 2)]
    with pytest.raises(StaleLease, match="job one"):
        leases.settle(session, Job, "one", 1, due_at=None)
    assert not leases.renew(session, Job, "one", 1, until=later + TEN_MINUTES)
    assert row_of(session).lease_until == later + TEN_MINUTES
    leases.settle(session, Job, "one", 2, due_at=None)
    assert row_of(session).due_at is None


def test_a_lease_that_ended_may_be_used_while_nobody_took_it(session: Session) -> None:
    add_jobs(session, "one")
    claim(session)
    assert leases.renew(session, Job, "one", 1, until=AT + timedelta(hours=1), attempts=7)
    assert (row_of(session).lease_until, row_of(session).attempts) == (AT + timedelta(hours=1), 7)
    leases.settle(session, Job, "one", 1)
    with pytest.raises(StaleLease):
        leases.settle(session, Job, "one", 1)


def test_the_rows_of_dead_workers_are_freed_and_no_others(session: Session) -> None:
    add_jobs(session, "one", "two", "three", "four")
    claim(session, "dead/1/1", limit=1)
    claim(session, "alive/2/2", limit=1)
    claim(session, "dead/3/3", limit=1)
    assert leases.release_dead(session, Job, lambda worker: worker.startswith("dead")) == 2
    assert [name for name, _ in claim(session, "new/4/4")] == ["four", "three", "two"]
    assert row_of(session).holder == "alive/2/2"
    assert leases.release_dead(session, Job, lambda _: False) == 0
