"""Hours and days off as people write them."""

from datetime import date

import pytest

from gateway.errors import Invalid
from webui.hours_form import day_text, days_off_text, read_day, read_days_off

NINE_TO_SIX = ((540, 1080),)
SIESTA = ((480, 720), (960, 1200))


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", ()),
        (" \u200b", ()),
        ("9:00 a 18:00", NINE_TO_SIX),
        ("9-18", NINE_TO_SIX),
        ("9:00–18:00", NINE_TO_SIX),
        ("09.00 — 18.00", NINE_TO_SIX),
        ("9 h a 18 hs.", NINE_TO_SIX),
        ("9hs-18hs", NINE_TO_SIX),
        ("De 9 a 18", NINE_TO_SIX),
        ("de las 9 hasta las 18 hrs", NINE_TO_SIX),
        ("9:00 to 18:00", NINE_TO_SIX),
        ("8:00 a 12:00, 16:00 a 20:00", SIESTA),
        ("8 a 12 y 16 a 20", SIESTA),
        ("8-12 / 16-20", SIESTA),
        ("8 a 12, y de 16 a 20", SIESTA),
        ("8 to 12 and 16 to 20", SIESTA),
        ("16 a 20; 8 a 12", SIESTA),
        ("9 a 13, 13 a 18", NINE_TO_SIX),
        ("0 a 24", ((0, 1440),)),
        ("22:30 a 0:00", ((1350, 1440),)),
        ("0:00 a 6:00, 22:00 a 24:00", ((0, 360), (1320, 1440))),
    ],
)
def test_read_day(text, spans):
    assert read_day(text, "lunes", "Lunes") == spans


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("mañana", "write hours as"),
        ("9", "write hours as"),
        ("9 a", "write hours as"),
        ("9 a 18,", "write hours as"),
        ("9 a 18 y listo", "write hours as"),
        ("-9 a 18", "write hours as"),
        ("٩ a ١٨", "write hours as"),
        ("9:0 a 18:00", "write hours as"),
        ("9 a 18 " * 500, "write hours as"),
        ("18 a 9", "ends after it begins"),
        ("9 a 9", "ends after it begins"),
        ("9 a 25", "ends after it begins"),
        ("9 a 24:01", "ends after it begins"),
        ("9:75 a 18", "ends after it begins"),
        ("9 a 18:60", "ends after it begins"),
        ("9 a 13, 12 a 18", "overlap"),
        ("1 a 2, 3 a 4, 5 a 6, 7 a 8, 9 a 10", "at most 4"),
    ],
)
def test_hours_nobody_can_mean(text, wrong):
    with pytest.raises(Invalid, match=wrong) as refused:
        read_day(text, "lunes", "Lunes")
    assert (refused.value.field, refused.value.problem[:6]) == ("lunes", "Lunes:")


@pytest.mark.parametrize("spans", [(), NINE_TO_SIX, SIESTA, ((0, 1440),), ((1, 2), (59, 60), (61, 1440))])
def test_what_a_field_shows_is_what_it_reads(spans):
    for stretch in ("{opens} a {closes}", "{opens} to {closes}"):
        assert read_day(day_text(spans, stretch), "lunes", "Lunes") == spans


CHRISTMAS_EVE = date(2026, 12, 24)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("", ()),
        ("\r\n  \n", ()),
        ("24/12/2026 Nochebuena", ((CHRISTMAS_EVE, "Nochebuena"),)),
        ("2026-12-24 Nochebuena", ((CHRISTMAS_EVE, "Nochebuena"),)),
        ("24-12-26: Noche  buena ", ((CHRISTMAS_EVE, "Noche buena"),)),
        ("24.12.2026 – Nochebuena\u202e", ((CHRISTMAS_EVE, "Nochebuena"),)),
        ("24/12/2026 Noche\u200dbuena\u2028", ((CHRISTMAS_EVE, "Nochebuena"),)),
        ("24/12/2026", ((CHRISTMAS_EVE, ""),)),
        ("24/12/2026\n2/1/2026 Balance", ((date(2026, 1, 2), "Balance"), (CHRISTMAS_EVE, ""))),
        ("29/2/2028 " + "x" * 40, ((date(2028, 2, 29), "x" * 40),)),
    ],
)
def test_read_days_off(text, days):
    assert read_days_off(text, "libres") == days
    assert read_days_off(days_off_text(days), "libres") == days


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Nochebuena 24/12/2026", "Line 1: write a day"),
        ("24/12/2026\n\n31/02/2026 Nada", "Line 3: write a day"),
        ("12/24/2026 Christmas", "Line 1: write a day"),
        ("24/12/20261", "Line 1: write a day"),
        ("24/12/1969", "Line 1: write a day"),
        ("2101-01-01", "Line 1: write a day"),
        ("0000-00-00", "Line 1: write a day"),
        ("24/12/2026\n2026-12-24 Otra vez", "Line 2: this day is written twice"),
        ("24/12/2026 " + "x" * 41, "Line 1: the name has at most 40"),
        ("1/1/2026\n" * 61, "room for 60"),
    ],
)
def test_days_off_nobody_can_mean(text, wrong):
    with pytest.raises(Invalid, match=wrong) as refused:
        read_days_off(text, "libres")
    assert refused.value.field == "libres"
