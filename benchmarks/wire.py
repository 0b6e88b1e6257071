"""A letter → the octets that its mail program would write: its MIME, its quotes, its headers."""

import base64
import quopri
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime, formataddr
from html import escape

from benchmarks.corpus import Attached, Letter, Program, topic_address

LINE_END = "\r\n"
NEW_LINE = "\n"
QUOTED_DEEP = 3
"""How many mails a reply quotes; people cut what is older."""
NAMES = {
    Program.OUTLOOK: "X-Mailer: Microsoft Outlook 16.0",
    Program.GMAIL: "X-Gm-Message-State: AOJu0Yx",
    Program.THUNDERBIRD: "User-Agent: Mozilla Thunderbird",
    Program.PHONE: "X-Mailer: iPhone Mail (21F90)",
}
CHARSETS = {Program.OUTLOOK: "windows-1252"}
WORD_STYLE = "".join(
    f"p.MsoNormal{number}, li.MsoNormal{number} {{margin:0cm; font-size:11.0pt; "
    'font-family:"Calibri",sans-serif; mso-fareast-language:EN-US;}\n'
    for number in range(12)
)
HEADS = {
    Program.OUTLOOK: (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!--\n'
        f'{WORD_STYLE}--></style></head><body lang="ES-AR" link="#0563C1">'
    ),
    Program.GMAIL: '<div dir="ltr">',
    Program.THUNDERBIRD: '<!DOCTYPE html><html><head></head><body text="#000000" bgcolor="#FFFFFF">',
    Program.PHONE: '<html><head></head><body dir="auto">',
}
TAILS = {
    Program.OUTLOOK: "</body></html>",
    Program.GMAIL: "</div>",
    Program.THUNDERBIRD: "</body></html>",
    Program.PHONE: "<br>Enviado desde mi iPhone</body></html>",
}
PARAGRAPHS = {
    Program.OUTLOOK: '<p class="MsoNormal"><span lang="ES-AR">{}<o:p></o:p></span></p>\n',
    Program.GMAIL: "<div>{}</div><div><br></div>\n",
    Program.THUNDERBIRD: "<p>{}</p>\n",
    Program.PHONE: "<div>{}</div>\n",
}


@dataclass(frozen=True, slots=True)
class Route:
    """Where a mail goes and what it answers; Message-IDs without brackets."""

    to: str
    references: tuple[str, ...] = ()


def plain_route(letter: Letter) -> Route:
    """To the topic's address, answering the mail before it in its thread: what no help desk had a hand in."""
    references = []
    before = letter.answers
    while before is not None:
        references.append(before.message_id)
        before = before.answers
    return Route(topic_address(letter.topic), tuple(reversed(references)))


def render(letter: Letter, route: Route) -> bytes:
    """Return the mail, with CR LF line ends."""
    charset = CHARSETS.get(letter.program, "utf-8")
    name = f"{letter.thread}_{letter.place}"
    texts = [_text("plain", _plain(letter), charset), _text("html", _html(letter), charset)]
    whole = _multipart("alternative", f"alt_{name}", texts)
    if letter.files:
        whole = _multipart("mixed", f"mix_{name}", [whole, *map(_attachment, letter.files)])
    return _header(letter, route).encode("ascii") + whole


def _header(letter: Letter, route: Route) -> str:
    domain = letter.writer.email.rpartition("@")[2]
    prefix = "" if not letter.place else "RE: " if letter.program is Program.OUTLOOK else "Re: "
    date = format_datetime(letter.at)
    subject = Header(prefix + letter.subject, None if letter.subject.isascii() else "utf-8")
    lines = [
        f"Received: from mail.{domain} (unknown [192.0.2.7])",
        f"\tby mx.example.com with ESMTPS id {letter.thread:x}A{letter.place:x}; {date}",
        f"From: {formataddr((letter.writer.name, letter.writer.email))}",
        f"To: <{route.to}>",
        f"Subject: {subject.encode(linesep=LINE_END)}",
        f"Date: {date}",
        f"Message-ID: <{letter.message_id}>",
        NAMES[letter.program],
        "Accept-Language: es-AR",
    ]
    if route.references:
        lines.append(f"In-Reply-To: <{route.references[-1]}>")
        lines.append("References: " + f"{LINE_END} ".join(f"<{each}>" for each in route.references))
    return "".join(f"{line}{LINE_END}" for line in [*lines, "MIME-Version: 1.0"])


def _multipart(kind: str, boundary: str, parts: list[bytes]) -> bytes:
    line = f"--{boundary}".encode()
    start = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    return start + b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"


def _text(kind: str, text: str, charset: str) -> bytes:
    encoded = quopri.encodestring(text.encode(charset, "replace")).replace(b"\n", b"\r\n")
    header = (
        f"Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: quoted-printable\r\n"
    )
    return header.encode() + b"\r\n" + encoded


def _attachment(file: Attached) -> bytes:
    name = Header(file.filename, "utf-8").encode(linesep=LINE_END)
    header = (
        f'Content-Type: {file.kind.content_type};\r\n name="{name}"\r\n'
        f'Content-Disposition: attachment;\r\n filename="{name}"; size={file.size}\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return header.encode() + base64.encodebytes(file.octets()).replace(b"\n", b"\r\n")


def _plain(letter: Letter, deep: int = QUOTED_DEEP) -> str:
    own = "\n\n".join(letter.paragraphs) + "\n"
    if letter.program is Program.PHONE:
        own += "\nEnviado desde mi iPhone\n"
    if letter.answers is None or not deep:
        return own
    quoted = _plain(letter.answers, deep - 1)
    if letter.program is Program.OUTLOOK:
        return f"{own}\n{'_' * 32}\n{NEW_LINE.join(_quoted_header(letter.answers))}\n\n{quoted}"
    marked = "".join(f"> {line}\n" for line in quoted.splitlines())
    return f"{own}\n{_attribution(letter.answers)}\n\n{marked}"


def _html(letter: Letter) -> str:
    return HEADS[letter.program] + _html_body(letter) + TAILS[letter.program]


def _html_body(letter: Letter, deep: int = QUOTED_DEEP) -> str:
    own = "".join(PARAGRAPHS[letter.program].format(escape(each)) for each in letter.paragraphs)
    if letter.answers is None or not deep:
        return own
    quoted = _html_body(letter.answers, deep - 1)
    attribution = escape(_attribution(letter.answers))
    match letter.program:
        case Program.OUTLOOK:
            lines = "<br>".join(map(escape, _quoted_header(letter.answers)))
            return f'{own}<hr><div id="divRplyFwdMsg" dir="ltr">{lines}</div>\n<div>{quoted}</div>'
        case Program.GMAIL:
            mark = f'<div dir="ltr" class="gmail_attr">{attribution}<br></div>'
            quoted = f'<blockquote class="gmail_quote">{quoted}</blockquote>'
            return f'{own}<br><div class="gmail_quote">{mark}{quoted}</div>'
        case _:
            mark = f'<div class="moz-cite-prefix">{attribution}<br></div>'
            return f'{own}{mark}<blockquote type="cite">{quoted}</blockquote>'


def _attribution(letter: Letter) -> str:
    who = f"{letter.writer.name} <{letter.writer.email}>"
    return f"El {letter.at:%d/%m/%Y} a las {letter.at:%H:%M}, {who} escribió:"


def _quoted_header(letter: Letter) -> list[str]:
    return [
        f"De: {letter.writer.name} <{letter.writer.email}>",
        f"Enviado: {letter.at:%d/%m/%Y %H:%M}",
        f"Para: {topic_address(letter.topic)}",
        f"Asunto: {letter.subject}",
    ]
