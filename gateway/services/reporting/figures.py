"""A report made: every figure of a period, and of the one it is compared with."""

from collections import Counter
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import Column
from sqlmodel import Session

from gateway.rules.lifecycle import Channel
from gateway.rules.periods import Period
from gateway.services import recounting
from gateway.services.reporting import counted, folding, queries
from gateway.services.reporting.counted import CLOSING, REQUEST, Counted, Span
from gateway.services.reporting.queries import Named
from gateway.services.reporting.report import (
    NO_COMPANY,
    Asked,
    ByChannel,
    ByGroup,
    ByOperator,
    Figures,
    Filters,
    Means,
    Report,
    Step,
    Times,
    Totals,
)


def make(session: Session, asked: Asked, *, zone: ZoneInfo) -> Report:
    """Add up what was asked for."""
    current = recounting.is_current(session, zone)
    now = of_period(session, asked.period, asked.filters, zone=zone)
    against = asked.against
    before = None if against is None else of_period(session, against, asked.filters, zone=zone)
    return Report(asked, now, before, counted=current)


def of_period(session: Session, period: Period, filters: Filters, *, zone: ZoneInfo) -> Figures:
    """Add up one period."""
    span = Span.of(period, zone)
    received, closed = counted.received(span, filters), counted.closed(span, filters)
    opened = queries.received_by_quarter(session, received)
    days = folding.steps(period, opened, queries.closed_by_quarter(session, closed), zone)
    operators = _operators(session, closed, counted.reopened(span, filters))
    by_topic = queries.received_by_topic(session, received)
    topics, channels = Counter[Named](), Counter[Channel]()
    for (number, name, channel), cases in by_topic.items():
        topics[number, name] += cases
        channels[channel] += cases
    companies = queries.received_by_company(session, received)
    return Figures(
        period=period,
        totals=_totals(session, span, filters, days, operators),
        days=days,
        hours=folding.hours(period, opened, zone),
        operators=operators,
        topics=_groups(topics, queries.closed_by_topic(session, closed)),
        companies=_groups(companies, queries.closed_by_company(session, closed)),
        channels=[ByChannel(each, channels[each]) for each in Channel],
    )


def _totals(
    session: Session, span: Span, filters: Filters, days: Sequence[Step], operators: Sequence[ByOperator]
) -> Totals:
    ever = queries.how_many(session, counted.received_before(span, filters))
    done = queries.how_many(session, counted.closed_then(span, filters))
    closed, answered = counted.closed(span, filters), counted.answered(span, filters)
    request, closing = REQUEST.c, CLOSING.c
    return Totals(
        received=sum(each.received for each in days),
        closed=sum(each.closed for each in days),
        reopened=sum(each.reopened for each in operators),
        open_at_end=ever - done,
        resolution=_times(session, closed, closing.minutes, closing.work_minutes),
        first_answer=_times(session, answered, request.answer_minutes, request.answer_work_minutes),
    )


def _times(session: Session, rows: Counted, minutes: Column[int], work: Column[int]) -> Times:
    return folding.times(queries.histogram(session, rows, minutes), queries.histogram(session, rows, work))


def _operators(session: Session, closed: Counted, reopened: Counted) -> list[ByOperator]:
    means = queries.closed_by_closer(session, closed)
    undone = queries.reopened_by_closer(session, reopened)
    found = []
    for number, name in means.keys() | undone.keys():
        own = means.get((number, name), Means())
        found.append(ByOperator(number, name, own.cases, own, undone.get((number, name), 0)))
    return sorted(found, key=lambda one: (-one.closed, -one.reopened, one.name, one.user_id or 0))


def _groups(received: Mapping[Named, int], closed: Mapping[Named, Means]) -> list[ByGroup]:
    found = []
    for number, name in received.keys() | closed.keys():
        own = closed.get((number, name), Means())
        cases = received.get((number, name), 0)
        found.append(ByGroup(number or NO_COMPANY, name, cases, own.cases, own))
    return sorted(found, key=lambda one: (-one.received, -one.closed, one.name, one.id))
