"""What somebody typed → text as messages hold it."""

import pytest

from gateway.mail.typed_text import normal_text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param(" \r\n\t\r\n ", "", id="blanks"),
        pytest.param("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne", id="line breaks of all systems"),
        pytest.param(
            "\r\n  - uno\r\n  - dos\r\n\r\n", "  - uno\n  - dos", id="blank lines around, not inside"
        ),
        pytest.param("a\x00\x1b[31mb\x7f\tc", "a[31mb\tc", id="controls go, tabs stay"),
        pytest.param("cafe\u0301", "café", id="one way of writing an accent"),
        pytest.param("\ud83d", "\ufffd", id="half a character"),
        pytest.param("\U0001f44d\U0001f3fd", "\U0001f44d\U0001f3fd", id="emoji stay"),
    ],
)
def test_normal_text(raw: str, expected: str) -> None:
    assert normal_text(raw) == expected
