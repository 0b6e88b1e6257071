"""What can be had of a mail that no parser takes: its first header lines, and itself as a file (D4)."""

import re

from gateway.mail import headers
from gateway.mail.addresses import parse_address_field
from gateway.mail.one_line import one_line
from gateway.mail.parsed import ParsedMail
from gateway.mail.parts import original
from gateway.mail.peek import header_block
from gateway.rules import limits

_FIELD = re.compile(r"([!-9;-~]{1,100})[ \t]{0,20}:(.*)")
_LINES = 5_000


def what_is_left(raw: bytes) -> ParsedMail:
    """Return subject, sender and headers as found line by line, and the mail attached to itself.

    Uses none of what may just have failed: no MIME, no HTML, no mail library.
    """
    fields = _fields(header_block(raw))
    values = dict(reversed(fields))  # the first of each name
    sender = parse_address_field(values.get("from", ""))
    return ParsedMail(
        headers=fields,
        message_id="".join(values.get("message-id", "").split()).strip("<>")[:998] or None,
        from_=sender,
        from_fields=sum(name == "from" for name, _ in fields),
        to=parse_address_field(values.get("to", "")),
        cc=parse_address_field(values.get("cc", "")),
        subject=one_line(headers.text_of(values.get("subject", "")), limits.SUBJECT_CHARACTERS),
        date=None,
        references=(),
        text="",
        html="",
        attachments=(original(raw),),
        unreadable=True,
    )


def _fields(block: bytes) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for octets in block.splitlines()[:_LINES]:
        line = octets.decode("utf-8", "surrogateescape")
        if line[:1] in (" ", "\t") and found:
            name, value = found[-1]
            if len(value) < limits.ONE_HEADER_OCTETS:
                found[-1] = (name, value + line)
        elif field := _FIELD.fullmatch(line[: limits.ONE_HEADER_OCTETS]):
            found.append((field[1].lower(), field[2]))
    return tuple((name, headers.unfold(value)) for name, value in found)
