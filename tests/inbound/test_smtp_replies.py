"""Replies of the library get the enhanced codes it does not know."""

import pytest

from gateway.inbound.smtp_replies import enhanced, is_protocol_error


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param("220 example.com ESMTP", "220 example.com ESMTP", id="the greeting has none"),
        pytest.param("220 Ready to start TLS", "220 2.0.0 Ready to start TLS", id="TLS"),
        pytest.param("250 OK", "250 2.0.0 OK", id="success"),
        pytest.param("354 Go on", "354 Go on", id="not for a reply between"),
        pytest.param("500 Error: bad syntax", "500 5.5.2 Error: bad syntax", id="error"),
        pytest.param("503 Error: send HELO first", "503 5.5.1 Error: send HELO first", id="order"),
        pytest.param("550 5.1.1 Nobody", "550 5.1.1 Nobody", id="has one"),
        pytest.param("421 4.7.0 NOOP too often", "421 4.7.0 NOOP too often", id="has one, 421"),
    ],
)
def test_enhanced(reply: str, expected: str) -> None:
    assert enhanced(reply) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param("500 5.5.1 Command not known", True, id="unknown command"),
        pytest.param("503 5.5.1 MAIL comes first", True, id="wrong order"),
        pytest.param("550 5.1.1 Nobody", False, id="unknown recipient"),
        pytest.param("452 4.5.3 Too many", False, id="too many recipients"),
        pytest.param("250 2.0.0 OK", False, id="success"),
    ],
)
def test_is_protocol_error(reply: str, expected: bool) -> None:
    assert is_protocol_error(reply) is expected
