"""The few things the doors ask of a mail before it is journalled. Never raises, never decides.

This is no parsing: acceptance depends on the size and hops of a mail and not on its meaning
(invariants D4). The Message-ID is noted so that a reply can wait for a parent in the journal.
"""

import re
from dataclasses import dataclass

from gateway.rules.limits import HEADER_OCTETS

_FIELD = re.IGNORECASE | re.MULTILINE
_MESSAGE_ID = re.compile(rb"^message-id:[ \t]{0,80}(?:\r?\n[ \t]{1,80})?<([^<>\s]{1,990})>", _FIELD)
_RECEIVED = re.compile(rb"^received:", _FIELD)
_LOOP = re.compile(rb"^x-sysmo-loop:[ \t]{0,80}([^\s]{1,200})", _FIELD)


@dataclass(frozen=True, slots=True)
class Peek:
    """Message-ID without brackets, how many servers passed the mail on, whose loop headers it bears."""

    message_id: str | None
    hops: int
    loops: tuple[str, ...]


def peek(head: bytes) -> Peek:
    """Look at the header block of a mail; `head` is its beginning, as long as there is."""
    block = header_block(head)
    found = _MESSAGE_ID.search(block)
    return Peek(
        message_id=found[1].decode("utf-8", "replace") if found else None,
        hops=len(_RECEIVED.findall(block)),
        loops=tuple(each.decode("ascii", "replace") for each in _LOOP.findall(block)),
    )


def header_block(head: bytes) -> bytes:
    """Return what stands above the first empty line, at most 256 KiB."""
    head = head[:HEADER_OCTETS]
    ends = [at for at in (head.find(b"\r\n\r\n"), head.find(b"\n\n")) if at >= 0]
    return head[: min(ends)] if ends else head
