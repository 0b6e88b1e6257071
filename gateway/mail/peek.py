"""The few things the doors ask of a mail before it is journalled. Never raises, never decides.

This is no parsing: acceptance depends on the size and hops of a mail and not on its meaning
(invariants D4). The Message-ID is noted so that a reply can wait for a parent in the journal.
"""

import re
from dataclasses import dataclass

from gateway.mail.addresses import parse_address_field
from gateway.rules.limits import HEADER_OCTETS

_FIELD = re.IGNORECASE | re.MULTILINE
_MESSAGE_ID = re.compile(rb"^message-id:[ \t]{0,80}(?:\r?\n[ \t]{1,80})?<([^<>\s]{1,990})>", _FIELD)
_FROM = re.compile(rb"^from:((?:[^\n]{0,998}\n[ \t]){0,20}[^\n]{0,998})", _FIELD)
_SIGNATURE = re.compile(rb"^dkim-signature:", _FIELD)
_RECEIVED = re.compile(rb"^received:", _FIELD)
_LOOP = re.compile(rb"^x-sysmo-loop:[ \t]{0,80}([^\s]{1,200})", _FIELD)


@dataclass(frozen=True, slots=True)
class Peek:
    """Message-ID without brackets, how many servers passed the mail on, whose loop headers it bears.

    `from_address` is what the mail says; `signed`, that somebody may vouch for it.
    """

    message_id: str | None
    hops: int
    loops: tuple[str, ...]
    from_address: str | None = None
    signed: bool = False


def peek(head: bytes) -> Peek:
    """Look at the header block of a mail; `head` is its beginning, as long as there is."""
    block = header_block(head)
    found = _MESSAGE_ID.search(block)
    return Peek(
        message_id=found[1].decode("utf-8", "replace") if found else None,
        hops=len(_RECEIVED.findall(block)),
        loops=tuple(each.decode("ascii", "replace") for each in _LOOP.findall(block)),
        from_address=_from_address(block),
        signed=_SIGNATURE.search(block) is not None,
    )


def _from_address(block: bytes) -> str | None:
    found = _FROM.search(block)
    if found is None:
        return None
    addresses = parse_address_field(found[1].decode("utf-8", "replace"))
    return addresses[0].email if addresses else None


def header_block(head: bytes) -> bytes:
    """Return what stands above the first empty line, at most 256 KiB."""
    head = head[:HEADER_OCTETS]
    ends = [at for at in (head.find(b"\r\n\r\n"), head.find(b"\n\n")) if at >= 0]
    return head[: min(ends)] if ends else head
