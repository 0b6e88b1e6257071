"""The address of a report ↔ what is asked for."""

from datetime import date
from urllib.parse import parse_qsl

import pytest

from gateway.errors import InvalidForm
from gateway.rules.periods import Comparison, Period
from gateway.services.reporting.report import Asked, Filters
from webui.asking import asked_of, of_period, period_in, query_of

TODAY = date(2026, 5, 11)
APRIL = Period(date(2026, 4, 1), date(2026, 4, 30))
MARCH = Period(date(2026, 3, 2), date(2026, 3, 31))
LAST_APRIL = Period(date(2025, 4, 1), date(2025, 4, 30))
JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))

PREVIOUS = Asked(APRIL, Comparison.PREVIOUS, MARCH)
SHARED = [
    pytest.param(PREVIOUS, id="the time before"),
    pytest.param(Asked(APRIL, Comparison.LAST_YEAR, LAST_APRIL), id="the year before"),
    pytest.param(Asked(APRIL, Comparison.DATES, JANUARY), id="other dates"),
    pytest.param(Asked(APRIL, Comparison.NONE, None), id="nothing"),
    pytest.param(Asked(APRIL, Comparison.NONE, None, Filters(3, 7, 0)), id="every filter, no company"),
    pytest.param(Asked(APRIL, Comparison.NONE, None, Filters(company=12)), id="a company"),
]


@pytest.mark.parametrize("asked", SHARED)
def test_an_address_says_all_that_was_asked(asked: Asked) -> None:
    assert asked_of(dict(parse_qsl(query_of(asked))), today=TODAY) == asked


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({}, PREVIOUS, id="nothing said: the last month, beside the time before"),
        pytest.param({"desde": "", "hasta": "", "tematica": "", "empresa": ""}, PREVIOUS, id="empty fields"),
        pytest.param(
            {"comparar": "no", "operador": "7"}, Asked(APRIL, Comparison.NONE, None, Filters(operator=7)),
            id="only a filter",
        ),
        pytest.param(
            {"desde": "2028-02-29", "hasta": "2028-02-29", "comparar": "anio"},
            Asked(
                Period(date(2028, 2, 29), date(2028, 2, 29)),
                Comparison.LAST_YEAR,
                Period(date(2027, 2, 28), date(2027, 2, 28)),
            ),
            id="a leap day",
        ),
    ],
)  # fmt: skip
def test_asked_of(query: dict[str, str], expected: Asked) -> None:
    assert asked_of(query, today=TODAY) == expected


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        pytest.param({"desde": "2026-05-02", "hasta": "2026-05-01"}, ["desde"], id="from after to"),
        pytest.param({"desde": "2026-02-30", "hasta": "x"}, ["desde", "hasta"], id="no dates"),
        pytest.param({"desde": "2026-05-01"}, ["hasta"], id="one date missing"),
        pytest.param({"desde": "1989-12-31", "hasta": "2101-01-01"}, ["desde", "hasta"], id="out of bounds"),
        pytest.param({"desde": "2000-01-01", "hasta": "2010-01-08"}, ["hasta"], id="a day too long"),
        pytest.param({"comparar": "fechas"}, ["contra_desde", "contra_hasta"], id="nothing to compare with"),
        pytest.param(
            {"comparar": "fechas", "contra_desde": "2026-05-02", "contra_hasta": "2026-05-01"},
            ["contra_desde"],
            id="the other dates turned around",
        ),
        pytest.param({"comparar": "ayer"}, ["comparar"], id="an unknown comparison"),
        pytest.param(
            {"tematica": "x", "operador": "0"}, ["tematica", "operador"], id="filters that are none"
        ),
        pytest.param({"empresa": "9" * 17}, ["empresa"], id="a number too large"),
        pytest.param({"desde": "\x00", "hasta": "٢٠٢٦"}, ["desde", "hasta"], id="nonsense"),
    ],
)
def test_what_makes_no_sense_is_told_beside_its_field(query: dict[str, str], fields: list[str]) -> None:
    with pytest.raises(InvalidForm) as refused:
        asked_of(query, today=TODAY)
    assert [each.field for each in refused.value.problems] == fields


def test_ten_years_are_not_too_long() -> None:
    asked = asked_of({"desde": "2000-01-01", "hasta": "2010-01-07"}, today=TODAY)
    assert (asked.period.days, asked.against) == (3660, asked.period.previous())


def test_another_period_keeps_filters_and_the_kind_of_comparison() -> None:
    asked = Asked(MARCH, Comparison.LAST_YEAR, None, Filters(topic=3))
    assert of_period(asked, APRIL) == Asked(APRIL, Comparison.LAST_YEAR, LAST_APRIL, Filters(topic=3))
    assert of_period(Asked(MARCH, Comparison.DATES, JANUARY), APRIL) == PREVIOUS


def test_a_period_must_be_named_where_none_goes_without_saying() -> None:
    assert period_in({"desde": "2026-04-01", "hasta": "2026-04-30"}) == APRIL
    with pytest.raises(InvalidForm):
        period_in({})
