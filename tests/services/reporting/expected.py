"""Every figure of a report by its name: as it is counted here, and as the program shows it.

Both are dicts of the same keys, so that a difference says which figure it is. What is nothing is left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from gateway.services.reporting.report import NO_COMPANY, Figures, Means, Times
from tests.services.reporting.recount import Recount, Took, Wanted, mean, median

BY_ITSELF = "itself"

Behind = dict[str, set[int]]
"""The numbers of the requests behind each figure that counts some."""


@dataclass(frozen=True)
class Names:
    """What the rows that figures name are called in an export."""

    people: Mapping[int, str]
    topics: Mapping[int, str]
    companies: Mapping[int, str]


def behind(count: Recount, wanted: Wanted) -> Behind:
    """Which requests each figure counts."""
    found: Behind = {}
    received, closed, undone = count.received(wanted), count.closed(wanted), count.reopened(wanted)
    for number, request in received.items():
        local = count.local(request.opened)
        for key in (
            "received",
            f"{local.date()} received",
            f"hour {local.weekday()} {local.hour} received",
            f"topic {request.topic} received",
            f"company {request.company or ''} received",
            f"channel {request.channel} received",
        ):
            found.setdefault(key, set()).add(number)
    for number, (request, closing) in closed.items():
        for key in (
            "closed",
            f"{count.local(closing.at).date()} closed",
            f"operator {closing.by or BY_ITSELF} closed",
            f"topic {request.topic} closed",
            f"company {request.company or ''} closed",
        ):
            found.setdefault(key, set()).add(number)
    for number, closing in undone.items():
        for key in ("reopened", f"operator {closing.by or BY_ITSELF} reopened"):
            found.setdefault(key, set()).add(number)
    found["open at end"] = set(count.open_at_end(wanted))
    found["answered"] = set(count.answered(wanted))
    return {key: numbers for key, numbers in found.items() if numbers}


def counted(count: Recount, wanted: Wanted) -> dict[str, Any]:
    """Every figure as it is counted here."""
    all_behind, closed = behind(count, wanted), count.closed(wanted)
    answers = count.answered(wanted)
    found: dict[str, Any] = {key: len(numbers) for key, numbers in all_behind.items()}
    found |= _times("first answer", count.first_answers(answers.values()))
    for key, numbers in all_behind.items():
        if key.endswith("closed"):
            took = count.resolutions(closed[number] for number in numbers)
            found |= _times(key, took) if key == "closed" else _means(key, took)
    return found


def shown(figures: Figures, names: Names) -> dict[str, Any]:
    """Every figure as the program has it."""
    totals = figures.totals
    found: dict[str, Any] = {
        "received": totals.received,
        "closed": totals.closed,
        "reopened": totals.reopened,
        "open at end": totals.open_at_end,
        "answered": totals.first_answer.means.cases,
    }
    found |= _shown_times("closed", totals.resolution) | _shown_times("first answer", totals.first_answer)
    for step in figures.days:
        assert step.period.days == 1
        found |= _group(str(step.period.first), step.received, step.closed, step.resolution)
    for day, row in enumerate(figures.hours):
        found |= {f"hour {day} {hour} received": number for hour, number in enumerate(row)}
    for each in figures.operators:
        who = BY_ITSELF if each.user_id is None else names.people[each.user_id]
        found |= _group(f"operator {who}", 0, each.closed, each.resolution)
        found[f"operator {who} reopened"] = each.reopened
    for topic in figures.topics:
        name = names.topics[topic.id]
        assert topic.name == name
        found |= _group(f"topic {name}", topic.received, topic.closed, topic.resolution)
    for company in figures.companies:
        cuit = "" if company.id == NO_COMPANY else names.companies[company.id]
        found |= _group(f"company {cuit}", company.received, company.closed, company.resolution)
    found |= {f"channel {each.channel} received": each.received for each in figures.channels}
    return {key: value for key, value in found.items() if value not in (0, None)}


def _group(name: str, received: int, closed: int, resolution: Means) -> dict[str, Any]:
    assert resolution.cases == closed, name
    counts = {f"{name} received": received, f"{name} closed": closed}
    return counts | _shown_means(f"{name} closed", resolution)


def _means(key: str, took: Iterable[Took]) -> dict[str, Any]:
    calendar, work = zip(*took, strict=True)
    return _without_nothing({f"{key}: mean": mean(calendar), f"{key}: work mean": mean(work)})


def _times(key: str, took: Iterable[Took]) -> dict[str, Any]:
    took = list(took)
    if not took:
        return {}
    calendar, work = zip(*took, strict=True)
    medians = {f"{key}: median": median(calendar), f"{key}: work median": median(work)}
    return _means(key, took) | _without_nothing(medians)


def _shown_means(key: str, means: Means) -> dict[str, Any]:
    return {f"{key}: mean": means.mean, f"{key}: work mean": means.work_mean}


def _shown_times(key: str, times: Times) -> dict[str, Any]:
    medians = {f"{key}: median": times.median, f"{key}: work median": times.work_median}
    for each in (times.median, times.work_median, times.means.mean):
        assert each is None or type(each) is Fraction, f"{key} is not exact"
    return _shown_means(key, times.means) | medians


def _without_nothing(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value != 0}
