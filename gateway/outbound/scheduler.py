"""Timed jobs, each once a period, under a lease: however many workers, one does it (E11)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from gateway.models.columns import table_of
from gateway.models.queues import Job
from gateway.runtime import Runtime, is_dead
from gateway.services import leases, upkeep

log = structlog.get_logger()

LEASE = timedelta(minutes=10)
PERIOD = timedelta(hours=1)
POLL_SECONDS = 30.0


async def run(runtime: Runtime) -> None:
    """The scheduler role: looks every half minute for a job that is due."""
    jobs = {
        "forget-counts": _in_transaction(upkeep.forget_counts),
        "remove-expired": _in_transaction(upkeep.remove_expired),
        "sweep-blobs": sweep_blobs,
    }
    while True:
        try:
            await runtime.db.in_thread(work_off, runtime, jobs)
        except DBAPIError as error:
            log.error("scheduler.database", error=type(error).__name__)
        await asyncio.sleep(POLL_SECONDS)


def work_off(runtime: Runtime, jobs: dict[str, Callable[[Runtime], None]]) -> None:
    """Do every job that is due and that nobody else is doing."""
    names = list(jobs)
    with runtime.db.transaction() as session:
        leases.release_dead(session, Job, is_dead)
        upkeep.set_up_jobs(session, names, now=runtime.now())
    job = table_of(Job)
    while True:
        with runtime.db.transaction() as session:
            claimed = leases.claim(
                session,
                Job,
                worker=runtime.worker,
                lasting=LEASE,
                limit=1,
                now=runtime.now(),
                only=[job.c.name.in_(names)],
            )
        if not claimed:
            return
        name, fence = claimed[0]
        jobs[name](runtime)
        with runtime.db.transaction() as session:
            leases.settle(session, Job, name, fence, due_at=runtime.now() + PERIOD)
        log.info("scheduler.done", job=name)


def _in_transaction(task: upkeep.Task) -> Callable[[Runtime], None]:
    def work(runtime: Runtime) -> None:
        with runtime.db.transaction() as session:
            task(session, runtime.now())

    return work


def sweep_blobs(runtime: Runtime) -> None:
    """Rows first, files after the commit: a file without a row is waste, a row without a file is loss."""
    with runtime.db.transaction() as session:
        files = upkeep.sweep_blobs(session, runtime.blobs, runtime.now())
    for file in files:
        file.unlink(missing_ok=True)
    upkeep.remove_temporary(runtime.blobs, runtime.now())
