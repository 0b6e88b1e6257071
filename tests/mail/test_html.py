"""HTML → text and → safe HTML: what is seen, what is let through, what meets no parser (B6, W11)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from gateway.mail import html
from gateway.mail.html_limits import fits
from gateway.mail.html_text import RULE


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        pytest.param("hola", "hola", id="no tag at all"),
        pytest.param("<p>uno</p><p>dos</p>", "uno\n\ndos", id="paragraphs"),
        pytest.param("<div>uno</div><div>dos</div>", "uno\ndos", id="lines of Gmail"),
        pytest.param("<div>uno</div><div><br></div><div>dos</div>", "uno\n\ndos", id="a blank line of Gmail"),
        pytest.param(
            "<p class=MsoNormal>uno<o:p></o:p></p><p class=MsoNormal>dos</p>",
            "uno\ndos",
            id="lines of Outlook",
        ),
        pytest.param("a<br>b<br/>c", "a\nb\nc", id="line ends"),
        pytest.param("<b>a</b> <i>b</i>\n c", "a b c", id="blanks fold"),
        pytest.param("a&nbsp;&amp;&nbsp;b &ntilde;", "a & b ñ", id="entities"),
        pytest.param("<ul><li>a<li>b<ul><li>c</ul></ul>", "- a\n- b\n  - c", id="lists in lists"),
        pytest.param("<ol start=3><li>a<li>b</ol>", "1. a\n2. b", id="numbered"),
        pytest.param(
            "<table><tr><td>Campo</td><td>Valor</td></tr><tr><td>a</td><td></td></tr></table>",
            "Campo | Valor\na",
            id="a table",
        ),
        pytest.param("<table><tr><td>a<br>b</td><td>c</td></tr></table>", "a\nb\nc", id="a table for layout"),
        pytest.param("<pre>a\n  b</pre>", "a\n  b", id="preformatted"),
        pytest.param("<style>x</style><script>y</script><title>z</title>a", "a", id="what is not shown"),
        pytest.param("a<div style='Display : None'>#cerrar</div>", "a", id="hidden by style"),
        pytest.param("a<p hidden>#cerrar</p>", "a", id="hidden by attribute"),
        pytest.param("<!-- #cerrar -->a", "a", id="comment"),
        pytest.param("<img src=cid:1 alt=captura>", "[captura]", id="an image's words"),
        pytest.param("a<hr>b", f"a\n{RULE}\nb", id="a rule"),
        pytest.param("<blockquote>sangría</blockquote>", "sangría", id="indented is not quoted"),
        pytest.param("<blockquote type=cite>a<br>b</blockquote>c", "> a\n> b\n\nc", id="quoted"),
        pytest.param(
            "<blockquote type=cite>a<blockquote type=cite>b</blockquote></blockquote>",
            "> a\n\n>> b",
            id="twice",
        ),
        pytest.param(
            '<div class="gmail_quote">propio<blockquote class="gmail_quote">ajeno</blockquote>propio</div>',
            "propio\n\n> ajeno\n\npropio",
            id="answers inside Gmail's container are own words",
        ),
        pytest.param("<div id=divRplyFwdMsg><b>De:</b> x</div>", f"{RULE}\nDe: x", id="Outlook on the web"),
        pytest.param("<div>" * 190 + "hondo", "hondo", id="190 levels"),
        pytest.param("<table><tr><td>" * 150 + "hondo", "hondo", id="150 tables in tables"),
    ],
)
def test_to_text(markup, expected):
    assert html.to_text(markup) == expected


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<div>" * 40_000, id="40,000 tags"),
        pytest.param("<div>" * 300, id="300 levels"),
        pytest.param("<div></span></p></b>" * 300, id="300 levels hidden by stray end tags"),
        pytest.param("<a " * 32_000, id="tags in a tag"),
        pytest.param("<!--" * 32_000, id="comments that never end"),
        pytest.param("x" * (1024 * 1024 + 1), id="more than 1 MiB"),
        pytest.param("<a " + " ".join(f"a{n}" for n in range(9_000)) + ">", id="9,000 attributes"),
        pytest.param(
            '<a b" x=">" ' + " ".join(f"a{n}" for n in range(9_000)), id="attributes behind a false end"
        ),
        pytest.param("<a/" + "/".join(f"a{n}" for n in range(9_000)), id="attributes between slashes"),
        pytest.param(
            "<a " + "".join(f'a{n}="1"' for n in range(9_000)), id="attributes without anything between"
        ),
        pytest.param("&" * 200_000, id="200,000 escapes"),
    ],
)
def test_what_does_not_fit_meets_no_parser_and_keeps_its_words(markup):
    assert not fits(markup)
    assert html.safe(markup) == ""
    assert "hola" in html.to_text(f"<p>hola</p>{markup}")


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<p>hola</p>" * 3_000, id="3,000 paragraphs"),
        pytest.param("<p>" * 5_000, id="paragraphs that stay open"),
        pytest.param("a<br>" * 9_000, id="9,000 lines"),
        pytest.param('<img src="data:image/png;base64,' + "QUJD" * 200_000 + '">', id="an image in the text"),
        pytest.param("<b>x</b> y = z " * 2_000, id="words with equal signs"),
    ],
)
def test_ordinary_html_fits(markup):
    assert fits(markup)


def test_a_wide_cell_beside_a_tall_one_does_not_multiply():
    markup = f"<table><tr><td>{'x' * 900_000}</td><td>{'<br>' * 3_000}</td></tr></table>"
    assert len(html.to_text(markup)) < 1_000_000


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        pytest.param("<script>alert(1)</script>a", "a", id="script"),
        pytest.param("<style>p{}</style>a", "a", id="style sheet"),
        pytest.param('<p style="x" id=a class=b onclick=c>a</p>', "<p>a</p>", id="attributes"),
        pytest.param("<form action=x><input name=y>a</form>", "a", id="form"),
        pytest.param("<svg><a href=javascript:x>a</a></svg>", "", id="svg"),
        pytest.param("<iframe src=https://x></iframe>a", "a", id="frame"),
        pytest.param(
            '<a href="javascript:alert(1)">a</a>',
            '<a rel="noopener noreferrer nofollow">a</a>',
            id="script link",
        ),
        pytest.param('<img src="https://x/y.gif">', "<img>", id="remote image"),
        pytest.param('<img src="//x/y.gif">', "<img>", id="remote image without scheme"),
        pytest.param('<img src="data:image/svg+xml,x">', "<img>", id="data"),
        pytest.param(
            '<img src="cid:1@x" srcset="https://x">', '<img src="cid:1@x">', id="image that came along"
        ),
        pytest.param(
            '<a href="cid:1@x">a</a>', '<a rel="noopener noreferrer nofollow">a</a>', id="link to a part"
        ),
        pytest.param(
            '<a href="https://x.example" target=_top>a</a>',
            '<a href="https://x.example" rel="noopener noreferrer nofollow">a</a>',
            id="link",
        ),
        pytest.param('<td background="https://x">a', "a", id="background"),
        pytest.param("<meta http-equiv=refresh content=0><base href=x><link rel=x href=y>a", "a", id="head"),
    ],
)
def test_safe(markup, expected):
    assert html.safe(markup) == expected


ALLOWED = {"href", "title", "rel", "src", "alt", "width", "height", "colspan", "rowspan", "start"}


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<noscript><p title='</noscript><img src=x onerror=y>'>", id="noscript"),
        pytest.param(
            "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=y>'>", id="math"
        ),
        pytest.param("<svg></p><style><a id='</style><img src=x onerror=y>'>", id="svg and style"),
        pytest.param("<form><math><mtext></form><form><mglyph><style></math><img src onerror=y>", id="forms"),
        pytest.param("<template><s><template><s><img src=x onerror=y>@shift/s>", id="templates"),
        pytest.param("<a href='jav&#x09;ascript:x'>a</a><a href=' javascript:x'>b</a>", id="link with a tab"),
        pytest.param("<img src='cid:1 onerror=y'><img/src='x'/onerror=y>", id="attribute in an attribute"),
        pytest.param("<p style=background:url(//x)>a<font color=red face=x>b</font></p>", id="styles"),
    ],
)
def test_nothing_that_acts_survives_a_second_parsing(markup):
    cleaned = html.safe(markup)
    for node in LexborHTMLParser(cleaned).root.traverse():
        assert node.tag in {"html", "head", "body", "p", "a", "img", "s", "table", "tbody"}
        for name, value in node.attributes.items():
            assert name in ALLOWED
            assert name not in ("href", "src") or value.startswith(("https:", "mailto:", "cid:"))


MARKUP = st.text(alphabet="<>/=\"'& abcimgsrhefcd:ñ-!pxlt\n\x00", max_size=200)


@given(MARKUP)
def test_cleaning_twice_is_cleaning_once(markup):
    once = html.safe(markup)
    assert html.safe(once) == once


@given(MARKUP)
def test_no_html_breaks_the_text(markup):
    html.to_text(markup).encode()
