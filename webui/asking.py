"""The address of a report ↔ what is asked for, so that a report can be shared, and leaves as a file (W17).

What makes no sense is told beside its field: of a wrong date nobody should read figures.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from urllib.parse import urlencode

from gateway.errors import Invalid, InvalidForm
from gateway.rules.periods import EARLIEST, LATEST, LONGEST_DAYS, Comparison, Period, last_month
from gateway.services.companies import LARGEST_ID
from gateway.services.reporting.report import Asked, Filters
from webui.numbers import number_in

ALL_COMPANIES = "empresas", "todas"
"""Says in an address that every company is listed, not only the first."""


def asked_of(query: Mapping[str, str], *, today: date) -> Asked:
    """Return what an address asks for: of an empty one the last month, beside the time before.

    `today` is the day of the site. Raises InvalidForm with all that is wrong; whether a topic, an
    operator or a company exists is not asked here.
    """
    problems: list[Invalid] = []
    period = _period(query, "desde", "hasta", problems, otherwise=last_month(today))
    comparison = _comparison(query, problems)
    other = None
    if comparison is Comparison.DATES:
        other = _period(query, "contra_desde", "contra_hasta", problems, otherwise=None)
    filters = _filters(query, problems)
    if problems or period is None:
        raise InvalidForm(problems)
    return Asked(period, comparison, _against(period, comparison, other), filters)


def query_of(asked: Asked, **more: str) -> str:
    """Return the query of the address of a report, or of its files; `more` is said besides."""
    said = _dates(asked.period) | {"comparar": str(asked.comparison)}
    if asked.comparison is Comparison.DATES and asked.against is not None:
        said |= {f"contra_{name}": day for name, day in _dates(asked.against).items()}
    return urlencode(said | filters_said(asked.filters) | more)


def filters_said(filters: Filters) -> dict[str, str]:
    """Return the filters that are on, as addresses say them."""
    named = {"tematica": filters.topic, "operador": filters.operator, "empresa": filters.company}
    return {name: str(value) for name, value in named.items() if value is not None}


def of_period(asked: Asked, period: Period) -> Asked:
    """Return the same of another period; dates that were chosen to go with the first one do not stay."""
    kept = Comparison.PREVIOUS if asked.comparison is Comparison.DATES else asked.comparison
    return replace(asked, period=period, comparison=kept, against=_against(period, kept, None))


def period_in(query: Mapping[str, str], first: str = "desde", last: str = "hasta") -> Period:
    """Return the period that two fields of an address name; raises InvalidForm when they name none."""
    problems: list[Invalid] = []
    period = _period(query, first, last, problems, otherwise=None)
    if period is None:
        raise InvalidForm(problems)
    return period


def filters_in(query: Mapping[str, str]) -> Filters:
    """Return the filters that an address names; raises InvalidForm for what can be none."""
    problems: list[Invalid] = []
    filters = _filters(query, problems)
    if problems:
        raise InvalidForm(problems)
    return filters


def _filters(query: Mapping[str, str], problems: list[Invalid]) -> Filters:
    return Filters(
        topic=_id(query, "tematica", problems, least=1),
        operator=_id(query, "operador", problems, least=1),
        company=_id(query, "empresa", problems, least=0),
    )


def _against(period: Period, comparison: Comparison, other: Period | None) -> Period | None:
    match comparison:
        case Comparison.PREVIOUS:
            return period.previous()
        case Comparison.LAST_YEAR:
            return period.last_year()
        case Comparison.DATES:
            return other
        case Comparison.NONE:
            return None


def _period(
    query: Mapping[str, str], first: str, last: str, problems: list[Invalid], *, otherwise: Period | None
) -> Period | None:
    """Return a period from two fields, or None and the problems; `otherwise` when both are empty."""
    if otherwise is not None and not query.get(first, "").strip() and not query.get(last, "").strip():
        return otherwise
    before = len(problems)
    begins, ends = _day(query, first, problems), _day(query, last, problems)
    if begins is None or ends is None:
        return None
    if begins > ends:
        problems.append(Invalid(first, "The first day is after the last one. Change one of the two."))
    elif (ends - begins).days >= LONGEST_DAYS:
        problems.append(Invalid(last, "A report covers ten years at most. Choose a shorter period."))
    return Period(begins, ends) if len(problems) == before else None


def _day(query: Mapping[str, str], name: str, problems: list[Invalid]) -> date | None:
    text = query.get(name, "").strip()
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        day = None
    if day is None:
        problems.append(Invalid(name, "Choose a date that is in the calendar."))
        return None
    if not EARLIEST <= day <= LATEST:
        years = {"first": EARLIEST.year, "last": LATEST.year}
        problems.append(Invalid(name, "Choose a date between the years {first} and {last}.", **years))
        return None
    return day


def _dates(period: Period) -> dict[str, str]:
    return {"desde": period.first.isoformat(), "hasta": period.last.isoformat()}


def _comparison(query: Mapping[str, str], problems: list[Invalid]) -> Comparison:
    text = query.get("comparar", "")
    found = next((each for each in Comparison if each.value == text), None)
    if found is None and text:
        problems.append(Invalid("comparar", "Choose from the list what to compare with."))
    return found or Comparison.PREVIOUS


def _id(query: Mapping[str, str], name: str, problems: list[Invalid], *, least: int) -> int | None:
    if not query.get(name, "").strip():
        return None
    number = number_in(query, name)
    if number is None or not least <= number <= LARGEST_ID:
        problems.append(Invalid(name, "Choose one from the list."))
        return None
    return number
