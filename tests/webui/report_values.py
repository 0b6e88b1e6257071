"""Reports by hand: what the database would have added up."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from gateway.rules.lifecycle import Channel
from gateway.rules.periods import Comparison, Period
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

APRIL = Period(date(2026, 4, 1), date(2026, 4, 30))
MARCH = Period(date(2026, 3, 2), date(2026, 3, 31))
HOSTILE = "\"><script>alert(1)</script></title></svg>{{7*7}}<img src=x onerror=alert(1)>'"
QUIET = [[0] * 24 for _ in range(7)]


def days(period: Period, counts: Mapping[int, tuple[int, int, int]]) -> list[Step]:
    """Each day of a period; by the number of the day: received, closed, and minutes of each closed one."""
    found = []
    for place in range(period.days):
        received, closed, minutes = counts.get(place, (0, 0, 0))
        day = period.first + timedelta(days=place)
        found.append(Step(Period(day, day), received, closed, Means(closed, closed * minutes, closed * 9)))
    return found


def times(cases: int, minutes: int) -> Times:
    means = Means(cases, cases * minutes, cases * minutes // 3)
    known = Fraction(minutes) if cases else None
    return Times(means, known, known / 3 if known is not None else None)


def figures(
    period: Period = APRIL,
    counts: Mapping[int, tuple[int, int, int]] | None = None,
    **values: Any,
) -> Figures:
    totals = {"received": 204, "closed": 199, "reopened": 11, "open_at_end": 43}
    totals |= {name: values.pop(name) for name in list(values) if name in totals}
    return Figures(
        **{
            "period": period,
            "totals": Totals(**totals, resolution=times(199, 564), first_answer=times(180, 40)),
            "days": days(period, counts or {0: (9, 6, 600), 13: (12, 9, 480)}),
            "hours": QUIET,
            "operators": [ByOperator(7, "Carla Núñez", 72, Means(72, 72 * 490, 72 * 200), 3)],
            "topics": [ByGroup(3, "Facturación", 90, 80, Means(80, 80 * 60, 80 * 30))],
            "companies": [ByGroup(NO_COMPANY, "", 9, 8, Means(8, 80, 40))],
            "channels": [ByChannel(Channel.EMAIL, 150), ByChannel(Channel.WEB, 54)],
        }
        | values
    )


def report(
    now: Figures | None = None,
    before: Figures | None = None,
    *,
    filters: Filters | None = None,
    counted: bool = True,
) -> Report:
    now = now or figures()
    against = before.period if before is not None else None
    comparison = Comparison.NONE if before is None else Comparison.DATES
    asked = Asked(now.period, comparison, against, filters or Filters())
    return Report(asked, now, before, counted)


def operators(*names: str) -> Sequence[ByOperator]:
    return [ByOperator(7 + place, name, 10, Means(10, 600, 300), 1) for place, name in enumerate(names)]
