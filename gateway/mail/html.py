"""HTML of a mail → plain text; HTML → safe HTML. Nothing is ever fetched (C12)."""

import html as entities
import re

import nh3

from gateway.mail import html_text
from gateway.mail.html_limits import fits
from gateway.rules import limits

CLEANER_VERSION = 1
"""Raised whenever the lists below change, so that what was cleaned before can be made anew (W11)."""

_TAGS = frozenset(
    (  # noqa: SIM905  names read better in a row
        "a abbr b bdi blockquote br caption cite code col colgroup dd del dfn div dl dt em figcaption figure "
        "h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub sup table "
        "tbody td tfoot th thead tr tt u ul var wbr"
    ).split()
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
_DROPPED_WITH_CONTENT = frozenset({"script", "style", "title", "template", "noscript"})
_LINKS = ("http://", "https://", "mailto:")
_CONTENT_ID = re.compile(r"cid:[!-~]{1,250}", re.IGNORECASE)
_SMALL_NUMBER = re.compile(r"[0-9]{1,4}")

_CRUDE_TAG = re.compile(r"<[^<>]{0,4000}>")


def _allowed(tag: str, attribute: str, value: str) -> str | None:
    """Let through links that a person may follow, images that came along, small numbers, words."""
    if attribute == "href":
        return value if value.lower().startswith(_LINKS) else None
    if attribute == "src":
        return value if _CONTENT_ID.fullmatch(value) else None
    if attribute in ("alt", "title", "rel"):  # rel is ours: the lists above name none
        return value
    return value if _SMALL_NUMBER.fullmatch(value) else None


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_DROPPED_WITH_CONTENT,
    attributes=_ATTRIBUTES,
    attribute_filter=_allowed,
    link_rel="noopener noreferrer nofollow",
    url_schemes={"http", "https", "mailto", "cid"},
    url_relative="deny",
)


def to_text(html: str) -> str:
    """Return the words of a document; roughly, without layout, when it must not meet a parser."""
    if fits(html):
        return html_text.render(html)
    return entities.unescape(_CRUDE_TAG.sub(" ", html[: 4 * limits.HTML_OCTETS]))


def safe(html: str) -> str:
    """Return HTML by our allow-list: no style, id, form, svg, data or remote address (W11).

    "" for what does not `fit`. Images keep their `cid:` address, for the server to replace.
    """
    return _CLEANER.clean(html) if html and fits(html) else ""
