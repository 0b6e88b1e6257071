"""A delivery report → which mail of ours it is about, and what became of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum

from flufl.bounce import all_failures

from gateway.mail.addresses import normal_form
from gateway.mail.one_line import one_line
from gateway.mail.parsed import ParsedMail
from gateway.rules import limits

DIAGNOSTIC_CHARACTERS = 300
_TEXT_CHARACTERS = 32 * 1024
_TEXT_LINES = 400
"""Of a report in plain words, what is shown to flufl.bounce, which goes over it some fifty times."""

_MESSAGE_ID = re.compile(r"^message-id:\s{0,80}<([^<>\s]{1,990})>", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"\b[245]\.[0-9]{1,3}\.[0-9]{1,3}\b", re.ASCII)


class Delivery(StrEnum):
    """What a report says of a mail."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class BounceReport:
    """One delivery report. `recipient` and `status` are what the report claims, not what we know."""

    delivery: Delivery
    recipient: str | None
    status: str | None  # RFC 3463, "5.1.1"
    diagnostic: str  # the remote server's words, one line, bounded
    message_id: str | None  # of the mail reported on, when its headers came back


_ACTIONS = {
    "failed": Delivery.FAILED,
    "error": Delivery.FAILED,  # OpenSMTPD
    "delayed": Delivery.DELAYED,
    "delivered": Delivery.DELIVERED,
    "relayed": Delivery.DELIVERED,
    "expanded": Delivery.DELIVERED,
}
_CLASSES = {"5": Delivery.FAILED, "4": Delivery.DELAYED, "2": Delivery.DELIVERED}
_GRAVEST_FIRST = list(Delivery)


def read_report(message: Message, mail: ParsedMail) -> BounceReport | None:
    """Return what a bounce reports, or None if it cannot be told; never raises.

    Of a report on several recipients the gravest counts: ours go to one each. Nothing in a report
    is proven; which mail it is about is told by the bounce address it came to (L10).
    """
    try:
        parts = list(_parts(message))
        message_id = next(filter(None, map(_returned_message_id, parts)), None)
        found = [report for part in parts for report in _of_status(part, message_id)]
        if found:
            return min(found, key=lambda report: _GRAVEST_FIRST.index(report.delivery))
        return _in_plain_words(message, mail, message_id)
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


def _of_status(part: Message, message_id: str | None) -> Iterator[BounceReport]:
    """Yield the reports in a message/delivery-status (RFC 3464) or its kin in UTF-8 (RFC 6533)."""
    if part.get_content_subtype() not in ("delivery-status", "global-delivery-status"):
        return
    blocks = part.get_payload() if part.is_multipart() else []
    for block in blocks[: limits.RECIPIENTS] if isinstance(blocks, list) else []:
        if isinstance(block, Message):
            report = _of_recipient(block, message_id)
            if report is not None:
                yield report


def _of_recipient(block: Message, message_id: str | None) -> BounceReport | None:
    """Return the report on one recipient, or None if the block is about the whole mail."""
    diagnostic = _field(block, "diagnostic-code")
    status = _STATUS.search(_field(block, "status")) or _STATUS.search(diagnostic)
    action = re.match(r"[a-z]{0,20}", _field(block, "action").lower())
    delivery = _ACTIONS.get(action[0]) if action else None
    if delivery is None and status:
        delivery = _CLASSES[status[0][0]]
    if delivery is None:
        return None
    return BounceReport(
        delivery,
        _recipient(block),
        status[0] if status else None,
        _without_type(diagnostic),
        message_id,
    )


def _recipient(block: Message) -> str | None:
    """Return the address we wrote to, as far as it is told, before the one it was passed on to."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        address = normal_form(_without_type(_field(block, name)).strip("<> "))
        if address is not None:
            return address
    return None


def _without_type(value: str) -> str:
    """Return a value such as `rfc822; ana@acme.com` or `smtp; 550 no such user` without its type."""
    kind, semicolon, rest = value.partition(";")
    return rest.strip() if semicolon and re.fullmatch(r"[\w.-]{1,30}", kind.strip()) else value


def _field(block: Message, name: str) -> str:
    return one_line(str(block.get(name, "")), DIAGNOSTIC_CHARACTERS)


def _returned_message_id(part: Message) -> str | None:
    """Return the Message-ID of the mail reported on, if this part returns its headers."""
    match part.get_content_type():
        case "message/rfc822" | "message/global" | "message/global-headers" if part.is_multipart():
            inner = part.get_payload(0)
            returned = inner.get("message-id", "") if isinstance(inner, Message) else ""
            found = _MESSAGE_ID.match(f"Message-ID: {str(returned).strip()}")
        case "text/rfc822-headers":
            found = _MESSAGE_ID.search(_text(part))
        case _:
            return None
    return found[1] if found else None


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload[: limits.HEADER_OCTETS].decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _in_plain_words(message: Message, mail: ParsedMail, message_id: str | None) -> BounceReport | None:
    """Return what a report without a machine-readable part says, as far as flufl.bounce knows its words."""
    shown = Message()
    for name in ("From", "Subject", "X-Failed-Recipients"):
        if name in message:
            shown[name] = one_line(str(message[name]), limits.SUBJECT_CHARACTERS)
    text = "\n".join(mail.text[:_TEXT_CHARACTERS].split("\n", _TEXT_LINES)[:_TEXT_LINES])
    shown.set_payload(text)
    temporary, permanent = all_failures(shown)
    for delivery, recipients in ((Delivery.FAILED, permanent), (Delivery.DELAYED, temporary)):
        for recipient in sorted(recipients):
            address = normal_form(recipient.decode("ascii", "replace"))
            status = _STATUS.search(text)
            return BounceReport(delivery, address, status[0] if status else None, "", message_id)
    return None
