"""Why a mailbox cannot be read, as people say it: from the error the poller wrote down, "Kind: words"."""

from enum import StrEnum


class MailboxError(StrEnum):
    """What stood in the way; its words are `mailbox-error.<value>` in the catalogues."""

    PASSWORD = "password"  # noqa: S105  a kind of error
    CERTIFICATE = "certificate"
    NO_SERVER = "no_server"
    NO_ANSWER = "no_answer"
    FOLDER = "folder"
    OTHER = "other"


_KINDS = {
    "WrongPassword": MailboxError.PASSWORD,
    "SSLCertVerificationError": MailboxError.CERTIFICATE,
    "CertificateError": MailboxError.CERTIFICATE,
    "gaierror": MailboxError.NO_SERVER,
    "ConnectionRefusedError": MailboxError.NO_ANSWER,
    "ConnectionResetError": MailboxError.NO_ANSWER,
    "ConnectionAbortedError": MailboxError.NO_ANSWER,
    "BrokenPipeError": MailboxError.NO_ANSWER,
    "TimeoutError": MailboxError.NO_ANSWER,
    "IMAPClientAbortError": MailboxError.NO_ANSWER,
    "abort": MailboxError.NO_ANSWER,
}
_FOLDER_WORDS = ("nonexistent", "doesn't exist", "does not exist", "no such mailbox", "unknown mailbox")


def mailbox_error(error: str) -> tuple[MailboxError, str]:
    """Return why, and what the server said."""
    kind, colon, words = error.partition(": ")
    if not colon or not kind.isidentifier():
        kind, words = "", error
    known = _KINDS.get(kind)
    if known is None and any(each in words.lower() for each in _FOLDER_WORDS):
        known = MailboxError.FOLDER
    return known or MailboxError.OTHER, words
