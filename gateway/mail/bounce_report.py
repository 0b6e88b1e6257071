"""A delivery report or a read receipt → which mail of ours it is about, and what became of it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message

from gateway.mail import plain_report, status_report
from gateway.mail.parsed import ParsedMail
from gateway.mail.receipt_signs import is_receipt
from gateway.mail.report import Delivery, Report
from gateway.rules import limits

__all__ = ["Delivery", "Report", "read_report"]

_MESSAGE_ID = re.compile(r"^[ \t>]{0,20}message-id:\s{0,80}<([^<>\s]{1,990})>", re.IGNORECASE | re.MULTILINE)
_GRAVEST_FIRST = list(Delivery)


def read_report(message: Message, mail: ParsedMail) -> Report | None:
    """Return what a bounce or a receipt reports, or None if it cannot be told; never raises.

    Of a report on several recipients the gravest counts: ours go to one each. Nothing in a report
    is proven; which mail it is about is told by the bounce address it came to (L10).
    """
    try:
        parts = list(_parts(message))
        message_id = next(filter(None, map(_returned_message_id, parts)), None)
        found = [report for part in parts for report in status_report.reports_in(part)]
        if found:
            report: Report | None = min(found, key=lambda each: _GRAVEST_FIRST.index(each.delivery))
            if report and report.delivery is Delivery.UNREAD and not is_receipt(mail):
                report = replace(report, delivery=Delivery.FAILED)  # a refusal of RFC 5429
        else:
            text = mail.text or _words_of(parts)
            report = plain_report.read(text, mail)
            message_id = message_id or _quoted_message_id(text)
        return report.about(message_id) if report else None
    except Exception:  # a report is a stranger's mail and may drive any parser into any error
        return None


def _parts(message: Message) -> Iterator[Message]:
    """Yield a mail and what is in it, outermost first; of mails in it only the outside."""
    waiting = [message]
    for _ in range(limits.PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting.extend(each for each in part.get_payload() if isinstance(each, Message))


def _returned_message_id(part: Message) -> str | None:
    """Return the Message-ID of the mail reported on, if this part returns its headers."""
    match part.get_content_type():
        case "message/rfc822" | "message/global" | "message/global-headers" if part.is_multipart():
            inner = part.get_payload(0)
            returned = inner.get("message-id", "") if isinstance(inner, Message) else ""
            found = _MESSAGE_ID.match(f"Message-ID: {str(returned).strip()}")
        case "text/rfc822-headers" | "message/rfc822-headers":
            found = _MESSAGE_ID.search(_text(part))
        case _:
            return None
    return found[1] if found else None


def _quoted_message_id(text: str) -> str | None:
    """Return the Message-ID among headers that came back as words."""
    returned = plain_report.returned(text)
    found = _MESSAGE_ID.search(returned[: limits.HEADER_OCTETS])
    return found[1] if found else None


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        payload = str(part.get_payload()).encode("utf-8", "replace")
    return payload[: limits.HEADER_OCTETS].decode("utf-8", "replace")


def _words_of(parts: list[Message]) -> str:
    """Return the words of a report whose only text is a file, as some servers call it."""
    return next((_text(part) for part in parts if part.get_content_type() == "text/plain"), "")
