"""Why a mailbox is not read, from what the poller wrote down."""

import pytest

from gateway.rules.mailbox_errors import MailboxError, mailbox_error


@pytest.mark.parametrize(
    ("error", "why", "words"),
    [
        ("WrongPassword: refused", MailboxError.PASSWORD, "refused"),
        ("gaierror: [Errno -2] Name unknown", MailboxError.NO_SERVER, "[Errno -2] Name unknown"),
        ("TimeoutError: timed out", MailboxError.NO_ANSWER, "timed out"),
        ("SSLCertVerificationError: self-signed", MailboxError.CERTIFICATE, "self-signed"),
        ("IMAPClientError: [NONEXISTENT] Unknown", MailboxError.FOLDER, "[NONEXISTENT] Unknown"),
        ("IMAPClientError: strange", MailboxError.OTHER, "strange"),
        ("processed folder: doesn't exist", MailboxError.FOLDER, "processed folder: doesn't exist"),
        ("", MailboxError.OTHER, ""),
    ],
)
def test_an_error_is_told_by_its_kind_then_by_its_words(error: str, why: MailboxError, words: str) -> None:
    assert mailbox_error(error) == (why, words)
