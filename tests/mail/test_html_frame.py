"""What a mail's HTML becomes on its way into its frame: clean, the same after twice, with pictures (W11)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail import html, html_frame
from gateway.rules import limits
from tests.webui import payloads
from tests.webui.markup import acting

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20


@pytest.mark.parametrize("payload", payloads.HTML)
def test_hostile_html_is_clean_after_once_and_the_same_after_twice(payload: str) -> None:
    for wrapped in (payload, f"<p>antes {payload} después</p>", f"<table><tr><td>{payload}", payload * 3):
        clean = html.safe(wrapped)
        assert html.safe(clean) == clean
        shown = html_frame.with_pictures(clean, {})
        assert shown is not None
        assert [each for each in acting(shown) if each != "img"] == []  # one without a source
        assert "far.example" not in shown
        assert ' src="' not in shown


FRAGMENTS = st.lists(
    st.one_of(st.sampled_from(payloads.HTML), st.text(max_size=20), st.sampled_from("<>\"'=/&;- \x00\x0c`")),
    max_size=12,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(FRAGMENTS)
def test_whatever_is_cleaned_stays_as_it_is_and_does_nothing(text: str) -> None:
    clean = html.safe(text)
    assert html.safe(clean) == clean
    shown = html_frame.with_pictures(clean, {})
    assert shown is not None
    assert [each for each in acting(shown) if each != "img"] == []


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='<>"= /abcimgsr:d\n&;x', max_size=80))
def test_what_our_cleaner_did_not_write_is_never_changed_into_something_else(text: str) -> None:
    shown = html_frame.with_pictures(text, {"a": PNG})
    assert shown is None or "data:" in shown or shown == text or "cid:" in text


def test_pictures_that_came_along_stand_in_place_of_their_names() -> None:
    sources = ("cid:a%40b", "CID:c", "cid:d")
    clean = html.safe("".join(f'<img src="{each}" alt="{each[-1]}">' for each in sources))
    assert html_frame.content_ids(clean) == {"a@b", "c", "d"}
    shown = html_frame.with_pictures(clean, {"a@b": PNG, "d": b"<svg onload=alert(1)>"})
    assert shown is not None
    assert shown.count('src="data:image/png;base64,') == 1
    assert '<img alt="c"><img alt="d">' in shown


@pytest.mark.parametrize(
    "written",
    [
        pytest.param('<img src="cid:a" onerror="x">', id="known form, never ours to judge"),
        pytest.param("<p>a < b</p>", id="a bare sign"),
        pytest.param("<img src='cid:a'>", id="single quotes"),
        pytest.param('<img src="cid:a"', id="no end"),
        pytest.param("<!-- x -->", id="a comment"),
    ],
)
def test_html_written_otherwise_is_refused_or_left_alone(written: str) -> None:
    shown = html_frame.with_pictures(written, {})
    assert shown is None or "cid:" not in shown


def test_a_quote_in_a_value_ends_no_tag() -> None:
    clean = html.safe('<img alt="<img src=cid:a>" title=\'"\' src="cid:a">')
    shown = html_frame.with_pictures(clean, {"a": PNG})
    assert shown is not None
    assert shown.count("data:image/png") == 1
    assert html.safe(shown) == html.safe(clean).replace(' src="cid:a"', "")


def test_repeated_pictures_count_each_time() -> None:
    clean = html.safe('<img src="cid:a">' * 500)
    shown = html_frame.with_pictures(clean, {"a": PNG})
    assert shown is not None
    assert shown.count("data:image/png") == limits.EMBEDDED_PICTURES
    large = {"a": PNG + b"x" * (limits.EMBEDDED_OCTETS // 2)}
    shown = html_frame.with_pictures(clean, large)
    assert shown is not None
    assert shown.count("data:image/png") == 1
