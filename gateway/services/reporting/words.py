"""Periods, lengths of time and numbers of a report, as pages, files and mail say them in one language."""

from datetime import date
from fractions import Fraction

from babel.dates import format_date
from babel.numbers import format_decimal

from gateway.catalogue import Translator, _
from gateway.rules.periods import Period, Stride

HOUR = 60
MONDAY = date(2024, 1, 1)
IN_MINUTES_BELOW = 3 * HOUR
"""A chart of shorter times than that is read in minutes."""

Value = Fraction | int


class ReportWords:
    """Says what a report is about."""

    def __init__(self, language: str, translate: Translator) -> None:
        self._spanish = language == "es"
        self._locale = "es_AR" if self._spanish else "en"
        self._translate = translate

    def count(self, number: int) -> str:
        """Return a number of cases: 1.234."""
        return format_decimal(number, "#,##0", self._locale)

    def minutes(self, length: Value) -> str:
        """Return a length of time: 32 min, 9 h 24 min, 76 h. Never in days: those of work are shorter."""
        whole = int(Fraction(length) + Fraction(1, 2))
        hours, rest = self.count(whole // HOUR), whole % HOUR
        if whole < HOUR:
            return f"{rest} min"
        return f"{hours} h {rest} min" if rest else f"{hours} h"

    def decimal(self, number: Value) -> str:
        """Return a number with one place: 10,9."""
        return format_decimal(float(number), "#,##0.0", self._locale)

    def period(self, period: Period) -> str:
        """Return the name of a period: Abril 2026, 2026, or its first and last day."""
        if self._is_year(period):
            return str(period.first.year)
        if self._is_month(period):
            name = self._format(period.first, "LLLL y")
            return name[0].upper() + name[1:]
        return self.days(period)

    def days(self, period: Period) -> str:
        """Return the first and the last day of a period in numbers."""
        if period.first == period.last:
            return self.day(period.first)
        return self._between(self.day(period.first), self.day(period.last))

    def day(self, day: date) -> str:
        """Return a date without doubt which number is the month: 11/05/2026, 11 May 2026."""
        return f"{day:%d/%m/%Y}" if self._spanish else self._format(day, "d MMM y")

    def step(self, step: Period, *, year: bool = False) -> str:
        """Return a step of a chart: 1 de abril, 6 al 12 de abril, 27 de abril al 3 de mayo, abril de 2026."""
        if self._is_month(step):
            return self._format(step.first, "LLLL 'de' y" if self._spanish else "LLLL y")
        month = "d 'de' MMMM" if self._spanish else "d MMMM"
        whole = month + (" 'de' y" if self._spanish else " y") if year else month
        last = self._format(step.last, whole)
        if step.first == step.last:
            return last
        if step.first.month == step.last.month and step.first.year == step.last.year:
            return self._between(str(step.first.day), last)
        return self._between(self._format(step.first, whole), last)

    def tick(self, day: date, stride: Stride) -> str:
        """Return what stands below a step of a chart: 1 abr, abr 2026."""
        return self._format(day, "MMM y" if stride is Stride.MONTH else "d MMM")

    def weekday(self, number: int, *, short: bool = False) -> str:
        """Return a day of the week; Monday is 0."""
        return self._format(MONDAY.replace(day=1 + number), "ccc" if short else "cccc")

    def hour(self, hour: int) -> str:
        """Return an hour of the day: 9 a 10 h."""
        return self._translate(_("{first} to {last} h")).format(first=hour, last=hour + 1)

    def _between(self, first: str, last: str) -> str:
        return self._translate(_("{first} to {last}")).format(first=first, last=last)

    def _format(self, day: date, pattern: str) -> str:
        return format_date(day, pattern, self._locale)

    @staticmethod
    def _is_month(period: Period) -> bool:
        return period.first.day == 1 and period.steps(Stride.MONTH) == [period] and period.days >= 28

    @staticmethod
    def _is_year(period: Period) -> bool:
        first = period.first
        return period == Period(first.replace(month=1, day=1), first.replace(month=12, day=31))
