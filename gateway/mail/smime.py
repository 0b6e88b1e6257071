"""What an S/MIME envelope (CMS, RFC 5652) is, and what a signed one holds. Nothing is verified here."""

from enum import StrEnum

_SIGNED = bytes.fromhex("06092a864886f70d010702")
_ENVELOPED = bytes.fromhex("06092a864886f70d010703")
_AUTHENTICATED = bytes.fromhex("060b2a864886f70d0109100117")  # RFC 5083
_HEAD = 32  # octets in which the kind stands

_SEQUENCE, _SET, _CONTENT = 0x30, 0x31, 0xA0
_OCTETS, _OCTETS_IN_PIECES = 0x04, 0x24
_WHOLE = -1  # a length that is not said: to the end marker


class Envelope(StrEnum):
    """The kinds of envelope; the values are keys of notes."""

    ENCRYPTED = "encrypted"
    SIGNED = "signed"


def kind_of(octets: bytes) -> Envelope | None:
    """Return what an envelope says it is; the file decides, for programs leave out `smime-type`."""
    head = octets[:_HEAD]
    if _SIGNED in head:
        return Envelope.SIGNED
    return Envelope.ENCRYPTED if _ENVELOPED in head or _AUTHENTICATED in head else None


def signed_content(octets: bytes) -> bytes:
    """Return what was signed: a MIME entity; b"" when it is not in there or cannot be found."""
    try:
        return _content(octets)
    except (IndexError, ValueError):
        return b""


def _content(octets: bytes) -> bytes:
    at = _enter(octets, 0, _SEQUENCE)
    at = _enter(octets, _after(octets, at), _CONTENT)  # behind the kind
    at = _enter(octets, at, _SEQUENCE)
    at = _after(octets, _after(octets, at))  # behind version and digests
    at = _enter(octets, at, _SEQUENCE)
    at = _enter(octets, _after(octets, at), _CONTENT)
    tag, start, length = _element(octets, at)
    if tag == _OCTETS and length != _WHOLE:
        return octets[start : start + length]
    if tag != _OCTETS_IN_PIECES:
        raise ValueError("no content")
    end = len(octets) if length == _WHOLE else start + length
    pieces = []
    while start < end and octets[start] == _OCTETS:
        _, begins, size = _element(octets, start)
        start = begins + size
        pieces.append(octets[begins:start])
    return b"".join(pieces)


def _enter(octets: bytes, at: int, tag: int) -> int:
    found, start, _ = _element(octets, at)
    if found != tag:
        raise ValueError("something else stands here")
    return start


def _after(octets: bytes, at: int) -> int:
    _, start, length = _element(octets, at)
    if length == _WHOLE:
        raise ValueError("an end that is not said")
    return start + length


def _element(octets: bytes, at: int) -> tuple[int, int, int]:
    """Return the tag of an element, where its content begins, and how long it is."""
    tag, first = octets[at], octets[at + 1]
    if first < 0x80:
        return tag, at + 2, first
    if first == 0x80:
        return tag, at + 2, _WHOLE
    size = first & 0x7F
    if size > 4:
        raise ValueError("an impossible length")
    return tag, at + 2 + size, int.from_bytes(octets[at + 2 : at + 2 + size], "big")
