"""A report made on two connections: its period and the one beside it at once, each on a core of its own."""

import asyncio
from zoneinfo import ZoneInfo

from gateway.db import Database
from gateway.rules.periods import Period
from gateway.services import recounting
from gateway.services.reporting import figures
from gateway.services.reporting.report import Asked, Figures, Filters, Report


async def make(db: Database, asked: Asked, zone: ZoneInfo) -> Report:
    """Add up what was asked for; no thread waits for the other, so any number may be asked at once."""
    periods = [asked.period] if asked.against is None else [asked.period, asked.against]
    halves = await asyncio.gather(
        *(db.in_thread(_figures, db, each, asked.filters, zone) for each in periods)
    )
    now, before = halves[0], halves[1] if len(halves) > 1 else None
    return Report(asked, now, before, counted=await db.in_thread(_is_current, db, zone))


def _figures(db: Database, period: Period, filters: Filters, zone: ZoneInfo) -> Figures:
    with db.snapshot() as session:
        return figures.of_period(session, period, filters, zone=zone)


def _is_current(db: Database, zone: ZoneInfo) -> bool:
    with db.snapshot() as session:
        return recounting.is_current(session, zone)
