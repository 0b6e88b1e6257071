"""winmail.dat as Outlook writes it, for tests (MS-OXTNEF): attributes of a message and of its files."""

import struct
from collections.abc import Iterable

SIGNATURE = b"\x78\x9f\x3e\x22\x01\x00"
MESSAGE, FILE = 1, 2


def attribute(number: int, content: bytes, level: int = MESSAGE) -> bytes:
    head = struct.pack("<BHHI", level, number, 6, len(content))
    return head + content + struct.pack("<H", sum(content) & 0xFFFF)


def properties(*each: bytes) -> bytes:
    return struct.pack("<I", len(each)) + b"".join(each)


def sized(number: int, content: bytes, kind: int = 0x102) -> bytes:
    """One property with a length: octets, or 0x1E a string, 0x1F one in UTF-16."""
    return struct.pack("<HHII", kind, number, 1, len(content)) + content + b"\0" * (-len(content) % 4)


def number(name: int, value: int) -> bytes:
    return struct.pack("<HHI", 3, name, value)


def file(name: str, content: bytes, *more: bytes) -> bytes:
    """A file with a short name of DOS and its long one."""
    long_name = sized(0x3707, (name + "\0").encode("utf-16-le"), 0x1F)
    return (
        attribute(0x9002, b"\x01\x00" + b"\xff" * 12, FILE)
        + attribute(0x8010, b"CORTO~1.TXT\0", FILE)
        + attribute(0x800F, content, FILE)
        + attribute(0x9005, properties(long_name, *more), FILE)
    )


def winmail(message: Iterable[bytes] = (), *files: bytes, code_page: int = 1252) -> bytes:
    """A whole file: properties of the message, then its attached files."""
    return (
        SIGNATURE
        + attribute(0x9006, struct.pack("<I", 0x10000))
        + attribute(0x9007, struct.pack("<II", code_page, 0))
        + attribute(0x9003, properties(*message))
        + b"".join(files)
    )


def stored_rtf(rtf: bytes) -> bytes:
    """RTF as it stands in a property, not compressed (MS-OXRTFCP, MELA)."""
    return struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf
