"""Periods, lengths of time and numbers in words, as the design says them."""

from datetime import date
from fractions import Fraction

import pytest

from gateway.catalogue import translator
from gateway.rules.periods import Period, Stride
from gateway.services.reporting.words import ReportWords

ES, EN = (ReportWords(language, translator(language)) for language in ("es", "en"))


def period(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("minutes", "spanish"),
    [
        pytest.param(0, "0 min", id="nothing"),
        pytest.param(Fraction(1, 2), "1 min", id="half a minute"),
        pytest.param(Fraction(119, 2), "1 h", id="rounded up to an hour"),
        pytest.param(564, "9 h 24 min", id="hours and minutes"),
        pytest.param(76 * 60 + 10, "76 h 10 min", id="days are told in hours"),
        pytest.param(1204 * 60, "1.204 h", id="many hours"),
    ],
)
def test_minutes(minutes: Fraction | int, spanish: str) -> None:
    assert ES.minutes(minutes) == spanish


@pytest.mark.parametrize(
    ("first", "last", "spanish", "english"),
    [
        pytest.param("2026-04-01", "2026-04-30", "Abril 2026", "April 2026", id="a month"),
        pytest.param("2028-02-01", "2028-02-29", "Febrero 2028", "February 2028", id="a short month"),
        pytest.param("2026-01-01", "2026-12-31", "2026", "2026", id="a year"),
        pytest.param("2026-04-01", "2026-04-01", "01/04/2026", "1 Apr 2026", id="a day"),
        pytest.param(
            "2026-04-01", "2026-05-31", "01/04/2026 al 31/05/2026", "1 Apr 2026 to 31 May 2026", id="months"
        ),
    ],
)
def test_period(first: str, last: str, spanish: str, english: str) -> None:
    assert (ES.period(period(first, last)), EN.period(period(first, last))) == (spanish, english)


@pytest.mark.parametrize(
    ("first", "last", "spanish", "english"),
    [
        pytest.param("2026-04-01", "2026-04-01", "1 de abril", "1 April", id="a day"),
        pytest.param("2026-04-06", "2026-04-12", "6 al 12 de abril", "6 to 12 April", id="a week"),
        pytest.param(
            "2026-04-27", "2026-05-03", "27 de abril al 3 de mayo", "27 April to 3 May", id="across months"
        ),
        pytest.param("2026-04-01", "2026-04-30", "abril de 2026", "April 2026", id="a month"),
    ],
)
def test_step(first: str, last: str, spanish: str, english: str) -> None:
    assert (ES.step(period(first, last)), EN.step(period(first, last))) == (spanish, english)


def test_a_step_says_its_year_where_there_are_several() -> None:
    week = period("2025-12-29", "2026-01-04")
    assert ES.step(week, year=True) == "29 de diciembre de 2025 al 4 de enero de 2026"
    assert EN.step(week, year=True) == "29 December 2025 to 4 January 2026"


def test_the_rest() -> None:
    assert (ES.count(1234567), EN.count(1234567)) == ("1.234.567", "1,234,567")
    assert (ES.decimal(Fraction(109, 10)), EN.decimal(Fraction(109, 10))) == ("10,9", "10.9")
    assert (ES.tick(date(2026, 4, 1), Stride.DAY), ES.tick(date(2026, 4, 1), Stride.MONTH)) == (
        "1 abr",
        "abr 2026",
    )
    assert (ES.weekday(0), ES.weekday(6, short=True), EN.weekday(0)) == ("lunes", "dom", "Monday")
    assert (ES.hour(9), EN.hour(23)) == ("9 a 10 h", "23 to 24 h")
