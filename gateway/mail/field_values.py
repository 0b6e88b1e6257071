"""Header fields of a parsed mail as classification reads them."""

from collections.abc import Iterator

from gateway.mail.address_scanner import without_comments
from gateway.mail.parsed import ParsedMail

_CHARACTERS = 1_000
"""Of one field's value, as far as it is looked at: what counts stands at the beginning."""


def values(mail: ParsedMail, name: str) -> list[str]:
    """Return the values of a field, by its lower-case name, in order."""
    return [value.strip() for each, value in mail.headers if each == name]


def leading(value: str) -> str:
    """Return a value in lower case, without comments and parameters."""
    return without_comments(value[:_CHARACTERS]).partition(";")[0].strip().lower()


def words(value: str) -> set[str]:
    """Return the words of a list such as `DR, OOF,AutoReply`, in lower case."""
    return set(without_comments(value[:_CHARACTERS]).lower().replace(",", " ").split())


def local_parts(mail: ParsedMail) -> list[str]:
    """Return what stands before the @ of each From address."""
    return [each.email.rpartition("@")[0] for each in mail.from_]


def report_types(mail: ParsedMail) -> Iterator[str]:
    """Yield what a multipart/report says it reports (RFC 6522), in lower case; "" if it does not say."""
    for value in values(mail, "content-type"):
        if leading(value) == "multipart/report":
            yield value[:_CHARACTERS].lower().partition("report-type")[2].partition(";")[0]


def has_null_sender(mail: ParsedMail, envelope_from: str | None) -> bool:
    """Whether nobody wants an answer: the envelope says so, or a Return-Path that kept it."""
    return envelope_from == "" or "<>" in (each.replace(" ", "") for each in values(mail, "return-path"))
