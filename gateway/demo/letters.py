"""Mails as people's programs write them: greeting, signature, quote, files, and what a border adds."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from gateway.demo.cast import BORDER, Player
from gateway.demo.files import MadeFile

MONTHS = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic")
DAYS = ("lun", "mar", "mié", "jue", "vie", "sáb", "dom")
GREETINGS = ("Hola,", "Buen día.", "Buenas tardes,", "Hola, ¿cómo están?", "Estimados:")


@dataclass(frozen=True, slots=True)
class Answered:
    """The mail of ours that somebody answers: its ids, and what it said."""

    message_id: str
    reply_to: str
    subject: str
    sender: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody writes in their mail program."""

    writer: Player
    to: str
    subject: str
    text: str
    message_id: str
    at: datetime
    answered: Answered | None = None
    files: Sequence[MadeFile] = ()
    copy_to: Player | None = None
    headers: Sequence[tuple[str, str]] = ()


def write(draft: Draft, zone: ZoneInfo) -> bytes:
    """Return the bytes of a mail as our border hands it over."""
    mail, writer, there = EmailMessage(policy=SMTP), draft.writer, draft.at.astimezone(zone)
    domain = writer.email.rpartition("@")[2]
    says = f"dmarc=pass header.from={domain}" if writer.proven else f"dmarc=none header.from={domain}"
    mail["Authentication-Results"] = f"{BORDER}; {says}"
    mail["Received"] = f"from mail.{domain} by {BORDER} with ESMTPS; {format_datetime(there)}"
    mail["Date"] = format_datetime(there)
    mail["From"] = _mailbox(writer)
    mail["To"] = draft.to
    if draft.copy_to is not None:
        mail["Cc"] = _mailbox(draft.copy_to)
    mail["Subject"] = draft.subject
    mail["Message-ID"] = f"<{draft.message_id}>"
    if draft.answered is not None:
        mail["In-Reply-To"] = mail["References"] = f"<{draft.answered.message_id}>"
    for name, value in draft.headers:
        mail[name] = value
    own = draft.text if not writer.signature else f"{draft.text}\n\n{writer.signature}"
    quote = _quote(writer, draft.answered, zone) if draft.answered else ""
    mail.set_content(f"{own}\n\n{quote}" if quote else f"{own}\n", cte="quoted-printable")
    if writer.program == "gmail":
        mail.add_alternative(_html(own, draft.answered, zone), subtype="html", cte="quoted-printable")
    for file in draft.files:
        kind, _, subtype = file.content_type.partition("/")
        mail.add_attachment(file.data, maintype=kind, subtype=subtype, filename=file.name)
    return mail.as_bytes()


def report(recipient: str, original_id: str, words: str, *, at: datetime, number: int) -> bytes:
    """Return what a mail server sends back that could not deliver a mail."""
    domain = recipient.rpartition("@")[2]
    status = words.split(" ")[1]
    return (
        f"From: Mail Delivery System <MAILER-DAEMON@mx.{domain}>\r\nTo: soporte\r\n"
        f"Subject: Undelivered Mail Returned to Sender\r\nDate: {format_datetime(at)}\r\n"
        f"Auto-Submitted: auto-replied\r\nMessage-ID: <devuelto.{number}@mx.{domain}>\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="limite"\r\n\r\n'
        "--limite\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        "I'm sorry to have to inform you that your message could not be delivered.\r\n"
        "--limite\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.{domain}\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: failed\r\n"
        f"Status: {status}\r\nDiagnostic-Code: smtp; {words}\r\n\r\n"
        "--limite\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"To: {recipient}\r\nMessage-ID: <{original_id}>\r\n\r\n--limite--\r\n"
    ).encode()


def _mailbox(player: Player) -> Address:
    return Address(player.name, addr_spec=player.email)


def _quote(writer: Player, answered: Answered, zone: ZoneInfo) -> str:
    program = writer.program
    there = answered.at.astimezone(zone)
    lines, month = answered.text.splitlines(), MONTHS[there.month - 1]
    if program == "outlook":
        head = (
            f"________________________________\nDe: {answered.sender}\n"
            f"Enviado: {DAYS[there.weekday()]}, {there.day} {month} {there:%Y %H:%M}\n"
            f"Para: {writer.name}\nAsunto: {answered.subject}\n"
        )
        return "\n".join([head, *lines, ""])
    quoted = "\n".join(f"> {line}".rstrip() for line in lines)
    if program == "phone":
        day = f"{there.day} {month} {there.year}"
        said = f"El {day}, a las {there:%H:%M}, {answered.sender} escribió:"
        return f"Enviado desde mi iPhone\n\n> {said}\n>\n{quoted}\n"
    return f"{_attribution(answered, zone)}\n\n{quoted}\n"


def _attribution(answered: Answered, zone: ZoneInfo) -> str:
    there = answered.at.astimezone(zone)
    day = f"{DAYS[there.weekday()]}, {there.day} {MONTHS[there.month - 1]} {there.year}"
    return f"El {day} a las {there:%H:%M}, {answered.sender} escribió:"


def _html(own: str, answered: Answered | None, zone: ZoneInfo) -> str:
    paragraphs = "".join(f"<div>{html.escape(line) or '<br>'}</div>" for line in own.splitlines())
    if answered is None:
        return f'<div dir="ltr">{paragraphs}</div>\n'
    lines = "<br>".join(html.escape(line) for line in answered.text.splitlines())
    said = html.escape(_attribution(answered, zone))
    return (
        f'<div dir="ltr">{paragraphs}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f'{said}<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px solid '
        f'rgb(204,204,204);padding-left:1ex">{lines}</blockquote></div>\n'
    )
