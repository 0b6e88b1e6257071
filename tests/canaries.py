"""Canaries: words that stand for a secret, found again however a mail wraps and encodes them."""

import base64
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from enum import StrEnum

CANARY = re.compile(r"zqk(\d{5})x", re.IGNORECASE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]{24,}={0,2}")


class Seen(StrEnum):
    """By whom a canary may be seen."""

    NOBODY = "nobody"  # stays in the original mail
    STAFF = "staff"
    OPERATORS = "operators"  # who may act on its ticket
    PUBLISHED = "published"  # they, who took part when it was written, and its requester on the web


def word(number: int) -> str:
    """The canary of a number."""
    return f"zqk{number:05d}x"


def found_in(text: str) -> set[int]:
    """The numbers of the canaries in a text."""
    return {int(each) for each in CANARY.findall(text)}


def everything_in(message: EmailMessage) -> str:
    """All that a mail shows or hides: as sent, every header and part decoded, and mails within it."""
    return "\n".join(_layers(message))


def _layers(message: EmailMessage) -> Iterator[str]:
    raw = message.as_bytes(policy=default.clone(max_line_length=None))
    yield raw.decode("utf-8", "replace")
    yield from _unpacked(raw)
    for part in message.walk():
        for name, value in part.items():
            yield f"{name}: {value}"
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        yield from (content.decode(codec, "replace") for codec in ("utf-8", "latin-1", "utf-16"))
        yield from _unpacked(content)
        if part.get_filename("").endswith(".eml"):
            yield from _layers(BytesParser(policy=default).parsebytes(content))


def _unpacked(octets: bytes) -> Iterator[str]:
    """What base64 in a text hides, wherever it stands."""
    for found in _BASE64.findall(octets):
        packed = b"".join(found.split()).rstrip(b"=")
        for skipped in range(4):
            rest = packed[skipped:]
            yield base64.b64decode(rest[: len(rest) // 4 * 4]).decode("utf-8", "replace")
