"""The company's working hours, as administrators set them on a page; the usual ones until then.

Reports keep durations worked out by them, so `stamp` says which hours those were.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.models.columns import table_of
from gateway.models.site import Deed, Setting
from gateway.rules import days_off
from gateway.rules.people import Sender
from gateway.rules.working_time import USUAL, Span, WorkClock, WorkingHours
from gateway.services import audit
from gateway.services.statements import add_all, run

MOST_DAYS_OFF = 60
MOST_SPANS = 4
NAME_CHARACTERS = 40
_A_PART = 30  # days off in one setting: 30 lines of 52 characters go into the 2000 it holds

Stored = tuple[tuple[str, str], ...]
"""The settings that tell the hours, by name: names and values."""

_WEEK = "working_hours"
_FREE = ("days_off_1", "days_off_2")
_NAME, _VALUE = table_of(Setting).c.name, table_of(Setting).c.value
_OURS = _NAME.in_((_WEEK, *_FREE))
_STORED = select(_NAME, _VALUE).where(_OURS)
_FORGET = delete(table_of(Setting)).where(_OURS)


def load(session: Session) -> WorkingHours:
    """Return the hours as they are now."""
    return _hours(_stored(session))


def clock(session: Session, zone: ZoneInfo) -> WorkClock:
    """Return what measures time by these hours; the same one for as long as nobody changes them."""
    return _clock(_stored(session), zone)


def stamp(session: Session, zone: ZoneInfo) -> str:
    """Return a short digest of all that working minutes hang on: hours, zone, known holidays."""
    parts = [*_stored(session), ("zone", zone.key), ("holidays", days_off.edition())]
    return sha256(json.dumps(parts).encode()).hexdigest()[:16]


def save(session: Session, hours: WorkingHours, *, by: Sender, now: datetime) -> None:
    """Set the hours. What reports keep is worked out again by whoever finds another `stamp` there."""
    _check(hours)
    before = load(session)
    if hours == before:
        return
    run(session, _FORGET)
    rows = [{"name": name, "value": value, "updated_at": now} for name, value in _written(hours)]
    add_all(session, Setting, rows)
    changed: dict[str, object] = {
        "working_hours": [_said(day) for day in hours.days],
        "holidays_free": hours.holidays,
        "holidays_worked": len(hours.worked),
        "days_off": len(hours.free),
    }
    same = {
        "working_hours": hours.days == before.days,
        "holidays_free": hours.holidays == before.holidays,
        "holidays_worked": hours.worked == before.worked,
        "days_off": hours.free == before.free,
    }
    detail = {name: value for name, value in changed.items() if not same[name]}
    subject = ", ".join(dict.fromkeys(_said(day) for day in hours.days if day))
    audit.note(session, Deed.SITE_CHANGED, subject, by=by, now=now, **detail)


def _check(hours: WorkingHours) -> None:
    """What the settings have room for; pages say it of the very line."""
    if len(hours.free) > MOST_DAYS_OFF or len(hours.worked) > MOST_DAYS_OFF:
        raise Invalid("days_off", _("There is room for {count} days off."), count=MOST_DAYS_OFF)
    if any(len(name) > NAME_CHARACTERS or not name.isprintable() for _day, name in hours.free):
        raise Invalid(
            "days_off", _("The name of a day off has at most {count} characters."), count=NAME_CHARACTERS
        )
    if len(hours.days) != 7 or any(len(day) > MOST_SPANS for day in hours.days):
        raise Invalid("days", _("A day has at most {count} stretches of work."), count=MOST_SPANS)


def _stored(session: Session) -> Stored:
    return tuple(sorted((row.name, row.value) for row in run(session, _STORED)))


@lru_cache(maxsize=8)
def _clock(stored: Stored, zone: ZoneInfo) -> WorkClock:
    return WorkClock(_hours(stored), zone)


def _hours(stored: Stored) -> WorkingHours:
    values = dict(stored)
    if _WEEK not in values:
        return USUAL
    week = json.loads(values[_WEEK])
    lines = [line for name in _FREE for line in values.get(name, "").splitlines()]
    return WorkingHours(
        days=tuple(tuple((opens, closes) for opens, closes in day) for day in week["days"]),
        holidays=week["holidays"],
        free=tuple((date.fromisoformat(line[:10]), line[11:]) for line in lines),
        worked=tuple(date.fromisoformat(each) for each in week["worked"]),
    )


def _written(hours: WorkingHours) -> Iterator[tuple[str, str]]:
    """The hours as settings: the week as JSON, days off as lines, as long as what is in them."""
    week = {
        "days": hours.days,
        "holidays": hours.holidays,
        "worked": [each.isoformat() for each in hours.worked],
    }
    yield _WEEK, json.dumps(week, separators=(",", ":"))
    for at, name in enumerate(_FREE):
        part = hours.free[at * _A_PART : (at + 1) * _A_PART]
        yield name, "\n".join(f"{day.isoformat()} {what}" for day, what in part)


def _said(day: tuple[Span, ...]) -> str:
    return " ".join(f"{_time(opens)}-{_time(closes)}" for opens, closes in day) or "-"


def _time(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"
