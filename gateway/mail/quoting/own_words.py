"""A person's own words apart from what they quote, line by line (invariants B8).

Spanish, English, Portuguese; what other languages write is known by the structure of its HTML. Mail
programs say where a quote starts by elements of their own, by "> " in front of each line, by an
attribution ("El … escribió:"), a separator ("-----Mensaje original-----") or header lines ("De: …
Enviado: …"). Each has a module; here the two bodies of a mail are weighed against each other.
"""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import compress
from typing import NamedTuple

from gateway.mail import html_text
from gateway.mail.html_limits import fits
from gateway.mail.quoting.containers import may_quote
from gateway.mail.quoting.endings import fold_endings
from gateway.mail.quoting.lines import Line, Part, plain_lines
from gateway.mail.quoting.pointers import points_below
from gateway.mail.quoting.sorting import Sorted, sort

_BLANK_LINES = re.compile(r"\n{3,}")  # which quotes leave behind
_NOT_WORDS = re.compile(r"<[^<>]{0,2000}>|\[[^\[\]]{0,200}\]|https?://[^\s<>\[\]]{1,2000}")
_WORD = re.compile(r"[^\W_]{2,}")
_STRAY_WORDS = 2
_DRAWN = " \t\n\u00a0-_=*─—|>"  # what rules are made of; "?" and a thumb are answers


class Split(NamedTuple):
    """A mail in two: its writer's own words, "" where all is quoted, and what they quote.

    `whole` says that the quote belongs to what they say, and is to be shown with it.
    """

    own: str
    quoted: str
    whole: bool = False


def split(text: str, html: str, *, is_reply: bool) -> tuple[str, str]:
    """Return what is shown of a mail and what is folded. Together they hold every line there is.

    With the quote go the signature behind "-- " and what phones, virus scanners and lawyers add. Only
    of replies: a first mail and a forward are shown whole. So is a reply that would be left without
    words: a quote alone must then be what the person wanted to show. `html` is asked where it may know
    more than the plain text: where that marks nothing, or no end, or has own words below a quote.
    """
    own, quoted, whole = cut(text, html, is_reply=is_reply)
    return (text, "") if whole else (own, quoted)


def cut(text: str, html: str, *, is_reply: bool) -> Split:
    """Return own words and quotes apart, for those whose quotes are nobody's to read (C3)."""
    if not is_reply or not text.strip():
        return Split(text, "")
    found = sort(plain_lines(text))
    if (found.is_open or not _is_all_above(found)) and may_quote(html) and fits(html):
        found = _safer(found, sort(html_text.lines(html)))
    is_folded = fold_endings(found.lines, found.is_quoted)
    own = _joined(found.lines, (not each for each in is_folded))
    quoted = "\n".join(line.text for line in compress(found.lines, is_folded)).strip("\n")
    if not quoted.strip():
        return Split(text, "")
    if not own.strip(_DRAWN):
        return Split("", quoted, whole=True)
    return Split(own, quoted, whole=points_below(own) and _is_all_above(found))


def _safer(plain: Sorted, structured: Sorted) -> Sorted:
    """Return which of the two bodies tells better what is new; in doubt the one that keeps more."""
    if not any(structured.is_quoted):
        return plain
    words = _own_words(plain)
    own = _own_words(structured)
    if own == words:
        return plain
    if sum((words - _words(structured.lines)).values()) > _STRAY_WORDS:
        return plain  # the HTML lacks some of it: another text, or cut short
    if structured.by_structure or not any(plain.is_quoted):
        return structured
    return structured if not words - own else plain


def _own_words(found: Sorted) -> Counter[str]:
    return _words(compress(found.lines, (not each for each in found.is_quoted)))


def _words(lines: Iterable[Line]) -> Counter[str]:
    """Return words to compare two bodies by: no links, no pictures, which only plain text writes out."""
    return Counter(_WORD.findall(_NOT_WORDS.sub(" ", " ".join(line.text for line in lines))))


def _joined(lines: Iterable[Line], chosen: Iterable[bool]) -> str:
    written = (
        line.text[line.part is Part.STUFFED :] if line.text.strip() else ""
        for line in compress(lines, chosen)
    )
    return _BLANK_LINES.sub("\n\n", "\n".join(written)).strip()


def _is_all_above(found: Sorted) -> bool:
    """Whether something is quoted, and nothing own stands below its first line."""
    below = False
    for line, is_quoted in zip(found.lines, found.is_quoted, strict=True):
        below = below or is_quoted
        if below and not is_quoted and line.text.strip():
            return False
    return below
