"""The report of each month, mailed to the administrators once: when, and whether it was."""

import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.models.columns import table_of
from gateway.models.reports import CountedRequest
from gateway.models.site import Deed, Setting
from gateway.rules import monthly
from gateway.rules.monthly import FIRST_DAY, LAST_DAY, LAST_HOUR, Schedule
from gateway.rules.people import Sender
from gateway.rules.periods import QUARTER, Period, last_month
from gateway.services import audit, recounting

_SCHEDULE, _SENT = "monthly_report", "monthly_report_sent"


def schedule(session: Session) -> Schedule:
    """Return when it goes out, as administrators set it: until then on the 1st at 8."""
    value = _said(session, _SCHEDULE)
    return Schedule(**json.loads(value)) if value else Schedule()


def next_moment(session: Session, zone: ZoneInfo, *, now: datetime) -> datetime | None:
    """Return when the next one goes out, `now` for about to; None: it is off, or there is nothing to tell."""
    done = _done(session, zone)
    if done is None:
        return None
    return monthly.next_moment(schedule(session), sent=done, now=now, zone=zone)


def due(session: Session, zone: ZoneInfo, *, now: datetime) -> Period | None:
    """Return the month to report on now, or None.

    While requests are still counted, after an upgrade, it waits: figures that are wrong would not be
    mailed again.
    """
    done = _done(session, zone)
    if done is None:
        return None
    month = monthly.due(schedule(session), sent=done, now=now, zone=zone)
    return month if month is not None and recounting.is_current(session, zone) else None


def mark_sent(session: Session, month: Period, *, now: datetime) -> None:
    """Remember the month, in the transaction that queues its mails."""
    session.merge(Setting(name=_SENT, value=month.first.isoformat(), updated_at=now))


def change(
    session: Session, wanted: Schedule, zone: ZoneInfo, site: str, *, by: Sender, now: datetime
) -> None:
    """Set when it goes out. What fell due while it was off is not caught up when it is switched on."""
    _check(wanted)
    before = schedule(session)
    if wanted == before:
        return
    missed = monthly.due(wanted, sent=_sent(session), now=now, zone=zone)
    if missed is not None and not before.on:
        mark_sent(session, missed, now=now)
    value = json.dumps({"on": wanted.on, "day": wanted.day, "hour": wanted.hour})
    session.merge(Setting(name=_SCHEDULE, value=value, updated_at=now))
    session.flush()  # so that this very answer says it
    detail = {"report_mail": wanted.on, "report_day": wanted.day, "report_hour": wanted.hour}
    audit.note(session, Deed.SITE_CHANGED, site, by=by, now=now, **detail)


def _check(wanted: Schedule) -> None:
    if not FIRST_DAY <= wanted.day <= LAST_DAY:
        raise Invalid("day", _("Choose a day from {first} to {last}."), first=FIRST_DAY, last=LAST_DAY)
    if not 0 <= wanted.hour <= LAST_HOUR:
        raise Invalid("hour", _("Choose an hour from {first} to {last}."), first=0, last=LAST_HOUR)


def _done(session: Session, zone: ZoneInfo) -> date | None:
    """Return the last month that needs no report (its first day): sent, or before the first request.

    None: there is no request yet.
    """
    first = session.execute(select(func.min(table_of(CountedRequest).c.opened))).scalar()
    if first is None:
        return None
    before = last_month(datetime.fromtimestamp(first * QUARTER, zone).date()).first
    return max(before, _sent(session) or before)


def _sent(session: Session) -> date | None:
    value = _said(session, _SENT)
    return date.fromisoformat(value) if value else None


def _said(session: Session, name: str) -> str:
    setting = table_of(Setting).c
    return session.execute(select(setting.value).where(setting.name == name)).scalar() or ""
