"""The job that mails the report of last month: made at leisure, sent in one transaction with its mark."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlmodel import Session

from gateway.runtime import Runtime
from gateway.services import blobs, monthly_report, report_mail, settings
from gateway.services.desk import Desk, open_desk
from gateway.services.report_mail import Prepared


def send_monthly_report(runtime: Runtime, done: Callable[[Session], None]) -> None:
    """Send it to the administrators if it is due: once, however many look, and also after a crash."""
    made = _prepare(runtime)
    if made is not None:
        blobs.place(runtime.blobs, made[1].contents)
    with runtime.db.transaction() as session:
        if made is not None:
            desk, prepared = made
            report_mail.send(session, desk, prepared, now=runtime.now())
        done(session)
    runtime.wakeup.ring("outbox")


def _prepare(runtime: Runtime) -> tuple[Desk, Prepared] | None:
    """Make what is due, and the words it goes out with; None when nothing is, or nobody would read it."""
    now = runtime.now()
    with runtime.db.snapshot() as session:
        month = monthly_report.due(session, ZoneInfo(runtime.config.site.timezone), now=now)
        if month is None:
            return None
        desk = settings.current(session, open_desk(runtime.config, runtime.secret))
        languages = report_mail.languages(session, desk, now=now)
        if not languages:
            return None
        return desk, report_mail.prepare(session, desk, month, languages, now=now)
