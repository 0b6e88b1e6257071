"""What kind of mail this is: a person's, automatic, or a bounce (invariants L1)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.mail.address_scanner import without_comments
from gateway.mail.parsed import ParsedMail
from gateway.rules import limits
from gateway.tokens import TOKEN_LENGTH

LOOP_HEADER = "x-sysmo-loop"
CIRCLES = "too-many-hops"
"""The reason of a mail that goes in circles."""

_FIELD_CHARACTERS = 1_000
"""Of one field's value, as far as it is looked at here: what counts stands at the beginning."""

_SILENT = frozenset(
    {"all", "autoreply", "oof"}
)  # of X-Auto-Response-Suppress; "DR" and "RN" bar receipts only
_RESPONDERS = frozenset({"x-autoreply", "x-autorespond", "x-autoresponder"})
_DAEMON = re.compile(r"(?:^|[-_.+])mailer-?daemon(?:$|[-_.+])")
_POSTMASTER = re.compile(r"^postmaster(?:$|[-_.+])")
_NO_REPLY = re.compile(
    r"(?:^|[-_.+])(?:no|not|non|nao|do[-_.]?not|never)[-_.]?"
    r"(?:reply|replies|respond|responder|responda|contestar|conteste|antworten)(?:$|[-_.+])"
)
_OUR_LOCAL_PART = re.compile(rf"[a-z2-7]{{{TOKEN_LENGTH}}}|solicitud-[0-9]+-[a-z2-7]{{4}}")


class Kind(StrEnum):
    """A person's mail acts; the others are recorded, change nothing and cause no mail."""

    PERSON = "person"
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"


@dataclass(frozen=True, slots=True)
class Classification:
    """The kind of a mail with its reason, a catalogue key.

    `from_list` says that it came through a mailing list: people write through lists, so it stays
    theirs, but gets no automatic answer and may command nothing.
    """

    kind: Kind
    reason: str
    from_list: bool = False


def classify(
    mail: ParsedMail, *, envelope_from: str | None, installation: str, domain: str
) -> Classification:
    """Tell a person's mail from an automatic one and from a bounce.

    `envelope_from` is "" for the null sender and None where the door does not know it.
    `installation` is the value of our loop header, signed by whoever asks; one with another value
    counts for nothing. `domain` is that of our Message-IDs.
    """
    from_list = _is_from_list(mail)
    if _goes_in_circles(mail, installation):
        return Classification(Kind.AUTOMATIC, CIRCLES, from_list)
    null_sender = envelope_from == "" or "<>" in (
        each.replace(" ", "") for each in _values(mail, "return-path")
    )
    bounce = _bounce_reason(mail, null_sender=null_sender)
    if bounce is not None:
        return Classification(Kind.BOUNCE, bounce, from_list)
    automatic = (
        _loop_reason(mail, installation, domain)
        or _header_reason(mail)
        or ("null-sender" if null_sender else None)
        or _sender_reason(mail)
    )
    if automatic is not None:
        return Classification(Kind.AUTOMATIC, automatic, from_list)
    return Classification(Kind.PERSON, "person", from_list)


def _goes_in_circles(mail: ParsedMail, installation: str) -> bool:
    """Whether too many servers passed it on, or we ourselves did several times (L8).

    The SMTP listener refuses such mail; other doors cannot, so intake holds it.
    """
    hops = sum(name == "received" for name, _ in mail.headers)
    own = _values(mail, LOOP_HEADER).count(installation) if installation else 0
    return hops > limits.HOPS or own >= limits.OWN_HOPS


def _bounce_reason(mail: ParsedMail, *, null_sender: bool) -> str | None:
    if any("delivery-status" in report_type for report_type in _report_types(mail)):
        return "delivery-report"
    if any(_DAEMON.search(local) for local in _local_parts(mail)):
        return "mailer-daemon"
    if null_sender and any(_POSTMASTER.search(local) for local in _local_parts(mail)):
        return "postmaster"
    return "failed-recipients" if null_sender and any(_values(mail, "x-failed-recipients")) else None


def _loop_reason(mail: ParsedMail, installation: str, domain: str) -> str | None:
    """Return why this mail must be one of our own that came back."""
    if installation and installation in _values(mail, LOOP_HEADER):
        return "own-loop"
    return "own-message" if _is_our_message_id(mail, domain.lower()) else None


def _is_our_message_id(mail: ParsedMail, domain: str) -> bool:
    """Whether the Message-ID is one we made.

    The domain alone tells (L1), except for people of that very domain, whose own mail programs
    make Message-IDs in it, too: theirs lack the shape of ours.
    """
    local, _, of = (mail.message_id or "").lower().rpartition("@")
    if not domain or of != domain:
        return False
    colleagues = {each.email.rpartition("@")[2] for each in mail.from_} <= {domain}
    return not colleagues or _OUR_LOCAL_PART.fullmatch(local) is not None


def _header_reason(mail: ParsedMail) -> str | None:
    """Return which field says that a program wrote this mail, or None. Every repeat counts."""
    for name, value in mail.headers:
        match name:
            case "auto-submitted" if _leading(value) != "no":  # RFC 3834, section 5
                return "auto-submitted"
            case "content-type" if _leading(value) == "multipart/report":
                return "read-receipt" if any(map(_is_receipt, _report_types(mail))) else "report"
            case "precedence" if _leading(value).replace("-", "_") in ("junk", "auto_reply"):
                return "precedence"
            case "x-auto-response-suppress" if _SILENT & _words(value):
                return "response-suppressed"
            case _ if name in _RESPONDERS:
                return "autoresponder"
    return None


def _sender_reason(mail: ParsedMail) -> str | None:
    for local in _local_parts(mail):
        if _POSTMASTER.search(local):
            return "postmaster"
        if _NO_REPLY.search(local):
            return "no-reply"
    return None


def _is_from_list(mail: ParsedMail) -> bool:
    return any(name.startswith("list-") for name, _ in mail.headers) or any(
        _leading(value) in ("bulk", "list") for value in _values(mail, "precedence")
    )


def _report_types(mail: ParsedMail) -> Iterator[str]:
    """Yield what a multipart/report says it reports (RFC 6522), in lower case."""
    for value in _values(mail, "content-type"):
        if _leading(value) == "multipart/report":
            yield value[:_FIELD_CHARACTERS].lower().partition("report-type")[2].partition(";")[0]


def _is_receipt(report_type: str) -> bool:
    return "disposition-notification" in report_type  # RFC 8098


def _values(mail: ParsedMail, name: str) -> list[str]:
    return [value.strip() for each, value in mail.headers if each == name]


def _local_parts(mail: ParsedMail) -> list[str]:
    return [each.email.rpartition("@")[0] for each in mail.from_]


def _leading(value: str) -> str:
    """Return a value in lower case, without comments and parameters."""
    return without_comments(value[:_FIELD_CHARACTERS]).partition(";")[0].strip().lower()


def _words(value: str) -> set[str]:
    return set(without_comments(value[:_FIELD_CHARACTERS]).lower().replace(",", " ").split())
