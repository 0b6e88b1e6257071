"""Attached files → the text in them that could give something away: attached mails, HTML, plain text."""

from collections.abc import Iterable, Iterator
from itertools import chain

from gateway.mail import charsets, html_text
from gateway.mail.html_limits import fits
from gateway.mail.parse import parse
from gateway.mail.parsed import AttachedFile, ParsedMail

DEPTH = 3
"""Mails within mails that are opened."""

CHARACTERS = 1024 * 1024
"""Of text taken from one mail; its attached mails come first."""

OCTETS = 4 * 1024 * 1024
"""Of one file that are looked at: text far longer than this is a log, not a quote."""

_MAIL_TYPE = "message/rfc822"
_MAIL_NAMES = (".eml", ".mht", ".mhtml")
_TEXT_NAMES = (
    *_MAIL_NAMES,
    ".txt",
    ".htm",
    ".html",
    ".md",
    ".csv",
    ".log",
    ".ics",
    ".vcf",
    ".rtf",
    ".json",
    ".xml",
)


def texts_in(files: Iterable[AttachedFile]) -> list[str]:
    """Return the names of attached files and what can be read in them, mails before all else."""
    taken: list[str] = []
    room = CHARACTERS
    for text in _texts(files, DEPTH):
        taken.append(text[:room])
        room -= len(text)
        if room <= 0:
            break
    return taken


def _texts(files: Iterable[AttachedFile], depth: int) -> Iterator[str]:
    for file in sorted(files, key=_is_mail, reverse=True):
        yield file.filename
        content = file.content[:OCTETS]
        if _is_mail(file) and depth:
            yield from _texts_of_mail(parse(content), depth)
        elif file.content_type.startswith("text/") or file.filename.lower().endswith(_TEXT_NAMES):
            text = charsets.decode(content)
            yield from _readable(text, is_html="html" in file.content_type or "<html" in text[:1000].lower())


def _texts_of_mail(mail: ParsedMail, depth: int) -> Iterator[str]:
    yield "\n".join(chain.from_iterable(mail.headers))
    yield mail.text
    yield from _readable(mail.html, is_html=True)
    yield from _texts(mail.attachments, depth - 1)


def _readable(text: str, *, is_html: bool) -> Iterator[str]:
    """Yield the words of HTML, and in any case what is written: a comment in it is sent as well."""
    if is_html and fits(text):
        yield html_text.render(text)
    if text:
        yield text


def _is_mail(file: AttachedFile) -> bool:
    return file.content_type == _MAIL_TYPE or file.filename.lower().endswith(_MAIL_NAMES)
