"""A report as values: what was asked, and every figure of a period, beside those of another.

What each figure counts:

- received: requests that were opened in the period. One that a program's mail opened does not count,
  nor does mail that is held or was a repeat: neither opened one. What was held is received when it is let in.
- closed: requests closed in the period, each once, by its last closing there, whatever came after.
- resolution: from the receipt of a closed request to that closing.
- first answer: from the receipt to the first public answer of an operator, of those answered in the period.
  What an operator writes to open a request for a client is no answer.
- reopened: requests opened again in the period, each once, counted to who had closed it the last time.
- open at the end: received by the end of the period and not closed then.

Topic and company are those of today. Of one operator: what is assigned to them today (received, open),
what they answered first, what they closed (closed, resolution, reopened).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from gateway.rules.lifecycle import Channel
from gateway.rules.periods import Comparison, Period

NO_COMPANY = 0
"""As the number of a company: people of none."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which requests a report is about; None: all. `company` may be NO_COMPANY."""

    topic: int | None = None
    operator: int | None = None
    company: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is asked for. `against` is None when nothing is compared."""

    period: Period
    comparison: Comparison
    against: Period | None
    filters: Filters = Filters()


@dataclass(frozen=True, slots=True)
class Means:
    """Minutes of some cases, added up: in calendar time, and in working hours."""

    cases: int = 0
    minutes: int = 0
    work_minutes: int = 0

    @property
    def mean(self) -> Fraction | None:
        return Fraction(self.minutes, self.cases) if self.cases else None

    @property
    def work_mean(self) -> Fraction | None:
        return Fraction(self.work_minutes, self.cases) if self.cases else None

    def __add__(self, other: "Means") -> "Means":
        return Means(
            self.cases + other.cases, self.minutes + other.minutes, self.work_minutes + other.work_minutes
        )


@dataclass(frozen=True, slots=True)
class Times:
    """Minutes of some cases, with those in the middle: the mean of both when their number is even."""

    means: Means = Means()
    median: Fraction | None = None
    work_median: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """The figures of the tiles."""

    received: int
    closed: int
    reopened: int
    open_at_end: int
    resolution: Times
    first_answer: Times


@dataclass(frozen=True, slots=True)
class ByOperator:
    """What one closed. `user_id` None: requests that closed by themselves. Most closed first."""

    user_id: int | None
    name: str
    closed: int
    resolution: Means
    reopened: int


@dataclass(frozen=True, slots=True)
class ByGroup:
    """What was received and closed of a topic, or of a company (NO_COMPANY: of none). Most received first."""

    id: int
    name: str
    received: int
    closed: int
    resolution: Means


@dataclass(frozen=True, slots=True)
class ByChannel:
    channel: Channel
    received: int


@dataclass(frozen=True, slots=True)
class Step:
    """A day, or some days in a row. Of a request closed several times in the period the last closing counts."""

    period: Period
    received: int
    closed: int
    resolution: Means


@dataclass(frozen=True, slots=True)
class Figures:
    """Every figure of one period. `days`: each day of it, also those without anything.

    `hours`: seven rows of 24, Monday first: how many were received in each hour of the week.
    """

    period: Period
    totals: Totals
    days: Sequence[Step]
    hours: Sequence[Sequence[int]]
    operators: Sequence[ByOperator]
    topics: Sequence[ByGroup]
    companies: Sequence[ByGroup]
    channels: Sequence[ByChannel]


@dataclass(frozen=True, slots=True)
class Report:
    """What was asked and found. `counted`: whether all requests and their working minutes are up to date."""

    asked: Asked
    now: Figures
    before: Figures | None
    counted: bool
