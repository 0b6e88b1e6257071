"""Why a mail could not be delivered, as people say it: from a status of RFC 3463 and a server's words."""

import re
from enum import StrEnum


class Refusal(StrEnum):
    """What stood in the way. Each has its sentence in the catalogues and in the mail that tells of it."""

    NO_MAILBOX = "no_mailbox"
    NO_DOMAIN = "no_domain"
    FULL = "full"
    TOO_LARGE = "too_large"
    DISABLED = "disabled"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    LOOP = "loop"
    UNKNOWN = "unknown"


_BY_STATUS = {
    "1.1": Refusal.NO_MAILBOX,
    "1.2": Refusal.NO_DOMAIN,
    "1.3": Refusal.NO_MAILBOX,
    "1.6": Refusal.NO_MAILBOX,
    "1.8": Refusal.REFUSED,
    "1.10": Refusal.NO_MAILBOX,  # Microsoft 365, and null MX (RFC 7505)
    "2.1": Refusal.DISABLED,
    "2.2": Refusal.FULL,
    "2.3": Refusal.TOO_LARGE,
    "3.4": Refusal.TOO_LARGE,
    "4.1": Refusal.NO_ANSWER,
    "4.2": Refusal.NO_ANSWER,
    "4.3": Refusal.NO_ANSWER,
    "4.4": Refusal.NO_DOMAIN,
    "4.6": Refusal.LOOP,
    "4.7": Refusal.NO_ANSWER,
}
_BY_SUBJECT = {"1": Refusal.NO_MAILBOX, "4": Refusal.NO_ANSWER, "6": Refusal.REFUSED, "7": Refusal.REFUSED}
_BY_WORDS = {
    Refusal.FULL: (
        "quota", "mailbox full", "mailbox is full", "storage", "llena", "lleno", "cuota", "cheia", "full",
    ),
    Refusal.TOO_LARGE: (
        "too large", "too big", "size limit", "maximum size", "exceeds the max", "demasiado grande",
        "supera el tam", "maximum incoming message size",
    ),
    Refusal.DISABLED: (
        "disabled", "inactive", "suspended", "deshabilitad", "inactiv", "suspendid", "desativad",
    ),
    Refusal.NO_DOMAIN: (
        "host not found", "domain not found", "unknown host", "no such domain", "nxdomain", "host unknown",
        "unrouteable", "find any host", "dominio no existe", "no mx",
    ),
    Refusal.NO_MAILBOX: (
        "user unknown", "unknown user", "no such user", "does not exist", "doesn't exist", "not exist",
        "invalid recipient", "no mailbox", "unknown recipient", "recipient not found", "not found",
        "doesn't have a", "couldn't be found", "no such address", "recipnotfound", "recipientnotfound",
        "no existe", "inexistente", "desconocid", "no se encontr", "nao existe", "não existe",
        "nao encontrad", "não encontrad", "mailbox unavailable", "not listed", "no figura",
        "address rejected", "recipient rejected", "unknown or illegal",
    ),
    Refusal.LOOP: (
        "loop", "too many hops", "hop count", "demasiados saltos",
    ),
    Refusal.NO_ANSWER: (
        "timed out", "timeout", "connection refused", "no route", "did not respond", "expired", "no respond",
        "unable to connect", "try again", "network error", "name service error",
    ),
    Refusal.REFUSED: (
        "spam", "blocked", "policy", "denied", "rejected", "blacklist", "block list", "reputation", "dmarc",
        "spf", "dkim", "virus", "not authorized", "bloquead", "rechazad", "prohibid", "not accepted",
    ),
}  # fmt: skip
_STATUS = re.compile(r"(?<![0-9.])[245]\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.]{0,1}[0-9])", re.ASCII)


def refusal(status: str | None, words: str) -> Refusal:
    """Return why, from a status such as "5.1.1" and the words of the server that refused.

    Without a status one among the words counts. One that says it exactly counts before the words,
    one that says it roughly after them.
    """
    found = _STATUS.fullmatch(status) if status else _STATUS.search(words)
    exact = _BY_STATUS.get(f"{found[1]}.{found[2]}") if found else None
    if exact is not None:
        return exact
    lowered = words.lower()
    for reason, phrases in _BY_WORDS.items():
        if any(phrase in lowered for phrase in phrases):
            return reason
    return _BY_SUBJECT.get(found[1], Refusal.UNKNOWN) if found else Refusal.UNKNOWN
