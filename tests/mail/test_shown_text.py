"""A person's text in mail out."""

import pytest

from gateway.mail.shown_text import TEXT_LIMIT, paragraphs, plain, quoted, without_links


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\r\nb\rc\nd", "a\nb\nc\nd", id="line breaks of every kind"),
        pytest.param("\n\n  a  \n\n", "  a  ", id="blank lines around go, blanks stay"),
        pytest.param("a\x00\x1b[31mb\tc\x7f", "a[31mb\tc", id="controls but tabs go"),
        pytest.param("x" * 500, "x" * 500, id="long lines are not wrapped"),
        pytest.param("\ud800a", "a", id="half a surrogate pair goes"),
        pytest.param("x" * (TEXT_LIMIT + 1), "x" * TEXT_LIMIT + " […]", id="endless text ends"),
    ],
)
def test_plain(text, expected):
    assert plain(text) == expected


def test_quoted_lines_cannot_be_taken_for_new_ones():
    assert quoted("#cerrar\n\nHola") == "> #cerrar\n>\n> Hola"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\nb\n\nc", ["a<br>b", "c"], id="lines and paragraphs"),
        pytest.param("a\n\n\n\n\nb", ["a", "b"], id="many blank lines are one"),
        pytest.param("", [], id="nothing"),
        pytest.param("<b onclick='x'>\"&", ["&lt;b onclick=&#39;x&#39;&gt;&#34;&amp;"], id="markup is text"),
        pytest.param("  si:\n    no", ["&nbsp; si:<br>&nbsp; &nbsp; no"], id="indents stay"),
        pytest.param(
            "(ver http://a.example/x?y=1&z='2'.)",
            ['(ver <a class="st-link" href="http://a.example/x?y=1&amp;z=&#39;2" style="color:#0b6170">'
             "http://a.example/x?y=1&amp;z=&#39;2</a>&#39;.)"],
            id="an address is a link up to its punctuation",
        ),
        pytest.param("javascript:a ftp://x data:x", ["javascript:a ftp://x data:x"], id="no other scheme"),
    ],
)  # fmt: skip
def test_paragraphs(text, expected):
    assert paragraphs(text) == expected


def test_the_markup_around_many_paragraphs_is_bounded():
    assert len(paragraphs("a\n\n" * 50_000)) == 300


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param("No imprime la Epson v1.2 de S.A.", "No imprime la Epson v1.2 de S.A.", id="ordinary"),
        pytest.param("Entrá a https://x.example/y ya", "Entrá a ya", id="a link"),
        pytest.param("Entrá a WWW.x ya", "Entrá a ya", id="a host by its prefix"),
        pytest.param("Entrá a casino.example/hoy ya", "Entrá a ya", id="a bare host"),
        pytest.param("Entrá a ñandú.com.ar ya", "Entrá a ya", id="a host with accents"),
        pytest.param("Escribí a juan@x ya", "Escribí a ya", id="an address"),
        pytest.param("tel:+5491112345678 x://y", "tel:+5491112345678", id="another scheme"),
        pytest.param("á" * 130, "á" * 119 + "…", id="cut at 120 characters"),
        pytest.param("http://a.example", "", id="only a link"),
        pytest.param("Entre a t3.gg ya", "Entre a ya", id="a host that ends in a digit"),
        pytest.param("Entre a ПРИМЕР.рф ya", "Entre a ya", id="a host in another script"),
        pytest.param("Entre a xn--e1afmkfd.xn--p1ai ya", "Entre a ya", id="the same as A-labels"),
        pytest.param("Entre a 例え。テスト ya", "Entre a ya", id="an ideographic full stop"),
        pytest.param("Entre a evil．example ya", "Entre a ya", id="wide letters and full stop"),
        pytest.param("Entre a evil[.]example ya", "Entre a ya", id="a full stop in brackets"),
        pytest.param("Entre a hxxps[:]//evil ya", "Entre a ya", id="a scheme made harmless"),
        pytest.param("Entre a (evil.)example ya", "Entre a ya", id="put together by a person"),
        pytest.param("Escriba a uno＠evil ya", "Escriba a ya", id="a wide at sign"),
        pytest.param("La factura 0001-8.345,20", "La factura 0001-8.345,20", id="numbers stay"),
    ],
)
def test_without_links(subject, expected):
    assert without_links(subject) == expected
