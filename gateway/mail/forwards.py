"""A mail passed on → whose it was. An operator who forwards a client's mail asks on their behalf.

Programs pass a mail on in two ways: attached as it came, or typed into the text below a block of
header lines. The block begins with "De:" in most programs, in Thunderbird with "Asunto:".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.mail import html, subject
from gateway.mail.addresses import Address, parse_address_field
from gateway.mail.parse import parse
from gateway.mail.parsed import AttachedFile, ParsedMail
from gateway.mail.quoting.headers import label_of

_BLOCK_LINES = 20
_LINE_CHARACTERS = 2_000
_SEARCHED_LINES = 2_000
"""How far down a block is looked for: what stands above it is the comment of who passes it on."""

_SEPARATOR = re.compile(
    r"\s{0,9}(?:[-_=—–*]{2,80}\s{0,4})?(?:forwarded message|mensaje reenviado|mensagem encaminhada|"
    r"inicio del mensaje reenviado|begin forwarded message|início da mensagem encaminhada|"
    r"mensaje original|original message|mensagem original)(?:\s{0,4}[-_=—–*]{2,80}|\s{0,4}:)?\s{0,9}",
    re.IGNORECASE,
)
_ANNOUNCING = ("reenviado", "forwarded", "encaminhada", "original")
_RULE = re.compile(r"\s{0,9}[-_=—–*]{5,200}\s{0,9}")
_MARK = re.compile(r" {0,2}> ?")
_MAILTO = re.compile(r"[<\[(]mailto:([^<>()\[\]\s]{3,254})[>\])]{0,2}", re.IGNORECASE)
_BARE_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:]{1,64}@[^\s<>()\[\]\",;:]{3,250}")


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Somebody's mail that another passed on, and what that other wrote above it."""

    sender: Address
    subject: str  # without prefixes; "" when the mail passed on had none
    text: str
    comment: str = ""
    html: str = ""  # by our allow-list; of an attached mail only
    files: tuple[AttachedFile, ...] = ()  # what was attached to the attached mail


def find(mail: ParsedMail) -> Forwarded | None:
    """Return the one mail that this mail passes on, or None; never raises.

    In doubt it is none: several attached mails, a block without a sender or without two more lines
    of a header, nothing that says "forwarded".
    """
    says_so = subject.is_forward(mail.subject)
    attached = [each for each in mail.attachments if each.content_type == "message/rfc822"]
    if len(attached) == 1 and (says_so or not mail.text.strip()):
        return _attached(attached[0], comment=mail.text.strip())
    if attached or not (says_so or _may_announce(mail.text)):
        return None
    return _typed_in(mail.text, says_so=says_so)


def _attached(file: AttachedFile, *, comment: str) -> Forwarded | None:
    try:
        inner = parse(file.content)
    except Exception:  # a stranger's mail in a mail; it stays attached, whatever it is
        return None
    if inner.from_fields != 1 or len(inner.from_) != 1:
        return None
    return Forwarded(
        inner.from_[0],
        subject.strip(inner.subject),
        inner.text,
        comment,
        html.safe(inner.html),
        inner.attachments,
    )


def _may_announce(text: str) -> bool:
    """Whether a look at each line may pay: no separator without one of these words."""
    lowered = text.lower()
    return any(word in lowered for word in _ANNOUNCING)


def _typed_in(text: str, *, says_so: bool) -> Forwarded | None:
    lines = text.split("\n", _SEARCHED_LINES)
    for position, line in enumerate(lines[:_SEARCHED_LINES]):
        if _SEPARATOR.fullmatch(line[:200]):
            says_so = True
        elif says_so and _field(line) is not None:
            found = _forwarded_at(lines, position)
            if found is not None:
                return found
    return None


def _forwarded_at(lines: Sequence[str], position: int) -> Forwarded | None:
    """Return the mail whose header block begins here, or None if this is no such block."""
    values, length = _block(lines[position : position + _BLOCK_LINES])
    senders = parse_address_field(_plain_address(values.get("from", "")))
    if not senders or len(values.keys() & {"date", "to", "subject"}) < 2:
        return None
    marked = _MARK.match(lines[position]) is not None
    body = [_unmarked(line) if marked else line for line in lines[position + length :]]
    return Forwarded(
        senders[0],
        subject.strip(values.get("subject", "").strip(" *_")),
        "\n".join(body).strip(),
        "\n".join(_above(lines[:position])).strip(),
    )


def _block(lines: Sequence[str]) -> tuple[dict[str, str], int]:
    """Return the values of a block of header lines by what they say, and how many lines it has.

    A line without a label goes on with the value above it, as programs wrap long lists of addresses.
    """
    values: dict[str, str] = {}
    last = ""
    for count, line in enumerate(lines):
        field = _field(line)
        if field is not None and (field[0] not in values or field[0] == "more"):
            last, values[field[0]] = field[0], field[1]
        elif field is None and last in ("to", "more", "from") and any(sign in line for sign in "@;<"):
            values[last] += " " + _unmarked(line).strip()
        else:
            return values, count
    return values, len(lines)


def _field(line: str) -> tuple[str, str] | None:
    return label_of(_unmarked(line[:_LINE_CHARACTERS]).replace("\xa0", " "))


def _plain_address(value: str) -> str:
    """Return a From value as a header has it, from `Ana [mailto:ana@acme.example]`, `*Ana* <…>` and such."""
    unlinked = _MAILTO.sub(r" <\1>", value).replace("*", "")
    if unlinked.count("<") > 1:  # Ana <ana@acme.example <ana@acme.example>>
        name = unlinked.partition("<")[0]
        found = _BARE_ADDRESS.search(unlinked)
        return f"{name}<{found[0]}>" if found else ""
    return unlinked


def _above(lines: Sequence[str]) -> Sequence[str]:
    """Return the comment above a block, without the rule or the words that announce what is passed on."""
    end = len(lines)
    while end and (not lines[end - 1].strip(" >\t") or _announces(lines[end - 1])):
        end -= 1
    return lines[:end]


def _announces(line: str) -> bool:
    return bool(_SEPARATOR.fullmatch(line[:200]) or _RULE.fullmatch(line[:300]))


def _unmarked(line: str) -> str:
    found = _MARK.match(line)
    return line[found.end() :] if found else line
