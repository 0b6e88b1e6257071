"""Text of strangers → one line that is safe to show and to put in a header of ours."""

import unicodedata

_KEPT_FORMATS = frozenset("\u200c\u200d")
"""Joiners: Persian, Indic scripts and emoji need them, and they turn no text around."""


def one_line(text: str, limit: int) -> str:
    """Return `text` as one line of at most `limit` characters, cut with an ellipsis.

    Controls, direction marks (T14) and other invisible format characters go, any run of white
    space is one blank. Only the first few thousand characters are looked at, so the cost does not
    depend on what a stranger sent.
    """
    if len(text) <= limit and text.isprintable() and "  " not in text:
        return text.strip()  # nearly all are, and then it costs nothing
    window = text[: limit * 8 + 64]
    line = " ".join("".join(_shown(character) for character in window).split())
    if len(line) <= limit:
        return line
    return line[: limit - 1].rstrip() + "…"


def _shown(character: str) -> str:
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cf":
            return character if character in _KEPT_FORMATS else ""
        case "Cs":  # half a surrogate pair cannot be written as UTF-8
            return "\ufffd"
        case _:
            return character
