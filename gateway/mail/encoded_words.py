"""Encoded words in headers (RFC 2047), the broken ones that mail programs write included."""

import binascii
import re
from collections.abc import Iterator
from itertools import groupby

from gateway.mail import charsets

_START = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,40})?\?([bq])\?", re.IGNORECASE | re.ASCII)
_HEX = re.compile(rb"=([0-9a-f]{2})", re.IGNORECASE)
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")

_SURROGATE = re.compile("[\ud800-\udfff]")

_LINE_BREAKS = str.maketrans(dict.fromkeys("\r\n\0\x0b\x0c\x85\u2028\u2029", " "))


def decode_words(text: str) -> str:
    """Return a header's text with its encoded words decoded; never raises, linear time.

    Words may hold blanks and question marks, as broken programs write them. White space between
    two words is no text, and the bytes of neighbours in one charset are joined before they are
    decoded, since some programs cut a character in two. No line break comes out of a word. What
    cannot be decoded stays as it was written. Bytes that Python's e-mail package kept as
    surrogates are read like undeclared ones.
    """
    decoded: list[str] = []
    for charset, run in groupby(_pieces(text), key=lambda piece: piece[0]):
        if charset is None:
            decoded.extend(_mended(str(content)) for _, content in run)
        else:
            joined = b"".join(content for _, content in run if isinstance(content, bytes))
            decoded.append(charsets.decode(joined, charset).translate(_LINE_BREAKS))
    return "".join(decoded)


def _pieces(text: str) -> Iterator[tuple[str | None, str | bytes]]:
    """Yield (None, plain text) and (charset, bytes of one encoded word), in order.

    White space between two words is left out. Each character is looked at a fixed number of
    times: a word that has no end means that no later one has.
    """
    position = 0  # of the first character not yielded yet
    search_from = 0
    after_word = False
    while start := _START.search(text, search_from):
        end = text.find("?=", start.end())
        if end < 0:
            break
        content = _content(text[start.end() : end], start[2])
        if content is None:
            search_from = start.end()
            continue
        between = text[position : start.start()]
        if between and not (after_word and between.isspace()):
            yield None, between
        yield start[1].lower(), content
        position = search_from = end + 2
        after_word = True
    yield None, text[position:]


def _content(word: str, encoding: str) -> bytes | None:
    """Return the bytes of a word's text, or None if it is none."""
    if encoding in "Qq":
        return _HEX.sub(lambda found: bytes.fromhex(found[1].decode("ascii")), _raw(word.replace("_", " ")))
    letters = _NOT_BASE64.sub("", word)
    if word and not letters:
        return None
    if len(letters) % 4 == 1:
        letters = letters[:-1]  # the word was cut: six bits more than whole bytes
    return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))


def _mended(text: str) -> str:
    """Return text whose surrogates, if any, are read as the raw bytes they stand for (PEP 383)."""
    return charsets.decode(_raw(text), None) if _SURROGATE.search(text) else text


def _raw(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that no byte stands behind
        return text.encode("utf-8", "replace")
