"""Texts of a help desk's many years: some thousand, each with its words and stems found once.

A million requests are put together from these. "factura" is in every third, words of the long tail in few.
"""

import random
from dataclasses import dataclass

from benchmarks import words
from gateway.rules import words as searched

TEXTS = 4_000
COMMON = "factura"
RARE = "zeppelin"
"""In as many requests whatever their number."""

_SYLLABLES = [consonant + vowel for consonant in "bcdfglmnprst" for vowel in "aeo"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A text, its words as a document holds them, and what they are found by."""

    text: str
    words: str
    stems: tuple[str, ...]


def piece(text: str) -> Piece:
    found = searched.words_of(text)
    return Piece(text, " ".join(searched.folded_words(found)), tuple(searched.stems_of(found)))


def texts(chance: random.Random) -> list[Piece]:
    """Return texts of messages: sentences of the trade and words of the long tail."""
    tail = ["".join(chance.choices(_SYLLABLES, k=4)) for _ in range(20_000)]
    made = []
    for number in range(TEXTS):
        sentences = chance.sample(words.SENTENCES, 2)
        own = " ".join(chance.choices(tail, k=12))
        about = f"Es por la {COMMON} {chance.randrange(10**6)}." if number % 8 == 0 else ""
        parts = [chance.choice(words.GREETINGS), *sentences, f"{own}.", about, chance.choice(words.CLOSINGS)]
        made.append(piece("\n".join(part for part in parts if part)))
    return made


def subjects(chance: random.Random) -> list[Piece]:
    """Return subjects of requests."""
    return [piece(f"{chance.choice(words.SUBJECTS)} {chance.randrange(1000)}") for _ in range(1_000)]
