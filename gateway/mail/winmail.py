"""winmail.dat, the envelope Outlook puts rich text and files into (MS-OXTNEF) → its text and its files.

Own code because tnefparse copies the rest of the file for every attribute (880 KB of empty ones took
it 2.2 s, twice as many four times as long) and believes counts up to 2^32 that a stranger wrote: 63
octets that claim two million values, 3.9 s. Here each octet is looked at a fixed number of times, and
whatever is not as it should be ends the reading.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.mail import charsets, rtf
from gateway.rules import limits

_SIGNATURE = b"\x78\x9f\x3e\x22"
_RTF_OCTETS = 4 * limits.HTML_OCTETS  # the tags of RTF double what they say, and more

# Attributes
_CODE_PAGE = 0x9007
_BODY = 0x800C
_MESSAGE_PROPERTIES = 0x9003
_FILE_BEGINS = 0x9002
_FILE_TITLE = 0x8010
_FILE_DATA = 0x800F
_FILE_PROPERTIES = 0x9005

# Properties (MS-OXPROPS)
_TEXT = 0x1000
_RTF = 0x1009
_HTML = 0x1013
_INTERNET_CODE_PAGE = 0x3FDE
_DATA = 0x3701
_SHORT_NAME = 0x3704
_LONG_NAME = 0x3707
_CONTENT_TYPE = 0x370E
_CONTENT_ID = 0x3712

# Types of properties
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}  # octets, padded
_OBJECT, _STRING, _UNICODE, _BINARY = 0x0D, 0x1E, 0x1F, 0x102
_SIZED = (0, _OBJECT, _STRING, _UNICODE, _BINARY)
_SEVERAL, _NAMED = 0x1000, 0x8000

_Value = bytes | str | int
_INTERFACE = 16  # octets in front of an object: what kind it is


class _Broken(Exception):
    """What stands there is no TNEF."""


@dataclass(slots=True)
class WinmailFile:
    """A file out of winmail.dat; the name and type as they were written, "" when there is none."""

    filename: str = ""
    content_type: str = ""
    content: bytes = b""
    content_id: str = ""


@dataclass(slots=True)
class Winmail:
    """What a winmail.dat holds. `complete` says that all its files could be taken out."""

    text: str = ""
    html: str = ""
    files: list[WinmailFile] = field(default_factory=list)
    complete: bool = True


def open_winmail(octets: bytes) -> Winmail | None:
    """Return the text and files of a winmail.dat, None when it is none or is damaged. Never raises."""
    try:
        return _opened(octets)
    except (_Broken, struct.error, ValueError):
        return None


def _opened(octets: bytes) -> Winmail:
    mail = Winmail()
    charset = "windows-1252"
    for attribute, content in _attributes(octets):
        if attribute == _CODE_PAGE:
            charset = _charset(int.from_bytes(content[:4], "little")) or charset
        elif attribute == _BODY:
            mail.text = mail.text or _text(content, charset)
        elif attribute == _MESSAGE_PROPERTIES:
            _take_body(mail, dict(_properties(content)), charset)
        elif attribute == _FILE_BEGINS:
            if len(mail.files) == limits.PARTS:
                raise _Broken
            mail.files.append(WinmailFile())
        elif mail.files:
            _take_file(mail, attribute, content, charset)
    return mail


def _attributes(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each attribute: level, number, type, length, content, checksum."""
    if not octets.startswith(_SIGNATURE):
        raise _Broken
    position = 6
    while position < len(octets):
        number, length = struct.unpack_from("<xHxxI", octets, position)
        position += 9
        if position + length + 2 > len(octets):
            raise _Broken
        yield number, octets[position : position + length]
        position += length + 2


def _properties(octets: bytes) -> Iterator[tuple[int, _Value]]:
    """Yield number and value of each property; of several values only the first."""
    (count,) = struct.unpack_from("<I", octets)
    position = 4
    for _ in range(min(count, len(octets) // 4)):
        kind, number = struct.unpack_from("<HH", octets, position)
        position += 4
        if number & _NAMED:
            position = _after_name(octets, position)
        values = 1
        if kind & _SEVERAL or kind in _SIZED:
            (values,) = struct.unpack_from("<I", octets, position)
            position += 4
        kind &= ~_SEVERAL
        if values > len(octets) // 4:
            raise _Broken
        for index in range(values):
            value, position = _value(octets, position, kind)
            if index == 0:
                yield number, value


def _after_name(octets: bytes, position: int) -> int:
    """Return where the name of a named property ends: a GUID, a kind, a number or a string."""
    kind, length = struct.unpack_from("<II", octets, position + 16)
    return position + 24 + (_padded(length) if kind else 0)


def _value(octets: bytes, position: int, kind: int) -> tuple[_Value, int]:
    if kind in _FIXED:
        end = position + _FIXED[kind]
        return int.from_bytes(octets[position:end], "little"), end
    if kind not in _SIZED:
        raise _Broken
    (length,) = struct.unpack_from("<I", octets, position)
    content = octets[position + 4 : position + 4 + length]
    if len(content) < length:
        raise _Broken
    value: _Value = content
    if kind == _UNICODE:
        value = content.decode("utf-16-le", "replace").rstrip("\0")
    elif kind == _STRING:
        value = content.rstrip(b"\0")
    elif kind == _OBJECT:
        value = content[_INTERFACE:]
    return value, position + 4 + _padded(length)


def _take_body(mail: Winmail, found: dict[int, _Value], charset: str) -> None:
    page = found.get(_INTERNET_CODE_PAGE)
    charset = (_charset(page) if isinstance(page, int) else None) or charset
    mail.text = _text(found.get(_TEXT, b""), charset) or mail.text
    mail.html = _text(found.get(_HTML, b""), charset)
    packed = found.get(_RTF)
    if isinstance(packed, bytes) and not mail.html:
        text, mail.html = rtf.words_of(rtf.decompress(packed, _RTF_OCTETS))
        mail.text = mail.text or text


def _take_file(mail: Winmail, attribute: int, content: bytes, charset: str) -> None:
    file = mail.files[-1]
    if attribute == _FILE_TITLE:
        file.filename = file.filename or _text(content, charset)
    elif attribute == _FILE_DATA:
        file.content = content
    elif attribute == _FILE_PROPERTIES:
        found = dict(_properties(content))
        name = found.get(_LONG_NAME) or found.get(_SHORT_NAME, b"")
        file.filename = _text(name, charset) or file.filename
        file.content_type = _text(found.get(_CONTENT_TYPE, b""), charset).lower()
        file.content_id = _text(found.get(_CONTENT_ID, b""), charset).strip("<>")
        data = found.get(_DATA)
        if isinstance(data, bytes):
            file.content = data
            # A mail or an object of Office inside is a file only for those who made it.
            mail.complete = mail.complete and not data.startswith(_SIGNATURE)


def _text(value: _Value, charset: str) -> str:
    if isinstance(value, bytes):
        value = charsets.decode(value.rstrip(b"\0"), charset)
    return charsets.clean(value).strip("\n") if isinstance(value, str) else ""


def _charset(code_page: int) -> str | None:
    names = {65001: "utf-8", 20127: "ascii", 28591: "iso-8859-1", 28605: "iso-8859-15", 20866: "koi8-r"}
    name = names.get(code_page) or f"windows-{code_page}"
    return name if charsets.codec_for(name) else None


def _padded(length: int) -> int:
    return length + -length % 4
