"""The pure pieces of pages: dates, texts, names of downloads, hosts."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.catalogue import translator
from webui.dates import Dates
from webui.hosts import safe_path
from webui.text import blocks, initials, paragraphs
from webui.views.files import disposition

NOW = datetime(2026, 5, 12, 13, 42, tzinfo=UTC)  # 10:42 in Mendoza
ZONE = ZoneInfo("America/Argentina/Mendoza")


@pytest.mark.parametrize(
    ("moment", "spanish", "english"),
    [
        pytest.param(NOW + timedelta(hours=1), "recién", "just now", id="a clock ahead of ours"),
        pytest.param(NOW - timedelta(seconds=59), "recién", "just now", id="under a minute"),
        pytest.param(NOW - timedelta(minutes=4), "hace 4 min", "4 min ago", id="minutes"),
        pytest.param(NOW - timedelta(minutes=90), "9:12", "9:12", id="this morning"),
        pytest.param(NOW - timedelta(hours=11), "ayer", "yesterday", id="last night there"),
        pytest.param(NOW - timedelta(days=4), "vie 8", "Fri 8", id="a day of this week"),
        pytest.param(NOW - timedelta(days=6), "mié 6", "Wed 6", id="the last one with a name"),
        pytest.param(NOW - timedelta(days=7), "05/05/2026", "5 May 2026", id="a date"),
    ],
)
def test_short_dates(moment: datetime, spanish: str, english: str) -> None:
    assert Dates("es", ZONE, translator("es")).short(moment, NOW) == spanish
    assert Dates("en", ZONE, translator("en")).short(moment, NOW) == english


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param(NOW - timedelta(minutes=51), "hoy, 9:51", id="today"),
        pytest.param(NOW - timedelta(hours=17), "ayer, 17:42", id="yesterday"),
        pytest.param(NOW - timedelta(days=30), "dom 12/04/2026, 10:42", id="long ago"),
    ],
)
def test_long_dates(moment: datetime, expected: str) -> None:
    assert Dates("es", ZONE, translator("es")).long(moment, NOW) == expected


def test_machine_dates_have_the_offset_of_the_zone() -> None:
    assert Dates("es", ZONE, translator("es")).machine(NOW) == "2026-05-12T10:42-03:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("a\nb\n\n\n c", ["a<br>b", " c"], id="paragraphs and lines"),
        pytest.param("<b>&", ["&lt;b&gt;&amp;"], id="escaped"),
        pytest.param("a\x00\x1b\u202eb", ["ab"], id="controls and direction marks go"),
        pytest.param(
            "ver https://a.example/b).",
            [
                'ver <a href="https://a.example/b" rel="noopener noreferrer nofollow">https://a.example/b</a>).'
            ],
            id="a link without what ends the sentence",
        ),
        pytest.param("javascript:alert(1)", ["javascript:alert(1)"], id="no link"),
    ],
)
def test_paragraphs(text: str, expected: list[str]) -> None:
    assert paragraphs(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("hola\n\n    a\n      b\n\nfin", ["hola", "[a\n  b]", "fin"], id="indented"),
        pytest.param("hola\n    - uno\n    - dos", ["hola<br>    - uno<br>    - dos"], id="a list"),
        pytest.param("    a\n\n    b\nc", ["[a]", "    b<br>c"], id="words right below"),
        pytest.param("x\n```\n<b>\n\n y\n```\nz", ["x", "[&lt;b&gt;\n\n y]", "z"], id="fenced"),
        pytest.param("```sql\nselect 1\n```", ["[select 1]"], id="fenced, with its language"),
        pytest.param("```\nno cierra", ["```<br>no cierra"], id="a fence that stays open"),
        pytest.param("```\n```\n\n \n", [], id="nothing in it"),
        pytest.param("\ta\n\t\tb", ["[a\n\tb]"], id="tabs"),
        pytest.param("a\u2028b\x85c\u202ed\u061c\x9b", ["a<br>b<br>cd"], id="odd ends, marks, controls"),
        pytest.param("    http://a.example", ["[http://a.example]"], id="no link in code"),
    ],
)
def test_blocks(text: str, expected: list[str]) -> None:
    assert [f"[{each.inside}]" if each.code else each.inside for each in blocks(text)] == expected


@pytest.mark.parametrize(
    "text",
    ["a\n\n", "    a\n\n", "    a\nb\n\n", "```\n", "\n", "    a\n\n\n\nb\n", "http://a\n\n", "<&\n"],
)
def test_a_text_of_a_mebibyte_is_parted_within_bounds(text: str) -> None:
    whole = (text * 2**20)[: 2**20] + "fin"
    shown = blocks(whole)
    assert len(shown) <= 5_001
    assert shown[-1].inside.endswith("fin")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("Laura Giménez", "LG", id="two words"),
        pytest.param("María del Carmen Ruiz", "MR", id="first and last"),
        pytest.param("laura.gimenez@andina.example", "LG", id="an address"),
        pytest.param("Soporte", "S", id="one word"),
        pytest.param("«»", "?", id="no letter"),
        pytest.param("", "?", id="nothing"),
    ],
)
def test_initials(name: str, expected: str) -> None:
    assert initials(name) == expected


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        pytest.param(
            "informe.pdf", "attachment; filename=\"informe.pdf\"; filename*=UTF-8''informe.pdf", id="plain"
        ),
        pytest.param("año.txt", "attachment; filename=\"a_o.txt\"; filename*=UTF-8''a%C3%B1o.txt", id="ñ"),
        pytest.param(
            'a"; x="/..\\b\r\nSet-Cookie: c',
            'attachment; filename="a__ x__..bSet-Cookie_ c"; '
            "filename*=UTF-8''a%22%3B%20x%3D%22..bSet-Cookie%3A%20c",
            id="quotes, separators and line breaks",
        ),
        pytest.param(
            "\u202e", "attachment; filename=\"adjunto\"; filename*=UTF-8''adjunto", id="nothing left"
        ),
    ],
)
def test_disposition(filename: str, expected: str) -> None:
    assert disposition(filename) == expected


@pytest.mark.parametrize(
    ("target", "safe"),
    [
        pytest.param("/bandeja?vista=mias&estado=todas", True, id="a page"),
        pytest.param("/", True, id="the start"),
        pytest.param("", False, id="nothing"),
        pytest.param("bandeja", False, id="no slash"),
        pytest.param("//a", False, id="host"),
        pytest.param("/\\a", False, id="backslash"),
        pytest.param("/a\x00", False, id="control"),
        pytest.param("/ñ", False, id="not ASCII"),
        pytest.param("/" + "a" * 2000, False, id="too long"),
    ],
)
def test_safe_path(target: str, safe: bool) -> None:
    assert safe_path(target, "/otra") == (target if safe else "/otra")
