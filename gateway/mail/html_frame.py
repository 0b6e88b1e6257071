"""HTML that `html.safe` wrote → the same with its pictures in it, for a frame that may load nothing (W11).

The text is walked as our own cleaner writes it: every `<` outside a tag begins one, values stand in
double quotes. What is written otherwise was not written by it, and is not shown.
"""

import base64
import html as entities
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from gateway.rules import limits
from gateway.rules.attachments import HEAD_OCTETS, picture_type

_TAG = re.compile(r'<(/?)([a-z][a-z0-9]{0,15})((?: [a-z]{1,20}="[^"]{0,100000}"){0,20})>')
_SOURCE = re.compile(r' src="(?i:cid):([^"]{0,1000})"')


def content_ids(html: str) -> frozenset[str]:
    """Return the Content-IDs of the pictures that a mail shows; none of HTML that is not ours."""
    found = (_named(tag) for tag in _walk(html) or () if isinstance(tag, re.Match))
    return frozenset(name for name in found if name is not None)


def with_pictures(html: str, pictures: Mapping[str, bytes]) -> str | None:
    """Return the HTML with the pictures in place of their names; None for HTML that is not ours.

    Each has to be one by its content, and all of them, repeated ones as often as they stand there,
    keep within a bound; the others leave the words that stand for them.
    """
    walked = _walk(html)
    if walked is None:
        return None
    left, octets = limits.EMBEDDED_PICTURES, limits.EMBEDDED_OCTETS
    pieces: list[str] = []
    for piece in walked:
        if isinstance(piece, str):
            pieces.append(piece)
            continue
        picture = pictures.get(_named(piece) or "", b"")
        kind = picture_type(picture[:HEAD_OCTETS])
        source = ""
        if kind is not None and left > 0 and len(picture) <= octets:
            left, octets = left - 1, octets - len(picture)
            source = f' src="data:{kind};base64,{base64.b64encode(picture).decode("ascii")}"'
        pieces.append(_SOURCE.sub(lambda _, source=source: source, piece[0]))  # type: ignore[misc]
    return "".join(pieces)


def _walk(html: str) -> list[str | re.Match[str]] | None:
    """Return the text in pieces: tags of pictures that came along as matches, all else as it is."""
    pieces: list[str | re.Match[str]] = []
    position = 0
    for tag in _tags(html):
        if tag is None:
            return None
        if tag[2] == "img" and _SOURCE.search(tag[3]):
            pieces += [html[position : tag.start()], tag]
            position = tag.end()
    return [*pieces, html[position:]]


def _tags(html: str) -> Iterator[re.Match[str] | None]:
    """Yield every tag, None for what looks like the beginning of one and is none."""
    position = html.find("<")
    while position >= 0:
        tag = _TAG.match(html, position)
        yield tag
        if tag is None:
            return
        position = html.find("<", tag.end())


def _named(tag: "re.Match[str]") -> str | None:
    found = _SOURCE.search(tag[3])
    return unquote(entities.unescape(found[1])) if found else None
