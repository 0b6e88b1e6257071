"""Timed jobs, each once a period, under a lease: however many workers, one does it (E11)."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

import structlog
from sqlmodel import Session

from gateway.db import is_away
from gateway.errors import StaleLease
from gateway.models.columns import table_of
from gateway.models.queues import Job
from gateway.outbound.report_job import send_monthly_report
from gateway.rules import limits
from gateway.runtime import Runtime, is_dead
from gateway.services import (
    alerts,
    attention,
    counters,
    digests,
    idle,
    leases,
    recounting,
    search_upkeep,
    settings,
    upkeep,
)
from gateway.services.alerts import Cause
from gateway.services.desk import open_desk

log = structlog.get_logger()

Done = Callable[[Session], None]
Work = Callable[[Runtime, Done], None]
"""A job calls `done` in the transaction of its effect: both are committed, or the period is still open."""

LEASE = timedelta(minutes=10)
PERIOD = timedelta(hours=1)
POLL_SECONDS = 30.0
INDEXING_SECONDS = 10.0
"""At a time: so long a stop may have to wait."""
NOTED = timedelta(minutes=1)
"""Jobs done more often would fill the log."""


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
        for period, names in _by_period(jobs).items():
            upkeep.set_up_jobs(session, names, now=runtime.now(), period=period)
    while (claimed := _claim(runtime, list(jobs))) is not None:
        name, fence = claimed

        def done(session: Session, name: str = name, fence: int = fence) -> None:
            leases.settle(session, Job, name, fence, due_at=runtime.now() + _period(name))

        try:
            jobs[name](runtime, done)
        except StaleLease:
            log.warning("scheduler.lease_lost", job=name)
        except Exception as error:  # a job must not keep the others from being done
            if is_away(error):
                raise
            log.exception("scheduler.failed", job=name)
        else:
            if _period(name) >= NOTED:
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


def send_digests(runtime: Runtime, done: Done) -> None:
    """Notices that were too many for their mail, one mail an operator (B11)."""
    with runtime.db.snapshot() as session:
        due = digests.are_due(session)
    desk = open_desk(runtime.config, runtime.secret) if due else None
    with runtime.db.transaction() as session:
        if desk is not None:
            digests.send(session, settings.current(session, desk), now=runtime.now())
        done(session)
    runtime.wakeup.ring("outbox")


def remind_of_held(runtime: Runtime, done: Done) -> None:
    """Mail that has waited for a decision for two weeks: the administrators are told, every day (T16)."""
    since = runtime.now() - attention.HELD_LONG
    with runtime.db.snapshot() as session:
        waiting = attention.held_since(session, since)
    desk = open_desk(runtime.config, runtime.secret) if waiting else None
    with runtime.db.transaction() as session:
        now = runtime.now()
        if desk is not None and counters.take(session, "held-reminder", limits.HELD_REMINDERS, now=now):
            alerts.raise_alert(session, settings.current(session, desk), Cause.HELD, str(waiting), now=now)
        done(session)
    runtime.wakeup.ring("outbox")


def sweep_blobs(runtime: Runtime, done: Done) -> None:
    """Looked for at leisure, rows in one transaction, and their files when that is committed."""
    with runtime.db.snapshot() as session:
        unused = upkeep.unused_blobs(session)
    with runtime.db.transaction() as session:
        gone = upkeep.sweep_blobs(session, unused, runtime.now())
        done(session)
    upkeep.remove_files(runtime.blobs, gone, runtime.now())
    upkeep.remove_temporary(runtime.blobs, runtime.now())


def index_requests(runtime: Runtime, done: Done) -> None:
    """Requests whose words search does not know, or no longer knows, a batch at a time for some seconds."""
    until = time.monotonic() + INDEXING_SECONDS
    more = True
    while more and time.monotonic() < until:
        with runtime.db.transaction() as session:
            more = search_upkeep.index_some(session, now=runtime.now())
    with runtime.db.transaction() as session:
        done(session)


def close_idle(runtime: Runtime, done: Done) -> None:
    """Requests that were answered and then silent for as long as is set."""
    more = bool(runtime.config.tickets.auto_close_days)
    desk = open_desk(runtime.config, runtime.secret) if more else None
    while more and desk is not None:
        with runtime.db.transaction() as session:
            more = idle.close_some(session, settings.current(session, desk), now=runtime.now())
    with runtime.db.transaction() as session:
        done(session)
    runtime.wakeup.ring("outbox")


def count_requests(runtime: Runtime, done: Done) -> None:
    """Requests that reports do not count yet, or by hours that are no longer kept, for some seconds."""
    zone, until = ZoneInfo(runtime.config.site.timezone), time.monotonic() + INDEXING_SECONDS
    more = True
    while more and time.monotonic() < until:
        with runtime.db.transaction() as session:
            more = recounting.count_some(session, zone, now=runtime.now())
    with runtime.db.transaction() as session:
        done(session)


JOBS: Mapping[str, Work] = MappingProxyType(
    {
        "close-idle": close_idle,
        "count-requests": count_requests,
        "forget-counts": forget_counts,
        "index-requests": index_requests,
        "remove-expired": remove_expired,
        "remind-of-held": remind_of_held,
        "send-digests": send_digests,
        "send-monthly-report": send_monthly_report,
        "sweep-blobs": sweep_blobs,
    }
)
PERIODS: Mapping[str, timedelta] = MappingProxyType(
    {
        "count-requests": timedelta(seconds=20),
        "index-requests": timedelta(seconds=20),
        "send-monthly-report": timedelta(minutes=15),
        "send-digests": timedelta(minutes=15),
    }
)
"""Of the jobs that are not done once in a PERIOD."""


def _period(name: str) -> timedelta:
    return PERIODS.get(name, PERIOD)


def _by_period(names: Iterable[str]) -> dict[timedelta, list[str]]:
    found: dict[timedelta, list[str]] = {}
    for name in names:
        found.setdefault(_period(name), []).append(name)
    return found


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
