"""The octets of a MIME part behind its transfer encoding, however broken (RFC 2045; invariants B9)."""

import binascii
import re

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_PADDINGS = 1000  # pieces one behind the other; more are one piece, their padding ignored
_SOFT_END = re.compile(rb"=[ \t]{1,80}(?=\r?\n)")  # behind a soft line end (RFC 2045, 6.7, rule 3)
_TOKEN = re.compile(r"[a-z0-9-]{1,40}")
_WORDS = (re.compile(rb"[ \t](?<=\S[ \t])\S"), re.compile(rb"[-_*][-_*]{7}"))
"""What nobody writes into base64: a blank inside a line, the rule above a footer."""
_UUENCODED = frozenset({"x-uuencode", "uuencode", "uue", "x-uue"})


def octets_of(payload: str, transfer_encoding: str) -> bytes:
    """Return the decoded content of a leaf; an unknown encoding leaves the octets as they came.

    `payload` is the standard library's: octets above 127 stand there as surrogates.
    """
    octets = payload.encode("utf-8", "surrogateescape")
    encoding = _TOKEN.search(transfer_encoding.lower())
    return _decoded(octets, encoding[0] if encoding else "")


def _decoded(octets: bytes, encoding: str) -> bytes:
    if encoding == "quoted-printable":
        return binascii.a2b_qp(_SOFT_END.sub(b"=", octets))
    if encoding == "base64":
        return unbase64(octets)
    if encoding in _UUENCODED:
        return _unuuencode(octets)
    return octets


def unbase64(octets: bytes) -> bytes:
    """Decode base64 with anything wrong about it: foreign characters, padding short or in the middle.

    Words are left as they are: all of a text that only says it is base64, and what a mailing list
    put under one that is.
    """
    try:
        return binascii.a2b_base64(octets.translate(None, b"\r\n \t"), strict_mode=True)
    except binascii.Error:
        words = min((found.start() for each in _WORDS if (found := each.search(octets))), default=None)
        start = len(octets) if words is None else octets.rfind(b"\n", 0, words) + 1
        pieces = octets[:start].split(b"=", _PADDINGS)
        return b"".join(map(_unbase64_piece, pieces)) + octets[start:]


def _unbase64_piece(digits: bytes) -> bytes:
    digits = digits.translate(None, _NOT_BASE64)
    if len(digits) % 4 == 1:
        digits = digits[:-1]  # six bits make no octet
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def _unuuencode(octets: bytes) -> bytes:
    """Decode the lines between "begin" and "end"; a line that is none is skipped."""
    decoded = []
    started = False
    for line in octets.splitlines():
        if not started:
            started = line.startswith(b"begin ")
        elif line.strip() == b"end":
            break
        else:
            try:
                decoded.append(binascii.a2b_uu(line))
            except binascii.Error:
                continue
    return b"".join(decoded) if started else octets
