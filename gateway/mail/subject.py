"""Subjects: the token of ours they may carry, and the prefixes of mail programs around it."""

import re

from gateway.mail.commands import names_command
from gateway.mail.one_line import one_line
from gateway.rules import limits

LOOKED_AT = 4_000
"""Characters of a subject that are read; longer ones are an attack."""

_TOKEN = re.compile(r"\[#([1-9][0-9]{0,8})(?:-([a-z2-7]{4}))?\]", re.IGNORECASE | re.ASCII)
_CODED_TOKEN = re.compile(r" ?\[#[1-9][0-9]{0,8}-[a-z2-7]{4}\]", re.IGNORECASE | re.ASCII)
_OPENING = re.compile(r"\[")
_ROUND = str.maketrans("[]", "()")
_TAG = re.compile(r"(?:\[[^\[\]]{1,40}\]|\{[^{}]{1,40}\}|\*{2,5}[^*]{1,40}\*{2,5}) ?")

_REPLY = "re|res|resp|respuesta|rta|r|aw|sv|antw|odp"
_FORWARD = "rv|fwd?|reenv|reenviado|reenvío|enc|tr|wg"
_PREFIX = re.compile(
    rf"(?:(?P<reply>{_REPLY})|(?P<forward>{_FORWARD}))(?:\[[0-9]{{1,3}}\]|\([0-9]{{1,3}}\))? ?[:：] ?",
    re.IGNORECASE,
)
"""As programs write them: Re and Aw[2], RV (Outlook in Spanish), Rta, ENC and RES (Portuguese), R (Italian),
TR (French), WG (German). A prefix is followed by a colon, at times a wide one."""


def find_ticket_number(subject: str) -> int | None:
    """Return the ticket number named in a subject, or None."""
    found = find_code(subject)
    return found[0] if found else None


def find_code(subject: str) -> tuple[int, str | None] | None:
    """Return the ticket number named in a subject and its code, if it has one, or None.

    Of several tokens the last counts: ours is written at the end, so one further left came with
    the subject the client chose. Case does not count, for some programs write subjects in capitals.
    """
    found = None
    for found in _TOKEN.finditer(subject[-LOOKED_AT:]):  # noqa: B007  the last one is wanted
        pass
    if found is None:
        return None
    return int(found[1]), found[2].lower() if found[2] else None


def strip(subject: str) -> str:
    """Return the words of a subject, without tokens of ours and without prefixes; one line.

    Tags of lists and gateways such as `[EXTERNAL]` or `{Spam?}` stay, also when prefixes stand behind them. A
    bare `[#404]` stays, too: somebody typed it, for ours have a code.
    """
    tags, words, _ = _parts(subject)
    return one_line(f"{tags}{words}", limits.SUBJECT_CHARACTERS)


def write(subject: str, number: int, code: str) -> str:
    """Return a subject of a mail of ours: the words, then the ticket's token, once and last.

    What is shaped like a command loses its square brackets (T10): an operator's answer would
    carry it back to us.
    """
    token = f"[#{number}-{code}]"
    words = one_line(_without_tokens(subject), limits.SUBJECT_CHARACTERS - len(token) - 1)
    return f"{_defused(words)} {token}".lstrip()


def reply_subject(subject: str, number: int, code: str) -> str:
    """Return the subject of an answer: exactly one `Re:`, the words, the token."""
    return write(f"Re: {strip(subject)}", number, code)


def is_reply(subject: str) -> bool:
    """Whether the subject says that this mail answers another one."""
    return _parts(subject)[2] == "reply"


def is_forward(subject: str) -> bool:
    """Whether the subject says that this mail passes another one on (RV:, Fwd:, Reenviado:)."""
    return _parts(subject)[2] == "forward"


def _parts(subject: str) -> tuple[str, str, str | None]:
    """Return the tags in front, the words behind tags and prefixes, and what the first prefix says."""
    line = _without_tokens(subject)
    tags: list[str] = []
    meaning: str | None = None
    position = 0
    while found := _PREFIX.match(line, position) or _TAG.match(line, position):
        if found.re is _TAG:
            tags.append(found[0])
        else:
            meaning = meaning or found.lastgroup
        position = found.end()
    return "".join(tags), line[position:], meaning


def _without_tokens(subject: str) -> str:
    return _CODED_TOKEN.sub("", one_line(subject, LOOKED_AT)).lstrip()


def _defused(words: str) -> str:
    """Return words with round brackets for square ones if any of these opens a command."""
    if any(names_command(words[found.end() :]) for found in _OPENING.finditer(words)):
        return words.translate(_ROUND)
    return words
