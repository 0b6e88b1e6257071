"""The company's hours: as set, told to whoever measures, written down; the usual ones until then."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from gateway.errors import Invalid
from gateway.models.site import AuditEntry, Deed, Setting
from gateway.rules.people import Role, Sender
from gateway.rules.working_time import USUAL, WorkingHours
from gateway.services import working_hours
from tests.factories import make_operator, sender_of

ZONE = ZoneInfo("America/Argentina/Buenos_Aires")
FULLEST = WorkingHours(
    days=(tuple((hour * 60 + 619, hour * 60 + 659) for hour in (1, 5, 9, 13)),) * 7,
    free=tuple((date(2026, 1, 1) + timedelta(days=each), "\\" * 40) for each in range(60)),
    worked=tuple(date(2027, 1, 1) + timedelta(days=each) for each in range(60)),
)
SIESTA = WorkingHours(
    days=(((480, 720), (960, 1200)),) * 5 + (((540, 780),), ()),
    holidays=False,
    free=((date(2026, 12, 24), "Nochebuena"), (date(2026, 12, 31), "")),
    worked=(date(2026, 11, 23),),
)


@pytest.fixture
def ada(session: Session) -> Sender:
    return sender_of(make_operator(session, "ada@sysmo.example", role=Role.ADMIN))


@pytest.mark.parametrize("hours", [SIESTA, FULLEST, replace(USUAL, days=((),) * 7)])
def test_what_is_saved_is_what_is_loaded(
    session: Session, ada: Sender, now: datetime, hours: WorkingHours
) -> None:
    assert working_hours.load(session) == USUAL
    working_hours.save(session, replace(hours, free=()), by=ada, now=now)
    working_hours.save(session, hours, by=ada, now=now)
    assert working_hours.load(session) == hours
    assert max(len(row.value) for row in session.exec(select(Setting))) <= 2000
    working_hours.save(session, USUAL, by=ada, now=now)
    assert working_hours.load(session) == USUAL


def test_a_change_is_written_down_and_saving_the_same_is_none(
    session: Session, ada: Sender, now: datetime
) -> None:
    working_hours.save(session, USUAL, by=ada, now=now)
    assert session.exec(select(AuditEntry)).all() == []
    changed = replace(USUAL, holidays=False, free=((date(2026, 12, 24), "Nochebuena"),))
    for _ in range(2):
        working_hours.save(session, changed, by=ada, now=now)
    noted = session.exec(select(AuditEntry)).one()
    assert (noted.deed, noted.actor_id, noted.subject) == (Deed.SITE_CHANGED, ada.user_id, "9:00-18:00")
    assert noted.detail == {"holidays_free": False, "days_off": 1}


def test_the_clock_is_kept_until_the_hours_change(session: Session, ada: Sender, now: datetime) -> None:
    begin, end = datetime(2026, 11, 17, tzinfo=UTC), datetime(2026, 11, 18, tzinfo=UTC)
    clock = working_hours.clock(session, ZONE)
    assert clock.minutes(begin, end) == 540
    assert working_hours.clock(session, ZONE) is clock
    working_hours.save(session, SIESTA, by=ada, now=now)
    assert working_hours.clock(session, ZONE).minutes(begin, end) == 480


def test_the_stamp_is_of_all_that_working_minutes_hang_on(
    session: Session, ada: Sender, now: datetime
) -> None:
    stamps = [working_hours.stamp(session, ZONE), working_hours.stamp(session, ZoneInfo("America/Santiago"))]
    for hours in (SIESTA, replace(SIESTA, free=()), replace(SIESTA, worked=())):
        working_hours.save(session, hours, by=ada, now=now)
        stamps.append(working_hours.stamp(session, ZONE))
    assert len(set(stamps)) == 5
    working_hours.save(session, SIESTA, by=ada, now=now)
    assert working_hours.stamp(session, ZONE) == stamps[2]
    assert all(0 < len(each) <= 16 for each in stamps)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"free": (*FULLEST.free, (date(2030, 1, 1), ""))}, "days_off", id="too many days off"),
        pytest.param({"worked": (*FULLEST.worked, date(2030, 1, 1))}, "days_off", id="too many worked"),
        pytest.param({"free": ((date(2026, 1, 1), "x" * 41),)}, "days_off", id="a long name"),
        pytest.param({"free": ((date(2026, 1, 1), "a\nb"),)}, "days_off", id="a name of two lines"),
        pytest.param({"days": ((),) * 6}, "days", id="six days"),
        pytest.param({"days": (tuple((n, n + 1) for n in (0, 2, 4, 6, 8)),) * 7}, "days", id="five spans"),
    ],
)
def test_what_there_is_no_room_for_is_refused(
    session: Session, ada: Sender, now: datetime, change: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        working_hours.save(session, replace(USUAL, **change), by=ada, now=now)  # type: ignore[arg-type]
    assert refused.value.field == field
