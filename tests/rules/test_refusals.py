import pytest

from gateway.rules.refusals import Refusal, refusal


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        pytest.param("5.1.1", "", Refusal.NO_MAILBOX, id="by its status"),
        pytest.param("5.2.2", "", Refusal.FULL, id="full"),
        pytest.param("4.2.2", "user unknown", Refusal.FULL, id="an exact status before the words"),
        pytest.param("5.7.1", "", Refusal.REFUSED, id="roughly by its status"),
        pytest.param(
            "5.7.1", "550 5.7.1 mailbox is full", Refusal.FULL, id="the words before a rough status"
        ),
        pytest.param("4.4.1", "", Refusal.NO_ANSWER, id="no answer"),
        pytest.param("5.4.4", "", Refusal.NO_DOMAIN, id="no such host"),
        pytest.param("5.0.0", "", Refusal.UNKNOWN, id="a status that says nothing"),
        pytest.param("5.0.0", "550 No such user here", Refusal.NO_MAILBOX, id="words behind it"),
        pytest.param("5.1.10", "RESOLVER.ADR.RecipientNotFound", Refusal.NO_MAILBOX, id="Microsoft 365"),
        pytest.param(None, "552 Casilla llena", Refusal.FULL, id="words in Spanish"),
        pytest.param(None, "550 Usuario inexistente", Refusal.NO_MAILBOX, id="nobody, in Spanish"),
        pytest.param(None, "mail loop: too many hops", Refusal.LOOP, id="a loop"),
        pytest.param(None, "", Refusal.UNKNOWN, id="nothing at all"),
        pytest.param("nonsense", "", Refusal.UNKNOWN, id="no status"),
    ],
)
def test_why_a_mail_was_refused(status, words, expected):
    assert refusal(status, words) is expected
