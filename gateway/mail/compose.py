"""Notice → the bytes of one mail (contract section 5).

The bytes come in pieces: head and tail are stored with the outbox row, attachments stay once in
the blob store and are joined in when the mail is sent. So twenty operators do not cost twenty
copies of a file, and every attempt still sends the same bytes (E3): everything, boundaries
included, follows from the notice.
"""

import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from gateway.mail.addresses import Address
from gateway.mail.header_lines import address_field, message_id_field, parameter, text_field
from gateway.mail.notice import AttachedRef, Automatic, Notice, Template, TicketShown, Values, share_out
from gateway.mail.one_line import one_line
from gateway.mail.templates import Templates

__all__ = [
    "AttachedRef", "Automatic", "Composed", "Notice", "Part", "Template", "Templates", "TicketShown",
    "Values", "assemble", "compose", "share_out",
]  # fmt: skip

_REFERENCES = 20  # of the newest: threads need the first and the last few (RFC 5322, 3.6.4)
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
_FILENAME_LENGTH = 120
_TEXT_HEADER = b"Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_BASE64_LINE = 76


@dataclass(frozen=True, slots=True)
class Part:
    """An attachment: the header of its MIME part, and which blob follows it."""

    header: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail in pieces. `fallback`: a template did not work, which the caller logs."""

    head: bytes
    parts: tuple[Part, ...]
    tail: bytes
    fallback: bool = False


def compose(notice: Notice, templates: Templates) -> Composed:
    """Return the mail for a notice: ASCII, CRLF, no line over 998 octets. Never raises for what
    people wrote.
    """
    notice = _withholding(notice)
    words = templates.render(notice)
    key = hashlib.sha256(notice.message_id.encode("utf-8", "replace")).hexdigest()[:24]
    body = _text_part("plain", words.text)
    if words.html is not None:
        body = _alternative(body, _text_part("html", words.html), f"=_a_{key}")
    head = _header(notice, words.subject)
    if not notice.attached:
        return Composed(head + body, (), b"", words.fallback)
    boundary = f"=_m_{key}"  # "=_" stands neither in quoted-printable nor in base64
    between = f"--{boundary}\r\n".encode()
    return Composed(
        head=head + _multipart("mixed", boundary) + between + body,
        parts=tuple(Part(between + _part_header(file), file.sha256) for file in notice.attached),
        tail=f"--{boundary}--\r\n".encode(),
        fallback=words.fallback,
    )


def assemble(composed: Composed, read_blob: Callable[[str], bytes]) -> bytes:
    """Return the whole mail; `read_blob` gives an attachment by its SHA-256. Same bytes each time."""
    pieces = [composed.head]
    for part in composed.parts:
        encoded = binascii.b2a_base64(read_blob(part.sha256), newline=False)
        lines = [encoded[at : at + _BASE64_LINE] for at in range(0, len(encoded), _BASE64_LINE)]
        pieces += [part.header, b"\r\n".join(lines), b"\r\n"]
    pieces.append(composed.tail)
    return b"".join(pieces)


def _withholding(notice: Notice) -> Notice:
    """Take out of an acknowledgement what its addressee may never have written (C9).

    Its subject always comes from the template, cleaned of links, and of an unproven sender not even
    that is repeated. Only the holder of an account is greeted, since anybody else's name is what some
    mail said. Text and files never are repeated.
    """
    if notice.template is not Template.ACKNOWLEDGEMENT:
        return notice
    values = replace(notice.values, text="", author=None, refused=())
    to = notice.to
    ticket = values.ticket
    if ticket is not None and not values.believed:
        ticket = replace(ticket, subject="")
    if not values.believed or ticket is None or not ticket.url:  # who has no account cannot sign in
        ticket = ticket and replace(ticket, requester="")
        values, to = replace(values, recipient=""), Address(to.email)
    values = replace(values, ticket=ticket)
    return replace(notice, subject="", to=to, values=values, attached=(), linked=())


def _header(notice: Notice, subject: str) -> bytes:
    date = format_datetime(notice.date.astimezone(ZoneInfo(notice.timezone)))
    references = notice.references
    if len(references) > _REFERENCES:
        references = (references[0], *references[1 - _REFERENCES :])
    fields = [
        f"Date: {date}\r\n",
        address_field("From", notice.sender),
        address_field("Reply-To", Address(notice.reply_to)) if notice.reply_to else "",
        address_field("To", notice.to),
        text_field("Subject", subject),
        message_id_field("Message-ID", [notice.message_id]),
        message_id_field("In-Reply-To", [notice.in_reply_to] if notice.in_reply_to else []),
        message_id_field("References", references),
    ]
    if notice.automatic is not None:
        fields += [
            f"Auto-Submitted: {notice.automatic}\r\n",
            "X-Auto-Response-Suppress: All\r\n",
            text_field("X-Sysmo-Loop", notice.loop),
        ]
    fields.append("MIME-Version: 1.0\r\n")
    return "".join(fields).encode("ascii")


def _text_part(subtype: str, text: str) -> bytes:
    """Quoted-printable, so that no line is long and none ends in CR or LF alone (B3)."""
    data = (text + "\n").replace("\r", "").replace("\n", "\r\n").encode("utf-8", "replace")
    return _TEXT_HEADER % subtype.encode() + binascii.b2a_qp(data, istext=True)


def _multipart(subtype: str, boundary: str) -> bytes:
    return f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n\r\n'.encode()


def _alternative(text: bytes, html: bytes, boundary: str) -> bytes:
    between = f"--{boundary}\r\n".encode()
    end = f"--{boundary}--\r\n".encode()
    return b"".join([_multipart("alternative", boundary), between, text, between, html, end])


def _part_header(file: AttachedRef) -> bytes:
    content_type = file.content_type.lower()
    composite = content_type.startswith(("multipart/", "message/"))  # may not be base64 (RFC 2046)
    if composite or not _CONTENT_TYPE.fullmatch(content_type):
        content_type = "application/octet-stream"
    name = parameter("filename", one_line(file.filename, _FILENAME_LENGTH))
    return "\r\n".join([
        f"Content-Type: {content_type}",
        "Content-Transfer-Encoding: base64",
        ";\r\n ".join(["Content-Disposition: attachment", *name]),
        "\r\n",
    ]).encode("ascii")  # fmt: skip
