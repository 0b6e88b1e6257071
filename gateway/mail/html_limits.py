"""Whether HTML may meet a parser: found out by linear scans before any parser runs (invariants B6)."""

import re
from collections import Counter

from gateway.rules import limits

_MARKUP = re.compile(r"<(?:(/?)([a-zA-Z][^\s/>]{0,40})|[!?/])")
_ATTRIBUTE = re.compile(r"[\s/]*[^\s/>][^\s/>=]*+\s*+(?:=\s*+(?:\"[^\"]*\"?|'[^']*'?|[^\s>]*))?")
_OPEN_BY_HABIT = frozenset(
    (  # noqa: SIM905  names read better in a row
        "area base br col embed hr img input link meta param source track wbr "
        "p li dt dd tr td th tbody thead tfoot option colgroup"
    ).split()
)
_ATTRIBUTES_OF_A_TAG = 1000
_ESCAPES = 100_000


def fits(html: str) -> bool:
    """Whether a document has at most 1 MiB, 10,000 tags and 200 levels, and no other trap.

    Parsers compare each attribute of a tag with all others (54 s for 1 MiB of them in one tag), and
    the cost of our cleaner grows with the square of what it must escape: both have a limit, too.
    """
    if len(html) > limits.HTML_OCTETS or html.count("&") + html.count("\u00a0") > _ESCAPES:
        return False
    return _tags_fit(html) and (_separators(html) <= _ATTRIBUTES_OF_A_TAG or _attributes_fit(html))


def _tags_fit(html: str) -> bool:
    """Count tags and levels.

    Levels are counted by name, so that stray end tags do not hide any; tags that habitually stay
    open, such as <p> and <br>, make none.
    """
    tags = level = 0
    open_tags: Counter[str] = Counter()
    for found in _MARKUP.finditer(html):
        tags += 1
        if tags > limits.HTML_TAGS:
            return False
        name = (found[2] or "").lower()
        if not name or name in _OPEN_BY_HABIT:
            continue
        if not found[1]:
            open_tags[name] += 1
            level += 1
            if level > limits.HTML_LEVELS:
                return False
        elif open_tags[name]:
            open_tags[name] -= 1
            level -= 1
    return True


def _separators(html: str) -> int:
    """Return a number that no tag has more attributes than: of all that can stand between two."""
    return len(html.split()) + html.count("/") + html.count('"') + html.count("'")


def _attributes_fit(html: str) -> bool:
    """Count the attributes of each tag, stepping over them as a browser does."""
    position = 0
    while tag := _MARKUP.search(html, position):
        position = tag.end()
        if not tag[2]:
            continue
        attributes = 0
        while attribute := _ATTRIBUTE.match(html, position):
            attributes += 1
            position = attribute.end()
            if attributes > _ATTRIBUTES_OF_A_TAG:
                return False
    return True
