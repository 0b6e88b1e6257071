"""The part of a report that is for programs: delivery status (RFC 3464, 6533) and disposition (RFC 8098)."""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser

from gateway.mail.addresses import normal_form
from gateway.mail.one_line import one_line
from gateway.mail.report import DIAGNOSTIC_CHARACTERS, Delivery, Report
from gateway.mail.transfer_encoding import octets_of
from gateway.rules import limits

_STATUS = re.compile(r"\b[245]\.[0-9]{1,3}\.[0-9]{1,3}\b", re.ASCII)

_ACTIONS = {
    "failed": Delivery.FAILED,
    "failure": Delivery.FAILED,
    "error": Delivery.FAILED,  # OpenSMTPD
    "delayed": Delivery.DELAYED,
    "deferred": Delivery.DELAYED,
    "delivered": Delivery.DELIVERED,
    "relayed": Delivery.DELIVERED,
    "expanded": Delivery.DELIVERED,
}
_CLASSES = {"5": Delivery.FAILED, "4": Delivery.DELAYED, "2": Delivery.DELIVERED}
_TYPES = ("delivery-status", "global-delivery-status")
_RECEIPT_TYPES = ("disposition-notification", "global-disposition-notification")
_REPLY_CODE = re.compile(r"(?:^|[\s;#'\"])([45])[0-9]{2}[\s-]", re.ASCII)
_ANGLED = re.compile(r"<([^<>\s]{3,998})>")


def reports_in(part: Message) -> Iterator[Report]:
    """Yield what a part of a report says of each recipient; nothing for any other part."""
    subtype = part.get_content_subtype()
    if subtype in _TYPES:
        for block in _blocks(part):
            report = _of_recipient(block)
            if report is not None:
                yield report
    elif subtype in _RECEIPT_TYPES:
        yield from filter(None, map(_of_receipt, _blocks(part)))


def _blocks(part: Message) -> list[Message]:
    """Return the groups of fields of a part, be it opened already, encoded, or one lump of text."""
    payload = part.get_payload()
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    opened = [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []
    if len(opened) > 1 and encoding not in ("base64", "quoted-printable"):
        return opened[: limits.RECIPIENTS]
    text = "\n\n".join(map(_as_written, opened)) or str(payload)
    octets = octets_of(text[: limits.HEADER_OCTETS], encoding)
    lines = octets.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    groups = "\n".join(line.rstrip() for line in lines).split("\n\n")
    return [HeaderParser().parsestr(group.strip("\n")) for group in groups[: limits.RECIPIENTS]]


def _as_written(block: Message) -> str:
    fields = [f"{name}: {value}" for name, value in block.raw_items()]
    rest = block.get_payload()
    return "\n".join([*fields, "", rest] if isinstance(rest, str) and rest else fields)


def _of_recipient(block: Message) -> Report | None:
    """Return the report on one recipient, or None if the block is about the whole mail."""
    diagnostic = _field(block, "diagnostic-code")
    status = _STATUS.search(_field(block, "status")) or _STATUS.search(diagnostic)
    action = re.match(r"[a-z]{0,20}", _field(block, "action").lower())
    delivery = _ACTIONS.get(action[0]) if action else None
    if delivery is None and status:
        delivery = _CLASSES[status[0][0]]
    recipient = _recipient(block)
    if delivery is None and recipient and (code := _REPLY_CODE.search(f" {_without_type(diagnostic)} ")):
        delivery = _CLASSES[code[1]]
    if delivery is None:
        return None
    said = _STATUS.search(diagnostic)
    if status and said and status[0].endswith(".0.0") and said[0][0] == status[0][0]:
        status = said  # "5.0.0" says nothing, the server's own words do
    return Report(delivery, recipient, status[0] if status else None, _without_type(diagnostic))


def _of_receipt(block: Message) -> Report | None:
    """Return what a disposition notification says, or None if the block holds none."""
    disposition = _field(block, "disposition").lower().rpartition(";")[2].strip()
    if not disposition:
        return None
    read = disposition.startswith(("displayed", "dispatched", "processed"))
    found = _ANGLED.search(_field(block, "original-message-id"))
    return Report(
        Delivery.READ if read else Delivery.UNREAD,
        _recipient(block),
        None,
        message_id=found[1] if found else None,
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
    """Return a field as its octets say it: RFC 6533 lets them be UTF-8."""
    value = next((str(value) for each, value in block.raw_items() if each.lower() == name), "")
    return one_line(
        value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), DIAGNOSTIC_CHARACTERS
    )
