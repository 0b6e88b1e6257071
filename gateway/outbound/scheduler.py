"""Timed jobs, each once a period, under a lease: however many workers, one does it (E11)."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType

import structlog
from sqlmodel import Session

from gateway.db import is_away
from gateway.errors import StaleLease
from gateway.models.columns import table_of
from gateway.models.queues import Job
from gateway.runtime import Runtime, is_dead
from gateway.services import leases, upkeep

log = structlog.get_logger()

Done = Callable[[Session], None]
Work = Callable[[Runtime, Done], None]
"""A job calls `done` in the transaction of its effect: both are committed, or the period is still open."""

LEASE = timedelta(minutes=10)
PERIOD = timedelta(hours=1)
POLL_SECONDS = 30.0


async def run(runtime: Runtime) -> None:
    """The scheduler role: looks every half minute for a job that is due."""
    while True:
        try:
            await runtime.db.in_thread(work_off, runtime)
        except Exception as error:  # the loop outlives everything but its cancellation
            log.error("scheduler.interrupted", error=type(error).__name__)
        await asyncio.sleep(POLL_SECONDS)


def work_off(runtime: Runtime, jobs: Mapping[str, Work] | None = None) -> None:
    """Do every job that is due and that nobody else is doing. One that fails waits for its lease to end."""
    jobs = JOBS if jobs is None else jobs
    with runtime.db.transaction() as session:
        leases.release_dead(session, Job, is_dead)
        upkeep.set_up_jobs(session, list(jobs), now=runtime.now(), period=PERIOD)
    while (claimed := _claim(runtime, list(jobs))) is not None:
        name, fence = claimed

        def done(session: Session, name: str = name, fence: int = fence) -> None:
            leases.settle(session, Job, name, fence, due_at=runtime.now() + PERIOD)

        try:
            jobs[name](runtime, done)
        except StaleLease:
            log.warning("scheduler.lease_lost", job=name)
        except Exception as error:  # a job must not keep the others from being done
            if is_away(error):
                raise
            log.exception("scheduler.failed", job=name)
        else:
            log.info("scheduler.done", job=name)


def forget_counts(runtime: Runtime, done: Done) -> None:
    """Counts that no rate looks at any more."""
    with runtime.db.transaction() as session:
        upkeep.forget_counts(session, runtime.now())
        done(session)


def remove_expired(runtime: Runtime, done: Done) -> None:
    """Sessions and tokens that ended."""
    with runtime.db.transaction() as session:
        upkeep.remove_expired(session, runtime.now())
        done(session)


def sweep_blobs(runtime: Runtime, done: Done) -> None:
    """Looked for at leisure, rows in one transaction, and their files when that is committed."""
    with runtime.db.snapshot() as session:
        unused = upkeep.unused_blobs(session)
    with runtime.db.transaction() as session:
        gone = upkeep.sweep_blobs(session, unused, runtime.now())
        done(session)
    upkeep.remove_files(runtime.blobs, gone, runtime.now())
    upkeep.remove_temporary(runtime.blobs, runtime.now())


JOBS: Mapping[str, Work] = MappingProxyType(
    {"forget-counts": forget_counts, "remove-expired": remove_expired, "sweep-blobs": sweep_blobs}
)


def _claim(runtime: Runtime, names: list[str]) -> tuple[str, int] | None:
    """Take one job that is due, or None."""
    with runtime.db.transaction() as session:
        claimed = leases.claim(
            session,
            Job,
            worker=runtime.worker,
            lasting=LEASE,
            limit=1,
            now=runtime.now(),
            only=[table_of(Job).c.name.in_(names)],
        )
    return claimed[0] if claimed else None
