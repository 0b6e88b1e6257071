"""What people wrote → HTML: escaped, in paragraphs, with links that tell nobody where they came from."""

import re

from markupsafe import Markup, escape

SHOWN_CHARACTERS = 1_000_000

_URL = re.compile(r"https?://[^\s<>\"]{1,2000}", re.IGNORECASE)
_AFTER_URL = ".,;:!?'*_)]}»”’"
_LINK = Markup('<a href="{0}" rel="noopener noreferrer nofollow">{0}</a>')
_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
_TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F))
"""Direction marks, with which a line can pretend to say something else (T14)."""


def paragraphs(text: str) -> list[Markup]:
    """Return a text as the insides of paragraphs: parted by blank lines, lines within by <br>."""
    clean = text[:SHOWN_CHARACTERS].translate(_CONTROLS | _TURNING).replace("\r\n", "\n").replace("\r", "\n")
    return [_linked(block.strip("\n")) for block in clean.split("\n\n") if block.strip()]


def initials(name: str) -> str:
    """Return up to two letters that stand for a person."""
    words = [word for word in name.partition("@")[0].replace(".", " ").split() if word[0].isalnum()]
    chosen = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0] for word in chosen).upper() or "?"


def _linked(block: str) -> Markup:
    pieces: list[Markup] = []
    position = 0
    for match in _URL.finditer(block):
        url = match[0].rstrip(_AFTER_URL)
        pieces += [escape(block[position : match.start()]), _LINK.format(url)]
        position = match.start() + len(url)
    pieces.append(escape(block[position:]))
    return Markup("<br>").join(Markup("").join(pieces).split("\n"))
