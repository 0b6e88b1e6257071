"""Pointers from a mail to a ticket, strongest first."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.mail import subject
from gateway.mail.addresses import find_bounce_token, find_token
from gateway.mail.parsed import ParsedMail
from gateway.rules import limits
from gateway.tokens import CODE_LENGTH, TOKEN_LENGTH

_TOKEN_ID = re.compile(rf"([a-z2-7]{{{TOKEN_LENGTH}}})@(.+)", re.ASCII)
_ROOT_ID = re.compile(rf"solicitud-([1-9][0-9]{{0,8}})-([a-z2-7]{{{CODE_LENGTH}}})@(.+)", re.ASCII)


class ClueKind(StrEnum):
    """How a clue points; what it is worth depends on the sender (invariants T4)."""

    TOKEN = "token"  # noqa: S105  a person token of ours, in an address or a Message-ID
    BOUNCE_TOKEN = "bounce_token"  # noqa: S105  the token of a bounce address of ours
    MESSAGE_ID = "message_id"  # a Message-ID, perhaps known from an earlier mail
    CODE = "code"  # a number with its keyed code
    NUMBER = "number"  # a bare number


@dataclass(frozen=True, slots=True)
class Clue:
    """One pointer. `value` is the token, the Message-ID or the code; `number` a ticket's.

    `addressed`: the mail was written to it. That tells what is answered, and makes it no other clue.
    """

    kind: ClueKind
    value: str = ""
    number: int | None = None
    addressed: bool = field(default=False, compare=False)


def find_clues(
    mail: ParsedMail, arrival_recipients: tuple[str, ...], domain: str, reply_address: str
) -> tuple[Clue, ...]:
    """Return what points from a mail to a ticket, strongest first, no repeats (contract section 4).

    The order is: tokens in addresses, the envelope's first, since header addresses only say whom
    the writer meant; tokens in Message-IDs of ours; codes in them; other Message-IDs, the one
    answered first; the subject. Nothing here is proven: a token or code may be made up.
    """
    by_reference = list(_in_references(mail, domain))
    found = [
        *_in_addresses(mail, arrival_recipients, reply_address),
        *(clue for clue in by_reference if clue.kind is ClueKind.TOKEN),
        *(clue for clue in by_reference if clue.kind is ClueKind.CODE),
        *(clue for clue in by_reference if clue.kind is ClueKind.MESSAGE_ID),
        *_in_subject(mail.subject),
    ]
    return tuple(dict.fromkeys(found))


def thread_root(number: int, code: str, domain: str) -> str:
    """Return the Message-ID, without brackets, that stands first in the References of all our mail
    on a ticket.

    No mail has it. It keeps one conversation in mail programs, also for those who missed the
    first mail, and is a clue when an answer has lost its In-Reply-To.
    """
    return f"solicitud-{number}-{code}@{domain}"


def _in_addresses(mail: ParsedMail, envelope: tuple[str, ...], template: str) -> Iterator[Clue]:
    named = [each.email for each in (*mail.to, *mail.cc)]
    for address in (*envelope[: limits.RECIPIENTS], *named):
        if token := find_token(template, address):
            yield Clue(ClueKind.TOKEN, token, addressed=True)
        elif token := find_bounce_token(template, address):
            yield Clue(ClueKind.BOUNCE_TOKEN, token)


def _in_references(mail: ParsedMail, domain: str) -> Iterator[Clue]:
    ours = domain.lower()
    for reference in mail.references[: limits.REFERENCES]:
        message_id = reference.strip().strip("<>")
        lowered = message_id.lower()
        token, root = _TOKEN_ID.fullmatch(lowered), _ROOT_ID.fullmatch(lowered)
        if token and token[2] == ours:
            yield Clue(ClueKind.TOKEN, token[1])
        elif root and root[3] == ours:
            yield Clue(ClueKind.CODE, root[2], int(root[1]))
        elif message_id:
            yield Clue(ClueKind.MESSAGE_ID, message_id)


def _in_subject(text: str) -> Iterator[Clue]:
    found = subject.find_code(text)
    if found is not None:
        number, code = found
        yield Clue(ClueKind.CODE, code, number) if code else Clue(ClueKind.NUMBER, number=number)
