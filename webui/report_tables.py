"""The tables of a report: who closed; topics, companies and ways requests came by; and what changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from gateway.rules import changes
from gateway.rules.changes import Change
from gateway.rules.lifecycle import Channel
from gateway.services.reporting.behind import Figure
from gateway.services.reporting.report import NO_COMPANY, ByGroup, ByOperator, Means, Report
from webui.charts import share
from webui.report_links import Links

COMPANIES = 20
"""So many companies are listed unless all are asked for."""


@dataclass(frozen=True, slots=True)
class Timed:
    """The mean time of some cases, and how it changed."""

    mean: Fraction | None
    work: Fraction | None
    change: Change | None


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """What one closed; without a name: what closed by itself. `share`: the length of the bar, of 100."""

    name: str
    path: str
    closed: int
    closed_path: str
    change: Change | None
    share: int
    resolution: Timed
    reopened: int
    reopened_path: str


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A topic or a company; without a name: people of no company."""

    name: str
    path: str
    received: int
    received_path: str
    change: Change | None
    share: int
    closed: int
    closed_path: str
    resolution: Timed


@dataclass(frozen=True, slots=True)
class ChannelRow:
    channel: Channel
    received: int
    path: str
    change: Change | None
    share: int


def operators(report: Report, links: Links) -> Sequence[OperatorRow]:
    before = _before(report, "operators", "user_id")
    most = max((each.closed for each in report.now.operators), default=0)

    def row(each: ByOperator) -> OperatorRow:
        earlier: ByOperator | None = before.get(each.user_id)
        closer = each.user_id or 0  # 0: it closed by itself
        return OperatorRow(
            name=each.name if each.user_id is not None else "",
            path=links.narrowed(operator=closer) if closer else "",
            closed=each.closed,
            closed_path=links.behind(Figure.CLOSED, closer=closer),
            change=_count(report, each.closed, earlier.closed if earlier else 0, changes.CLOSED),
            share=share(each.closed, most),
            resolution=_timed(report, each.resolution, earlier.resolution if earlier else Means()),
            reopened=each.reopened,
            reopened_path=links.behind(Figure.REOPENED, closer=closer),
        )

    return [row(each) for each in report.now.operators]


def total(report: Report) -> tuple[Change | None, Timed]:
    """Return how the number of closed requests changed in all, and their time."""
    now, before = report.now.totals, report.before.totals if report.before is not None else None
    change = _count(report, now.closed, before.closed if before else 0, changes.CLOSED)
    return change, _timed(report, now.resolution.means, before.resolution.means if before else Means())


def topics(report: Report, links: Links) -> Sequence[GroupRow]:
    return _groups(report, links, "topics", "topic")


def companies(report: Report, links: Links, *, every: bool) -> Sequence[GroupRow]:
    found = _groups(report, links, "companies", "company")
    return found if every else found[:COMPANIES]


def channels(report: Report, links: Links) -> Sequence[ChannelRow]:
    before = _before(report, "channels", "channel")
    most = max((each.received for each in report.now.channels), default=0)
    return [
        ChannelRow(
            channel=each.channel,
            received=each.received,
            path=links.behind(Figure.RECEIVED, channel=each.channel),
            change=_count(
                report,
                each.received,
                before[each.channel].received if each.channel in before else 0,
                changes.RECEIVED,
            ),
            share=share(each.received, most),
        )
        for each in report.now.channels
    ]


def _groups(report: Report, links: Links, field: str, kind: str) -> Sequence[GroupRow]:
    before = _before(report, field, "id")
    groups: Sequence[ByGroup] = getattr(report.now, field)
    most = max((each.received for each in groups), default=0)

    def row(each: ByGroup) -> GroupRow:
        earlier: ByGroup | None = before.get(each.id)
        only = {kind: each.id}
        return GroupRow(
            name="" if kind == "company" and each.id == NO_COMPANY else each.name,
            path=links.narrowed(**only),
            received=each.received,
            received_path=links.behind(Figure.RECEIVED, only=only),
            change=_count(report, each.received, earlier.received if earlier else 0, changes.RECEIVED),
            share=share(each.received, most),
            closed=each.closed,
            closed_path=links.behind(Figure.CLOSED, only=only),
            resolution=_timed(report, each.resolution, earlier.resolution if earlier else Means()),
        )

    return [row(each) for each in groups]


def _before(report: Report, field: str, key: str) -> Mapping[Any, Any]:
    """The rows of the other period by what they are about."""
    if report.before is None:
        return {}
    return {getattr(each, key): each for each in getattr(report.before, field)}


def _count(report: Report, now: int, before: int, better: changes.Better) -> Change | None:
    return changes.of_count(now, before, better) if report.before is not None else None


def _timed(report: Report, now: Means, before: Means) -> Timed:
    change = None
    if report.before is not None:
        cases = min(now.cases, before.cases)
        change = changes.of_minutes(now.mean, before.mean, cases=cases, better=changes.RESOLUTION)
    return Timed(now.mean, now.work_mean, change)
