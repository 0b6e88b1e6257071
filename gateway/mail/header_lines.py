"""Header fields of mail we write: ASCII, folded, and no value can break out of its line (W20).

Own code rather than the `email` package: that one keeps an encoded word that a stranger wrote
literally ("=?utf-8?q?=0D=0A?="), which a reader then decodes, and it costs a third of a notice.
"""

import base64
import re
from collections.abc import Iterable, Iterator

from gateway.mail.addresses import Address
from gateway.mail.one_line import one_line

LINE_LENGTH = 76
_WORD_LENGTH = 60
"""Of an encoded word (RFC 2047 allows 75): the first one shares its line with the field's name."""

_Q_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
"""Bytes that stand for themselves in a Q word, even inside a display name (RFC 2047 section 5)."""

_Q_OF_BYTE = [
    chr(byte) if byte in _Q_BYTES else "_" if byte == 0x20 else f"={byte:02X}" for byte in range(256)
]
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_MESSAGE_ID = re.compile(r"[!-;=?-~]{1,900}")
_FILENAME_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_")


def text_field(name: str, text: str, limit: int = 998) -> str:
    """Return a field of free text, such as a subject."""
    line = one_line(text, limit)
    words = line.split(" ")
    plain = line.isascii() and "=?" not in line and max(map(len, words)) <= _WORD_LENGTH
    return _folded(name, words if plain else _encoded_words(line))


def address_field(name: str, address: Address) -> str:
    """Return a field with one mailbox.

    What is no plain ASCII mailbox becomes a group without members (RFC 6857): it names the person
    and stays a valid header, while the envelope decides whether the mail can be delivered.
    """
    if not _ADDRESS.fullmatch(address.email) or "=?" in address.email:
        return _folded(name, [*_encoded_words(one_line(address.email, 254)), ":;"])
    return _folded(name, [*_phrase(one_line(address.name, 150)), f"<{address.email}>"])


def message_id_field(name: str, ids: Iterable[str]) -> str:
    """Return a field of Message-IDs, given without brackets; those that are none are left out."""
    kept = [f"<{each}>" for each in ids if _MESSAGE_ID.fullmatch(each) and "=?" not in each]
    return _folded(name, kept) if kept else ""


def parameter(name: str, value: str) -> list[str]:
    """Return the parts of a MIME parameter, in sections when long or not ASCII (RFC 2231)."""
    data = value.encode()
    if len(data) <= _WORD_LENGTH and _FILENAME_BYTES.issuperset(data):
        return [f'{name}="{value}"']
    sections = [""]
    for character in value:
        encoded = "".join(
            chr(byte) if byte in _FILENAME_BYTES else f"%{byte:02X}" for byte in character.encode()
        )
        if len(sections[-1]) + len(encoded) > LINE_LENGTH - len(name) - 17:
            sections.append("")
        sections[-1] += encoded
    sections[0] = "utf-8''" + sections[0]
    if len(sections) == 1:
        return [f"{name}*={sections[0]}"]
    return [f"{name}*{n}*={section}" for n, section in enumerate(sections)]


def _phrase(display_name: str) -> list[str]:
    if not display_name:
        return []
    if not display_name.isascii() or "=?" in display_name or len(display_name) > _WORD_LENGTH:
        return _encoded_words(display_name)
    if _ATOMS.fullmatch(display_name):
        return [display_name]
    return ['"' + display_name.replace("\\", "\\\\").replace('"', '\\"') + '"']


def _folded(name: str, atoms: Iterable[str]) -> str:
    lines = [name + ":"]
    for atom in atoms:
        too_long = len(lines[-1]) + 1 + len(atom) > LINE_LENGTH
        if too_long and lines[-1] != name + ":":  # a first line without content confuses some readers
            lines.append("")
        lines[-1] += " " + atom
    return "\r\n".join(lines) + "\r\n"


def _encoded_words(line: str) -> list[str]:
    in_q = "".join([_Q_OF_BYTE[byte] for byte in line.encode()])
    if len(in_q) <= len(line.encode()) * 2:  # mostly Latin letters, which stay readable
        return [f"=?utf-8?q?{chunk}?=" for chunk in _q_chunks(line)]
    return [f"=?utf-8?b?{base64.b64encode(chunk).decode()}?=" for chunk in _byte_chunks(line)]


def _q_chunks(line: str) -> Iterator[str]:
    """Cut between characters only: each word must decode alone (RFC 2047 section 5)."""
    chunk = ""
    for character in line:
        encoded = "".join([_Q_OF_BYTE[byte] for byte in character.encode()])
        if len(chunk) + len(encoded) > _WORD_LENGTH - 12:
            yield chunk
            chunk = ""
        chunk += encoded
    yield chunk


def _byte_chunks(line: str) -> Iterator[bytes]:
    chunk = b""
    for character in line:
        encoded = character.encode()
        if len(chunk) + len(encoded) > (_WORD_LENGTH - 12) // 4 * 3:
            yield chunk
            chunk = b""
        chunk += encoded
    yield chunk
