"""A report in plain words → whom it could not reach and why, as far as its lines tell."""

import re
from collections.abc import Iterable, Iterator
from email.message import Message
from itertools import takewhile

from flufl.bounce import all_failures

from gateway.mail.addresses import normal_form
from gateway.mail.bounce_words import DELAYS, GIVEN_UP, RETURNED
from gateway.mail.field_values import values
from gateway.mail.one_line import one_line
from gateway.mail.parsed import ParsedMail
from gateway.mail.report import DIAGNOSTIC_CHARACTERS, Delivery, Report
from gateway.rules import limits
from gateway.rules.words import fold

_CHARACTERS = 32 * 1024
_LINES = 400
_LINE_CHARACTERS = 600
"""Of a report in plain words, what is read; flufl.bounce goes over it some fifty times."""

_PARAGRAPH = 5  # lines of one at most

_ADDRESS = re.compile(r"[\w.+=/'&*~^!#$%{}|-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")
_REPLY = re.compile(
    r"(?:^|[\s#:;'\"\[(])([45])[0-5][0-9](?: (?=[\w<#\"'({])|-(?=[a-z<]|[45]\.[0-9])|$)",
    re.ASCII | re.IGNORECASE,
)
_STATUS = re.compile(r"(?<![0-9.])[45]\.[0-9]{1,3}\.[0-9]{1,3}\b(?!\.[0-9])", re.ASCII)
"""As in RFC 3463, but no version of a program, no address and no telephone."""
_EMPTY = ("subject:", "asunto:", "date:", "fecha:", "to:", "para:", "---", "sent:", "enviado")
_NOT_THEIRS = (
    "message-id:",
    "reply-to:",
    "sender:",
    "from:",
    "de:",
    "return-path:",
    "received:",
    "remitente:",
)
_NAMES_ONE = ("recipient", "failed", "to:", "para:", "destinatario", "final-recipient", "original-recipient")
_ALONE = re.compile(r"[<\[(\"']{0,3}(?:smtp:|mailto:)?$", re.IGNORECASE)
_BEGINNING = 3
"""So many lines a report has before a copy of our mail may begin."""


def read(text: str, mail: ParsedMail) -> Report | None:
    """Return what a report says that has no part for programs; None if it names nobody and no reason."""
    lines = _lines(text)
    lines = lines[: _where_returned(lines)]
    permanent, temporary = _known_to_flufl(lines, mail)
    recipient = _recipient(lines, mail) or next(iter((*permanent, *temporary)), None)
    diagnostic = _diagnostic(lines, recipient)
    status = _STATUS.search(diagnostic) or next(filter(None, map(_STATUS.search, lines)), None)
    if recipient is None and not diagnostic:
        return None
    delivery = _delivery(lines, mail.subject, diagnostic, only_delayed=bool(temporary) and not permanent)
    return Report(delivery, recipient, status[0] if status else None, diagnostic)


def returned(text: str) -> str:
    """Return what stands behind the line with which our mail, or its headers, comes back; "" for none."""
    lines = _lines(text)
    return "\n".join(lines[_where_returned(lines) :])


def _lines(text: str) -> list[str]:
    few = text[:_CHARACTERS].split("\n", _LINES)[:_LINES]
    return [line[:_LINE_CHARACTERS].rstrip() for line in few]


def _where_returned(lines: list[str]) -> int:
    """Return the number of the line with which our mail comes back, or how many lines there are."""
    said = 0
    for number, line in enumerate(lines):
        words = line.strip()
        framed = words[:1] in ("-", "=", "*", "_") or words.endswith((":", "-", ".", "="))
        if said >= _BEGINNING and framed and any(each in fold(words) for each in RETURNED):
            return number
        said += bool(words)
    return len(lines)


def _recipient(lines: list[str], mail: ParsedMail) -> str | None:
    """Return whom the report names: in its header, in a line of their own, or else first."""
    ours = {each.email for each in (*mail.to, *mail.cc, *mail.from_)}
    named = [value for value in values(mail, "x-failed-recipients") if value]
    for found in (*_addresses(named), *_addresses(filter(_names_one, lines)), *_addresses(lines)):
        if found not in ours and not found.startswith(("mailer-daemon@", "postmaster@")):
            return found
    return None


def _names_one(line: str) -> bool:
    """Whether a line is there for an address: it begins with one, or with what announces one."""
    words = line.strip()
    found = _ADDRESS.search(words)
    if found is None:
        return False
    return _ALONE.match(words[: found.start()]) is not None or fold(words).startswith(_NAMES_ONE)


def _addresses(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.strip().lower().startswith(_NOT_THEIRS):
            continue
        for found in _ADDRESS.finditer(line):
            address = normal_form(found[0].strip("'"))
            if address is not None:
                yield address


def _diagnostic(lines: list[str], recipient: str | None) -> str:
    """Return the words of the server that refused: a reply of SMTP, else what follows the address."""
    for pattern in (_REPLY, _STATUS):
        for number, line in enumerate(lines):
            if found := pattern.search(line.strip()):
                said = _paragraph(lines[number:])
                return one_line(said[found.start() :].strip(" #:;'\"[("), DIAGNOSTIC_CHARACTERS)
    for number, line in enumerate(lines):
        if recipient and recipient in line.lower() and _names_one(line):
            rest = line[line.lower().index(recipient) + len(recipient) :].strip(" >:]\"'")
            return one_line(rest or _next_words(lines[number + 1 :]), DIAGNOSTIC_CHARACTERS)
    return ""


def _next_words(lines: list[str]) -> str:
    """Return the first line that says something, with those below it up to a blank one."""
    for number, line in enumerate(lines[:_PARAGRAPH]):
        words = line.strip().lower()
        if words and not words.endswith(":") and not words.startswith(_EMPTY):
            return _paragraph(lines[number:])
    return ""


def _paragraph(lines: list[str]) -> str:
    """Return the first lines up to a blank one as one."""
    return " ".join(each.strip() for each in takewhile(str.strip, lines[:_PARAGRAPH]))


def _delivery(lines: list[str], subject: str, diagnostic: str, *, only_delayed: bool) -> Delivery:
    """Failed, unless the words or the code say that it goes on being tried."""
    folded = [fold(subject), *map(fold, lines)]
    if any(each in line for line in folded for each in GIVEN_UP):
        return Delivery.FAILED
    if only_delayed or any(each in line for line in folded for each in DELAYS):
        return Delivery.DELAYED
    code = _REPLY.search(diagnostic)
    return Delivery.DELAYED if code and code[1] == "4" else Delivery.FAILED


def _known_to_flufl(lines: list[str], mail: ParsedMail) -> tuple[list[str], list[str]]:
    """Return whom flufl.bounce finds unreachable for good, and for now."""
    shown = Message()
    shown["From"] = next((each.email for each in mail.from_), "unknown@unknown.invalid")
    shown["Subject"] = one_line(mail.subject, limits.SUBJECT_CHARACTERS)
    shown.set_payload("\n".join(lines))
    temporary, permanent = all_failures(shown)
    return _normal(permanent), _normal(temporary)


def _normal(addresses: Iterable[bytes]) -> list[str]:
    forms = (normal_form(each.decode("ascii", "replace")) for each in sorted(addresses))
    return [each for each in forms if each is not None]
