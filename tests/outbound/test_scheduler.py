"""Timed jobs run once a period, whoever wakes, dies or sets the clock (invariants E11, O10)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import Counter, Job
from gateway.outbound import scheduler
from gateway.outbound.scheduler import Done, work_off
from gateway.runtime import Runtime
from gateway.services import leases
from tests.factories import AT
from tests.outage import away, impatient
from tests.queues import Clock

Make = Callable[..., Runtime]


class Digest:
    """A job that leaves a row each time it is done, and does what a test wants in between."""

    def __init__(self) -> None:
        self.begun = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, runtime: Runtime, done: Done) -> None:
        self.begun += 1
        with runtime.db.transaction() as session:
            self.leave_mark(session)
            done(session)
            self.meanwhile()

    def leave_mark(self, session: Session) -> None:
        session.add(Counter(name="digest", period=AT + timedelta(seconds=self.begun), count=1))
        session.flush()


def marks(runtime: Runtime) -> int:
    """How often the job has had its effect."""
    with runtime.db.snapshot() as session:
        return len(session.execute(select(table_of(Counter).c.period)).all())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def runtime(make_runtime: Make, clock: Clock) -> Runtime:
    return make_runtime(now=clock)


def test_a_job_is_done_once_a_period(runtime: Runtime, clock: Clock) -> None:
    job = Digest()
    for minutes, done in ((0, 1), (0, 1), (59, 1), (1, 2), (30, 2), (300, 3)):
        clock.forward(minutes=minutes)
        work_off(runtime, {"digest": job})
        assert marks(runtime) == done


def test_of_two_schedulers_one_does_it(make_runtime: Make, clock: Clock) -> None:
    one, other = (make_runtime(now=clock, worker=f"{name}/1/1") for name in ("one", "other"))
    job, inside, go_on = Digest(), Event(), Event()

    def work(runtime: Runtime, done: Done) -> None:
        inside.set()
        go_on.wait(30)
        job(runtime, done)

    thread = Thread(target=work_off, args=(one, {"digest": work}))
    thread.start()
    inside.wait(30)
    work_off(other, {"digest": job})
    assert job.begun == 0
    go_on.set()
    thread.join()
    work_off(other, {"digest": job})
    assert marks(one) == 1


def test_a_job_whose_worker_dies_leaves_nothing_and_is_done_by_the_next(
    make_runtime: Make, clock: Clock
) -> None:
    job = Digest()
    job.meanwhile = die
    mortal, heir = make_runtime(now=clock, worker="elsewhere/1/1"), make_runtime(now=clock)
    with pytest.raises(SystemExit):
        work_off(mortal, {"digest": job})
    job.meanwhile = lambda: None
    assert marks(heir) == 0
    work_off(heir, {"digest": job})
    assert marks(heir) == 0, "its lease holds, since nobody knows that it is dead"
    clock.forward(minutes=11)
    work_off(heir, {"digest": job})
    work_off(heir, {"digest": job})
    assert marks(heir) == 1


def test_the_job_of_a_worker_known_to_be_dead_is_taken_at_once(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "is_dead", lambda worker: worker == "former/1/1")
    with runtime.db.transaction() as session:
        session.add(Job(name="digest", due_at=AT))
        session.flush()
        leases.claim(session, Job, worker="former/1/1", lasting=timedelta(minutes=10), limit=1, now=AT)
    work_off(runtime, {"digest": Digest()})
    assert marks(runtime) == 1


def test_who_lost_the_lease_undoes_what_it_did(make_runtime: Make, clock: Clock) -> None:
    slow, quick = (make_runtime(now=clock, worker=f"{name}/1/1") for name in ("slow", "quick"))
    job = Digest()

    def sleep_past_the_lease(runtime: Runtime, done: Done) -> None:
        clock.forward(minutes=11)
        work_off(quick, {"digest": job})
        job(runtime, done)

    work_off(slow, {"digest": sleep_past_the_lease})
    assert (job.begun, marks(slow)) == (2, 1)


@pytest.mark.parametrize(
    ("days", "done"),
    [
        pytest.param(-1, 1, id="back: this period has had its turn"),
        pytest.param(1, 2, id="forward: a new one"),
    ],
)
def test_a_clock_that_steps_a_day_gives_no_second_turn_and_delays_none(
    runtime: Runtime, clock: Clock, days: int, done: int
) -> None:
    job = Digest()
    work_off(runtime, {"digest": job})
    clock.forward(days=days)
    for minutes, more in ((0, 0), (0, 0), (59, 0), (1, 1)):
        clock.forward(minutes=minutes)
        work_off(runtime, {"digest": job})
        assert marks(runtime) == done + more


def test_a_job_that_fails_keeps_no_other_from_being_done(runtime: Runtime, clock: Clock) -> None:
    bad, good = Digest(), Digest()
    bad.meanwhile = lambda: 1 / 0
    for _ in range(3):
        work_off(runtime, {"a-bad": bad, "b-good": good})
    assert (bad.begun, good.begun, marks(runtime)) == (1, 1, 1)
    clock.forward(minutes=11)
    work_off(runtime, {"a-bad": bad, "b-good": good})
    assert (bad.begun, good.begun) == (2, 1)


async def test_a_database_away_is_waited_for(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(runtime.db)
    job = Digest()
    monkeypatch.setattr(scheduler, "JOBS", {"digest": job})
    monkeypatch.setattr(scheduler, "POLL_SECONDS", 0.01)
    with away(runtime.db):
        task = asyncio.create_task(scheduler.run(runtime))
        await asyncio.sleep(0.2)
        assert job.begun == 0
    async with asyncio.timeout(30):
        while not marks(runtime):
            await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_the_jobs_there_are_can_be_done(runtime: Runtime) -> None:
    work_off(runtime)
    job = table_of(Job)
    with runtime.db.snapshot() as session:
        rows = session.execute(select(job.c.name, job.c.due_at)).all()
    assert {row.name for row in rows} == set(scheduler.JOBS)
    assert {row.name: row.due_at - AT for row in rows} == {
        name: scheduler.PERIODS.get(name, scheduler.PERIOD) for name in scheduler.JOBS
    }


def die() -> None:
    raise SystemExit
