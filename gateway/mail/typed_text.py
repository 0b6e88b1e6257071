"""What somebody typed into a page → text as messages hold it."""

import re
import unicodedata

_BREAKS = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160)))
_HALVES = re.compile("[\ud800-\udfff]")


def normal_text(raw: str) -> str:
    """Return the text with plain line breaks, without controls and blank lines around it.

    Databases refuse some of what a form may hold, and a text is compared with others later: one way of
    writing an accent is enough. Direction marks stay, as in mail; whoever shows a text drops them (T14).
    """
    text = _HALVES.sub("\ufffd", _BREAKS.sub("\n", raw)).translate(_CONTROLS)
    lines = unicodedata.normalize("NFC", text).split("\n")
    first = next((place for place, line in enumerate(lines) if line.strip()), len(lines))
    return "\n".join(lines[first:]).rstrip()
