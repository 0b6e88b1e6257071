"""Arguments of MAIL and RCPT: text → address and parameters (RFC 5321, 4.1.2). Pure and forgiving.

The library's own way goes through the header parser of Python, which takes longer than all the
rest of a mail and refuses senders that exist, such as two dots in a row. What an address means,
and whether it is one of ours, is asked elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import MailRefused
from gateway.inbound.smtp_replies import TOO_BIG

ADDRESS_CHARACTERS = 320
"""64 for the local part, 255 for the domain and the @: more than any address of the Internet has."""


@dataclass(frozen=True, slots=True)
class Path:
    """What MAIL or RCPT names. The address is as written, printable, "" for the null sender."""

    address: str
    parameters: Mapping[str, str]  # keyword in capitals → value, "" when it has none


def parse_path(argument: str | None, keyword: str) -> Path | None:
    """Return what stands behind `FROM:` or `TO:`, or None when it cannot be understood.

    Forgiven: missing brackets, spaces behind the colon, characters no address should have. Not
    forgiven: control characters and broken UTF-8, since an address is logged and stored.
    """
    text = argument or ""
    if text[: len(keyword)].upper() != keyword:
        return None
    text = text[len(keyword) :].strip()
    if text.startswith("<"):
        address, bracket, rest = text[1:].rpartition(">")
        if not bracket or (rest and not rest.startswith(" ")):
            return None
    else:
        address, _, rest = text.partition(" ")
        if not address:
            return None
    parameters = _parameters(rest)
    if parameters is None or not address.isprintable() or len(address) > ADDRESS_CHARACTERS:
        return None
    return Path(address, parameters)


def declared_size(parameters: Mapping[str, str], *, max_bytes: int) -> int:
    """Return the size that MAIL declares, 0 when it does not; MailRefused for what we do not offer."""
    for keyword, value in parameters.items():
        match keyword:
            case "BODY" if value.upper() in ("7BIT", "8BITMIME"):
                pass
            case "SMTPUTF8" if not value:
                pass
            case "SIZE" if value.isascii() and value.isdigit():
                pass
            case "BODY" | "SMTPUTF8" | "SIZE":
                raise MailRefused(f"501 5.5.4 Value of {keyword} not understood")
            case _:
                raise MailRefused("555 5.5.4 Parameter of MAIL not offered")
    declared = int(parameters.get("SIZE", 0))
    if declared > max_bytes:
        raise MailRefused(TOO_BIG)
    return declared


def _parameters(text: str) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for word in text.split():
        keyword, equals, value = word.partition("=")
        if not keyword.isascii() or not keyword.replace("-", "").isalnum() or (equals and not value):
            return None
        found[keyword.upper()] = value
    return found
