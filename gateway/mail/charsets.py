"""Octets of a mail → text, whatever their charset says of itself (invariants B9)."""

import codecs
import re

from webencodings import lookup

# Labels that mail programs use though the WHATWG list, made for browsers, leaves them out.
_BEYOND_THE_WEB = {"utf-7": "utf-7", "cp437": "cp437", "cp850": "cp850", "ibm850": "cp850", "cp858": "cp858"}
_NOT_TEXT = ("replacement", "x-user-defined")
_ONE_BYTE = ("cp", "iso8859", "koi8", "mac")
_MANY_BYTES = ("cp932", "cp949")
_ESCAPING = ("utf-7", "utf-16-le", "utf-16-be", "iso2022_jp")  # octets below 128 are not ASCII there
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_META_CHARSET = re.compile(rb"charset\s{0,20}=\s{0,20}[\"']?([A-Za-z0-9_.:-]{1,40})", re.ASCII)
_META_WITHIN = 1024  # octets, as browsers look (WHATWG, prescan)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # all but tab and line feed
_SURROGATE = re.compile("[\ud800-\udfff]")


def decode(octets: bytes, declared: str | None = None) -> str:
    """Return the text of some octets: as declared, else UTF-8, else windows-1252. Never raises.

    A one-byte label on octets that are valid UTF-8 is taken for a lie: in a real latin-1 text
    accented letters do not line up as UTF-8 sequences, while programs that label UTF-8 as latin-1
    or ASCII are common.
    """
    codec = codec_for(declared)
    if codec not in _ESCAPING and octets.isascii():
        return octets.decode("ascii")
    for mark, marked in _MARKS:
        if octets.startswith(mark):
            return _scalar(octets[len(mark) :].decode(marked, "replace"))
    if codec is None or codec == "utf-8":
        candidates = ["utf-8"]
    elif codec.startswith(_ONE_BYTE) and codec not in _MANY_BYTES:
        candidates = ["utf-8", codec]
    else:
        candidates = [codec, "utf-8"]
    for candidate in candidates:
        try:
            return _scalar(octets.decode(candidate))
        except UnicodeError:
            continue
    for candidate in candidates:  # one broken letter in a thousand does not make another charset of it
        text = octets.decode(candidate, "replace")
        if text.count("\ufffd") * 1000 <= len(text):
            return _scalar(text)
    return octets.decode("cp1252", "replace")


def codec_for(label: str | None) -> str | None:
    """Return Python's name for a charset label, None when it names no text we know.

    Only labels of the WHATWG list and a few of mail's own: a sender cannot reach codecs such as
    "zip" or "idna" by naming them.
    """
    if not label or not label.isascii():
        return None
    name = label.strip("\"' \t").lower().partition("*")[0][:40]
    if name in _BEYOND_THE_WEB:
        return _BEYOND_THE_WEB[name]
    encoding = lookup(name) or lookup(name.replace("_", "-")) or lookup(name.removeprefix("x-"))
    if encoding is None or encoding.name in _NOT_TEXT:
        return None
    return str(encoding.codec_info.name)


def meta_charset(octets: bytes) -> str | None:
    """Return the charset an HTML document declares in its first kilobyte."""
    found = _META_CHARSET.search(octets[:_META_WITHIN])
    return found.group(1).decode("ascii") if found else None


def clean(text: str) -> str:
    """Return text without control characters and with line feeds for every end of line."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", text)


def _scalar(text: str) -> str:
    """Return text without lone surrogates, which some codecs make and no UTF-8 can carry."""
    return _SURROGATE.sub("\ufffd", text)
