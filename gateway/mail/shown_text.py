"""A person's text as mail shows it: as they wrote it in plain text, escaped in HTML (W12)."""

import re
import unicodedata

from markupsafe import Markup, escape

TEXT_LIMIT = 200_000
"""Characters of a message that a mail carries; the rest is read on the web. Some 80 pages."""

_PARAGRAPH_LIMIT = 300
"""Paragraphs in HTML with a style of their own; what follows is broken by <br>, which costs less."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_URL = re.compile(r"https?://[^\s<>\"]{1,2000}", re.IGNORECASE)
_AFTER_URL = ".,;:!?'*_)]}»”’"
_LINK = Markup('<a class="st-link" href="{0}" style="color:#0b6170">{0}</a>')
_LINK_SHAPED = re.compile(
    r"\w\.[^\W\d_]{2}|:/|@|www\.|hxxp"  # evil.example, https://, a@evil.example
    r"|[.:](?=[\])}])|(?<=[\[({])[.:]",  # evil[.]example, hxxp[:]//
    re.IGNORECASE,
)
"""A host or an address, also as written for a person to put together again. Words are looked at in the
form NFKC, with the full stops of other scripts made one kind (UTS 46)."""

_FULL_STOPS = str.maketrans("。｡．․", "....")


def plain(text: str) -> str:
    """Return a message for plain text: line breaks made one kind, controls dropped, not wrapped."""
    lines = text[:TEXT_LIMIT].replace("\r\n", "\n").replace("\r", "\n")
    shown = _CONTROLS.sub("", lines).strip("\n")
    return shown if len(text) <= TEXT_LIMIT else shown + " […]"


def quoted(text: str) -> str:
    """Return a message with each line behind "> ", so that nobody takes it for new words."""
    return "\n".join("> " + line if line else ">" for line in plain(text).split("\n"))


def paragraphs(text: str) -> list[Markup]:
    """Return a message as escaped HTML paragraphs, without the <p>, for the template to style."""
    blocks = [block.strip("\n") for block in plain(text).split("\n\n")]
    blocks = [block for block in blocks if block.strip()]
    if len(blocks) > _PARAGRAPH_LIMIT:
        rest = "\n\n".join(blocks[_PARAGRAPH_LIMIT - 1 :])
        blocks = [*blocks[: _PARAGRAPH_LIMIT - 1], rest]
    return [_escaped(block) for block in blocks]


def without_links(subject: str) -> str:
    """Return a subject of at most 120 characters without anything a mail program makes a link of.

    An acknowledgement goes to whoever a mail claims to be from, so it must be useless as an
    advert (C9). Whatever looks like a host or an address goes, a few file names with it.
    """
    line = " ".join(word for word in subject.split() if not _LINK_SHAPED.search(_plainest(word)))
    return line if len(line) <= 120 else line[:119].rstrip() + "…"


def _plainest(word: str) -> str:
    return unicodedata.normalize("NFKC", word).translate(_FULL_STOPS)


def _escaped(block: str) -> Markup:
    pieces: list[Markup] = []
    position = 0
    for match in _URL.finditer(block):
        url = match[0].rstrip(_AFTER_URL)
        pieces += [escape(block[position : match.start()]), _LINK.format(url)]
        position = match.start() + len(url)
    pieces.append(escape(block[position:]))
    shown = str(Markup("").join(pieces)).replace("\n", "<br>")
    return Markup(shown.replace("  ", "&nbsp; "))  # noqa: S704  all pieces are escaped; indents stay
