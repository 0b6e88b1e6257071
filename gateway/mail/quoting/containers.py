"""Elements that mail programs write around what is answered → what they say of the lines inside.

By class, id or another attribute, as each program writes them. Outlook puts "x_" in front of the names
in a mail it quotes, Yahoo "yiv" and a number, or "ydp" and one; these do not count.
"""

import re
from typing import NamedTuple

from gateway.mail.quoting.lines import Part

CONTAINERS = ("blockquote", "div", "p")
"""The tags that are asked."""


class Meaning(NamedTuple):
    """What an element says: the part its lines are, and whether the answered mail ends where it does."""

    part: Part | None = None
    history: bool = False


NOTHING = Meaning()

_BY_NAME = {
    **dict.fromkeys(
        (
            "gmail_attr",  # Gmail
            "moz-cite-prefix",  # Thunderbird
            "reply-intro",  # Roundcube
            "v1reply-intro",
        ),
        Meaning(Part.ATTRIBUTION),
    ),
    **dict.fromkeys(
        (
            "divRplyFwdMsg",  # Outlook on the web, of 365, on phones
            "OutlookMessageHeader",  # Outlook Express
        ),
        Meaning(Part.HEADERS),
    ),
    **dict.fromkeys(
        (
            "mail-editor-reference-message-container",  # Outlook, the new ones
            "ms-outlook-mobile-reference-message",
            "OLK_SRC_BODY_SECTION",  # Outlook for Mac
            "yahoo_quoted",
            "zmail_extra",  # Zoho
            "protonmail_quote",
            "tutanota_quote",
            "history_container",  # Mailbird
            "iosymail",  # Yahoo on iPhones
            "__QUOTED_TEXT__",  # Zimbra
            "__HEADERS__",
        ),
        Meaning(history=True),
    ),
}
_CITING = frozenset(
    {"spark_quote", "protonmail_quote", "tutanota_quote", "zmail_extra", "cite2", "history_container"}
)
_FOREIGN = re.compile(r"x_|yiv[0-9]{1,12}|ydp[0-9a-f]{0,12}")
_OUTLOOK_BAR = re.compile(r"border-left:\s{0,3}solid blue 1\.5pt", re.IGNORECASE)
_WORTH_A_LOOK = (
    *_BY_NAME,
    "gmail_quote",
    "cite",
    "blockquote",
    "BLOCKQUOTE",
    "solid blue 1.5pt",
)


def may_quote(html: str) -> bool:
    """Whether a document has any element that says more than its text."""
    return any(name in html for name in _WORTH_A_LOOK)


def meaning(tag: str, attributes: dict[str, str | None]) -> Meaning:
    """Return what an element of a mail program says of the lines in it."""
    if tag != "blockquote" and not attributes:
        return NOTHING
    names = [
        _FOREIGN.sub("", name, count=1) if name[:1] in "xy" else name
        for key in ("class", "id", "data-marker")
        for name in (attributes.get(key) or "").split()
    ]
    if tag == "blockquote":
        return Meaning(_part_of_block(names, attributes), "iosymail" in names)
    for name in names:
        if name in _BY_NAME:
            return _BY_NAME[name]
        if name.startswith("yahoo_quoted"):
            return Meaning(history=True)
    if tag == "div" and _OUTLOOK_BAR.search((attributes.get("style") or "")[:400]):
        return Meaning(history=True)
    return NOTHING


def _part_of_block(names: list[str], attributes: dict[str, str | None]) -> Part:
    if "gmail_quote" in names:
        return Part.QUOTED  # Gmail's button for quotes writes the same
    if (attributes.get("type") or "").lower() == "cite" or not _CITING.isdisjoint(names):
        return Part.CITED
    return Part.INDENTED
