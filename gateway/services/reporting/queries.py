"""What the database adds up for a report: one query for each, whose rows are groups."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, Select, func, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.topics import Topic
from gateway.rules.lifecycle import Channel
from gateway.services.reporting.counted import CLOSING, REQUEST, Counted
from gateway.services.reporting.folding import Sums
from gateway.services.reporting.report import Means

Histogram = Sequence[tuple[int, int]]
Named = tuple[int | None, str]
"""A key and the name that goes with it; no key: the rest."""

_HOW_MANY = func.count().label("how_many")
_SUMS = (
    _HOW_MANY,
    func.sum(CLOSING.c.minutes).label("minutes"),
    func.sum(CLOSING.c.work_minutes).label("work_minutes"),
)
_COMPANY, _PERSON, _TOPIC = table_of(Company), table_of(User), table_of(Topic)
_SHOWN = func.coalesce(func.nullif(_PERSON.c.name, ""), _PERSON.c.email)


def how_many(session: Session, counted: Counted) -> int:
    number: int = session.execute(counted.select(func.count())).scalar_one()
    return number


def received_by_quarter(session: Session, counted: Counted) -> dict[int, int]:
    moment = REQUEST.c.opened
    rows = _rows(session, counted.select(moment, _HOW_MANY).group_by(moment))
    return {row[0]: row[1] for row in rows}


def closed_by_quarter(session: Session, counted: Counted) -> dict[int, Sums]:
    moment = CLOSING.c.closed
    rows = _rows(session, counted.select(moment, *_SUMS).group_by(moment))
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def histogram(session: Session, counted: Counted, minutes: Column[int]) -> Histogram:
    """How often each number of minutes was."""
    rows = _rows(session, counted.groups(minutes, sums=[_HOW_MANY]))
    return [(row[0], row[1]) for row in rows]


def received_by_topic(session: Session, counted: Counted) -> dict[tuple[int, str, Channel], int]:
    groups = counted.groups(REQUEST.c.topic_id, REQUEST.c.channel, sums=[_HOW_MANY]).subquery()
    query = select(_TOPIC.c.id, _TOPIC.c.name, groups.c.channel, groups.c.how_many)
    rows = _rows(session, query.join(groups, groups.c.topic_id == _TOPIC.c.id))
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def closed_by_topic(session: Session, counted: Counted) -> dict[Named, Means]:
    groups = counted.groups(CLOSING.c.topic_id, sums=_SUMS).subquery()
    query = select(_TOPIC.c.id, _TOPIC.c.name, groups.c.how_many, groups.c.minutes, groups.c.work_minutes)
    return _by_name(session, query.join(groups, groups.c.topic_id == _TOPIC.c.id))


def received_by_company(session: Session, counted: Counted) -> dict[Named, int]:
    groups = counted.groups(REQUEST.c.requester_id, sums=[_HOW_MANY]).subquery()
    rows = _rows(session, _folded(groups, func.sum(groups.c.how_many)))
    return {(row[0], row[1] or ""): int(row[2]) for row in rows}


def closed_by_company(session: Session, counted: Counted) -> dict[Named, Means]:
    groups = counted.groups(CLOSING.c.requester_id, sums=_SUMS).subquery()
    sums = [func.sum(each) for each in (groups.c.how_many, groups.c.minutes, groups.c.work_minutes)]
    return _by_name(session, _folded(groups, *sums))


def closed_by_closer(session: Session, counted: Counted) -> dict[Named, Means]:
    groups = counted.groups(CLOSING.c.closed_by, sums=_SUMS).subquery()
    query = select(groups.c.closed_by, _SHOWN, groups.c.how_many, groups.c.minutes, groups.c.work_minutes)
    return _by_name(session, query.outerjoin(_PERSON, _PERSON.c.id == groups.c.closed_by))


def reopened_by_closer(session: Session, counted: Counted) -> dict[Named, int]:
    groups = counted.groups(CLOSING.c.closed_by, sums=[_HOW_MANY]).subquery()
    query = select(groups.c.closed_by, _SHOWN, groups.c.how_many)
    rows = _rows(session, query.outerjoin(_PERSON, _PERSON.c.id == groups.c.closed_by))
    return {(row[0], row[1] or ""): row[2] for row in rows}


def _folded(groups: FromClause, *sums: ColumnElement[Any]) -> Select[Any]:
    """Groups of requesters put together by their company of today."""
    company = _PERSON.c.company_id
    people = groups.join(_PERSON, _PERSON.c.id == groups.c.requester_id)
    folded = select(company, *sums).select_from(people).group_by(company).subquery()
    names = folded.outerjoin(_COMPANY, _COMPANY.c.id == folded.c.company_id)
    _, *found = folded.c
    return select(_COMPANY.c.id, _COMPANY.c.name, *found).select_from(names)


def _by_name(session: Session, query: Select[Any]) -> dict[Named, Means]:
    """Means by key and name. Sums of sums are no plain integers on PostgreSQL."""
    return {(row[0], row[1] or ""): Means(*map(int, row[2:])) for row in _rows(session, query)}


def _rows(session: Session, query: Select[Any]) -> Sequence[Sequence[Any]]:
    """All groups at once: fetched one by one, as a loop over a result does, they cost twice as much."""
    return session.execute(query).all()
