"""Bytes of a mail → ParsedMail: every field and part decoded from its octets, nothing concluded."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from html import escape

from gateway.mail import headers, html
from gateway.mail.addresses import Address, parse_address_field
from gateway.mail.html_limits import fits
from gateway.mail.inside import look_inside
from gateway.mail.one_line import one_line
from gateway.mail.opening import open_mail
from gateway.mail.parsed import AttachedFile, ParsedMail
from gateway.mail.parts import Leaves, Segment, collect, original
from gateway.rules import limits

_MESSAGE_ID = re.compile(r"<([^<>]{1,998})>")
_STUB_LENGTH = 300  # characters: an alternative that only says "your program cannot show HTML"


def parse(raw: bytes) -> ParsedMail:
    """Open a mail and decode all of it. Cost grows with its size; damage gives replacement characters.

    Only a mail without any header field is `unreadable` here, and attached to itself.
    """
    message, opening_notes = open_mail(raw)
    notes = list(opening_notes)
    fields = [(name.lower(), headers.unfold(value)) for name, value in message.raw_items()]
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    leaves = collect(message)
    notes += look_inside(leaves)
    text, markup, attachments = _content(leaves, notes)
    subject = headers.text_of(values.get("subject", [""])[0])
    return ParsedMail(
        headers=tuple((name, headers.text_of(value)) for name, value in fields),
        message_id=_message_id(values.get("message-id", [])),
        from_=_addresses(values.get("from", []), notes),
        from_fields=len(values.get("from", [])),
        to=_addresses(values.get("to", []), notes),
        cc=_addresses(values.get("cc", []), notes),
        reply_to=_addresses(values.get("reply-to", []), notes),
        subject=one_line(subject, limits.SUBJECT_CHARACTERS),
        date=_date(values.get("date", [])),
        references=_references(values, notes),
        text=text,
        html=markup,
        attachments=attachments if fields else (*attachments, original(raw)),
        unreadable=not fields,
        notes=tuple(dict.fromkeys(notes)),
    )


def _content(leaves: Leaves, notes: list[str]) -> tuple[str, str, tuple[AttachedFile, ...]]:
    """Return the text, the HTML and the attached files, each within its limit.

    What is too long to show becomes an attached file, whole, so that nobody needs the raw mail
    to read on.
    """
    attachments = leaves.attachments
    markup = _markup(leaves.segments)
    if markup and not fits(markup):
        notes.append("html-too-large")
        attachments = [*attachments, AttachedFile("mensaje.html", "text/html", markup.encode())]
        markup_shown = ""
    else:
        markup_shown = markup
    text = "\n\n".join(filter(None, map(_words, leaves.segments)))
    if len(text) > limits.SHOWN_TEXT:
        notes.append("text-too-long")
        attachments = [*attachments, AttachedFile("texto-completo.txt", "text/plain", text.encode())]
        text = text[: limits.SHOWN_TEXT]
    return text, markup_shown, tuple(attachments)


def _words(segment: Segment) -> str:
    """Return the plain text of a stretch of the body, from its HTML where it brought none."""
    plain = "\n\n".join(dict.fromkeys(filter(None, (each.strip("\n").rstrip() for each in segment.plain))))
    is_stub = len(plain) < _STUB_LENGTH and "html" in plain.lower()
    if segment.html and (is_stub or not plain.strip()):
        return "\n\n".join(filter(None, map(html.to_text, segment.html))) or plain
    return plain


def _markup(segments: list[Segment]) -> str:
    """Return the HTML of the body; words that came only as plain text stand in it, too."""
    if not any(segment.html for segment in segments):
        return ""
    pieces: list[str] = []
    for segment in segments:
        pieces += segment.html or [f"<pre>{escape(text)}</pre>" for text in segment.plain]
    return "\n".join(pieces)


def _addresses(values: list[str], notes: list[str]) -> tuple[Address, ...]:
    found: list[Address] = []
    for value in values:
        found += parse_address_field(value)
        if len(found) >= limits.ADDRESSES:
            notes.append("too-many-addresses")
            break
    return tuple(found[: limits.ADDRESSES])


def _message_id(values: list[str]) -> str | None:
    """Return the first Message-ID without its brackets; programs forget those, or put blanks inside."""
    for value in values:
        bare = "".join(value.split()).strip("<>")[:998]
        if bare:
            return bare
    return None


def _references(values: dict[str, list[str]], notes: list[str]) -> tuple[str, ...]:
    ids = [each for value in values.get("in-reply-to", []) for each in _message_ids(value)]
    for value in values.get("references", []):
        ids += reversed(_message_ids(value))
    unique = tuple(dict.fromkeys(ids))
    if len(unique) > limits.REFERENCES:
        notes.append("too-many-references")
    return unique[: limits.REFERENCES]


def _message_ids(value: str) -> list[str]:
    """Return the Message-IDs a field names; programs break long ones over two lines, or lose the brackets."""
    if "<" not in value:
        return [each for each in value.split() if "@" in each[1:-1]]
    found = [(each, "".join(each.split())) for each in _MESSAGE_ID.findall(value)]
    return [bare for each, bare in found if bare == each or "@" in bare]


def _date(values: list[str]) -> datetime | None:
    """Return the Date in UTC, None when it is none: it is shown and decides nothing (E12)."""
    parsed = parsedate_tz(values[0]) if values else None
    if parsed is None:
        return None
    try:
        zone = timezone(timedelta(seconds=parsed[9] or 0))
        return datetime(*parsed[:6], tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
