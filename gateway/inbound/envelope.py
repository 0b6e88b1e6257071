"""What is left of a mail's envelope in its headers, for doors that are given none: IMAP and files.

These fields may be forged. They authorise nothing: they name the topic and the tokened address a
mail was written to, and the null sender that marks a bounce.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.mail.peek import header_block

DELIVERED = ("x-original-to", "delivered-to", "envelope-to")
"""Postfix writes the first two (the first with the address as it was given), Exim the last."""

ADDRESS_OCTETS = 320


@dataclass(frozen=True, slots=True)
class Envelope:
    """`sender` is "" for the null sender, None when nobody wrote it down."""

    sender: str | None
    recipients: tuple[str, ...]


def envelope_of(head: bytes) -> Envelope:
    """Read what the delivering server wrote; `head` is the beginning of a mail.

    Of each field the topmost counts, as the last server wrote it. Return-Path counts only above
    the first Received: further down it came with the mail.
    """
    sender: str | None = None
    passed = False
    found: dict[str, str] = {}
    for name, value in _fields(head):
        if name == "received":
            passed = True
        elif name == "return-path" and sender is None and not passed:
            sender = _return_path(value)
        elif name in DELIVERED:
            found.setdefault(name, value.removeprefix("<").removesuffix(">"))
    written = [found[name] for name in DELIVERED if name in found]
    recipients = dict.fromkeys(each for each in written if _is_address(each))
    return Envelope(sender, tuple(recipients))


def _fields(head: bytes) -> Iterator[tuple[str, str]]:
    """Name and unfolded value of each field, in order. What is no field is passed over."""
    lines: list[bytes] = []
    for line in [*header_block(head).splitlines(), b"end:"]:
        if line[:1] in (b" ", b"\t"):
            lines.append(line)
            continue
        name, colon, value = b"".join(lines).partition(b":")
        if colon:
            yield name.strip().lower().decode("ascii", "replace"), value.strip().decode("utf-8", "replace")
        lines = [line]


def _return_path(value: str) -> str | None:
    inner = value.removeprefix("<").removesuffix(">").strip()
    if not inner:
        return "" if value.startswith("<") else None
    return inner if _is_address(inner) else None


def _is_address(text: str) -> bool:
    return "@" in text and len(text) <= ADDRESS_OCTETS and text.isprintable() and " " not in text
