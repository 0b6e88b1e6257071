"""What reports count, made anew; and working hours to do it by."""

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.reports import CountedClosing, CountedRequest
from gateway.rules.people import Role, Sender
from gateway.rules.working_time import WorkingHours
from gateway.services import recounting
from tests.factories import sender_of
from tests.services.reporting.history import END

SHIFTS = WorkingHours(
    days=(((450, 720), (780, 1035)),) * 4 + (((450, 720),), ((0, 1440),), ()),
    holidays=True,
    free=((date(2026, 10, 9), "Mudanza"), (date(2026, 12, 31), "Balance")),
    worked=(date(2026, 4, 3), date(2028, 2, 29)),
)
ALWAYS = WorkingHours(days=(((0, 1440),),) * 7, holidays=False)


def an_administrator(session: Session) -> Sender:
    return sender_of(session.execute(select(User).where(table_of(User).c.role == Role.ADMIN)).scalar_one())


def count_all(session: Session, zone: ZoneInfo) -> None:
    while recounting.count_some(session, zone, now=END):
        pass
    assert recounting.is_current(session, zone)


def rows_counted(session: Session) -> list[tuple[object, ...]]:
    queries = (
        select(each).order_by(*each.primary_key) for each in map(table_of, (CountedRequest, CountedClosing))
    )
    return [tuple(row) for query in queries for row in session.execute(query)]
