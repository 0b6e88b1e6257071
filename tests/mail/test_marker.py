"""The mark around internal text: known again through whatever a mail program does to it."""

import textwrap

import pytest

from gateway import tokens
from gateway.mail import marker

MARK = marker.write("k3m9x2p7q4w8abcdefghijklmn")
INNER = MARK.strip("[]")


def test_a_mark_does_not_show_what_it_was_made_of():
    assert marker.write("otro") != MARK
    assert "k3m9" not in MARK


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(MARK, id="as written"),
        pytest.param(f"Hola\n\n> {MARK}\n> El cliente debe\n> {MARK}\n", id="quoted"),
        pytest.param(f">> > {INNER[:9]}\n>> > {INNER[9:]}", id="broken over two quoted lines"),
        pytest.param("\n> ".join(textwrap.wrap(MARK, 5)), id="wrapped to pieces"),
        pytest.param(" ".join(MARK), id="spaced out"),
        pytest.param(INNER.upper(), id="in capitals"),
        pytest.param(INNER.replace("-", "\u2011"), id="with hyphens of another kind"),
        pytest.param(INNER.replace("-", "\u00a0\u200b"), id="with invisible characters"),
        pytest.param(INNER.replace("-", ""), id="without hyphens"),
        pytest.param("".join(chr(ord(c) + 0xFEE0) for c in INNER), id="in wide letters"),
        pytest.param(f"{INNER[:8]}\r\n{INNER[8:]}", id="broken by a line end"),
        pytest.param(f"[内部评论 {INNER}] 客户没有付款", id="in a translated notice"),
        pytest.param(f"xjqxjq{INNER}", id="behind what begins like one"),
    ],
)
def test_a_mark_is_known_again(text):
    assert marker.is_in(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("--- mensaje interno ---\n\n---------- 8< ----------", id="lines people draw"),
        pytest.param("[#1042-k7q2] [EXTERNAL] ticket xjq", id="other things in brackets"),
        pytest.param(INNER[:-1] + ("0" if INNER[-1] != "0" else "1"), id="one whose check is wrong"),
        pytest.param(INNER[:-1], id="one cut short"),
        pytest.param("xjq" * 2000, id="its beginning over and over"),
    ],
)
def test_what_people_write_is_no_mark(text):
    assert not marker.is_in(text)


def test_no_random_token_looks_like_a_mark():
    text = "".join(tokens.new_token() for _ in range(20_000))
    assert not marker.is_in(text)
