"""Would publishing these words give away something internal? (C3)

The last look at an operator's reply, after its quotes were cut: what survived the cutting is known by
the mark around internal text, by the token of a reply address, or by a long run of the same words.
All of it is linear in the length of the texts.
"""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

from gateway.mail import marker
from gateway.rules.words import fold
from gateway.tokens import TOKEN_LENGTH

WORDS = 8
LETTERS = 60
"""So many words of internal text in a row, or so many letters, are a quote of it and no chance."""

OF_NOTICES = (
    "Si respondés este correo, tu respuesta le llega",
    "Para hablar sólo con el equipo, empezá tu respuesta con #interno",
    "Entre el aviso que contestaste y tu respuesta pasó esto en la solicitud",
    "No le llegó a nadie y la solicitud sigue como estaba",
    "Te avisamos porque nadie más se entera de que esa respuesta no llegó",
    "If you reply to this e-mail, your reply goes to",
    "To write to the team only, begin your reply with #internal",
    "Between the notice you answered and your answer, this happened in the request",
    "It reached nobody and the request is as it was",
    "We tell you because nobody else learns that this reply did not arrive",
)
"""Sentences of what we send to operators, and to nobody else."""

_WRITER = re.compile(
    r"@[^\s@,]{1,255}, {1,3}(?:remitente (?:no )?verificado|sender (?:not )?verified)", re.IGNORECASE
)
"""The line of such a notice that says who wrote."""

CANDIDATES = 500
"""Tokens of one mail that are looked up."""

_INVISIBLE = dict.fromkeys(
    [
        0xAD,
        0x34F,
        0x061C,
        0x180E,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2065),
        0xFEFF,
    ]
)
"""What HTML puts inside words for a line to break there, or for a text to change direction."""

_WORD = re.compile(rf"[^\W_]{{1,{LETTERS}}}")
_AT_LINE_END = re.compile(r"=?\r?\n[\s>|]{0,40}")
_BESIDE = 3  # letters that may stick to a token: "%2B" in a link, "=2B" in a mail as it was sent
_TOKENS = re.compile(
    rf"(?<![A-Za-z0-9])[A-Za-z0-9]{{{TOKEN_LENGTH},{TOKEN_LENGTH + _BESIDE}}}(?![A-Za-z0-9])"
)
_TOKEN = re.compile(rf"[a-z2-7]{{{TOKEN_LENGTH}}}", re.ASCII)


class Leak(StrEnum):
    """What would be given away."""

    MARKER = "marker"
    TOKEN = "token"  # noqa: S105  a kind of leak, no password
    INTERNAL_TEXT = "internal-text"
    NOTICE = "notice"


def find(
    published: Iterable[str],
    internal: Iterable[str],
    forbidden_tokens: Iterable[str] = (),
    *,
    known: Iterable[str] = (),
) -> Leak | None:
    """Return what the texts about to be published give away, or None.

    `internal` are the internal comments of the ticket; `forbidden_tokens` those of `tokens_in` that
    are nobody's business; `known` what its readers have already, such as the public messages: a
    client's words or an operator's signature in an internal comment are no secret.
    """
    texts = list(published)
    if any(map(marker.is_in, texts)):
        return Leak.MARKER
    if not tokens_in(texts).isdisjoint(each.lower() for each in forbidden_tokens):
        return Leak.TOKEN
    if any(_WRITER.search(text) for text in texts):
        return Leak.NOTICE
    runs = {run for text in texts for run in _runs(text)}
    if any(not runs.isdisjoint(_runs(sentence)) for sentence in OF_NOTICES):
        return Leak.NOTICE
    for text in known:
        runs.difference_update(_runs(text))
    if any(not runs.isdisjoint(_runs(text)) for text in internal):
        return Leak.INTERNAL_TEXT
    return None


def tokens_in(published: Iterable[str]) -> frozenset[str]:
    """Return what looks like a person token, in any place, also where a line was broken within it.

    Whether it is one, and whose, only the database knows.
    """
    found: dict[str, None] = {}
    for text in published:
        for form in (text, _AT_LINE_END.sub("", text)):
            for match in _TOKENS.finditer(form):
                run = match[0].lower()
                pieces = (run[at : at + TOKEN_LENGTH] for at in range(len(run) - TOKEN_LENGTH + 1))
                found |= dict.fromkeys(piece for piece in pieces if _TOKEN.fullmatch(piece))
                if len(found) >= CANDIDATES:
                    return frozenset(found)
    return frozenset(found)


def _runs(text: str) -> Iterator[str]:
    """Yield every run of words that is just long enough to tell.

    Where one begins says where it ends, so two texts with a long run in common share one of these,
    however each of them is wrapped, quoted, accented or punctuated.
    """
    words = _WORD.findall(fold(text.translate(_INVISIBLE)))
    end = letters = 0
    for start, word in enumerate(words):
        while end < len(words) and end - start < WORDS and letters < LETTERS:
            letters += len(words[end])
            end += 1
        if end - start < WORDS and letters < LETTERS:
            return
        yield " ".join(words[start:end])
        letters -= len(word)
