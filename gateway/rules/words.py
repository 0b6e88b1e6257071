"""Text → words to compare and search by.

Everything that search knows of language stands here, in Python: both databases only compare what this
file gives them, so both find the same.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

import snowballstemmer

VERSION = "snowball-3.1.1/1"
"""Of what `searched_by` gives. Change it with the stemmer or with these rules, and all is indexed anew."""

LONGEST_WORD = 60
"""Characters of a word that count; longer ones are no words anyway."""

COMPANY, CLIENT = "§", "¤"
"""Before a word: it is of the company's or the client's name, for the filters that look there alone. No word
holds either, and both databases take them for letters."""

_STEMMER = snowballstemmer.stemmer("spanish")
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Return a text in lower case, without accents, its blanks made one: "Facturación " → "facturacion"."""
    return " ".join(_without_marks(unicodedata.normalize("NFKD", text)).casefold().split())


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, their accents kept for the stemmer."""
    composed = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    plain = composed if composed.isascii() else _without_marks(composed)
    return [word[:LONGEST_WORD] for word in _WORD.findall(plain)]


@lru_cache(maxsize=50_000)
def folded(word: str) -> str:
    """Return a word of `words_of` without accents; ñ becomes n, as people without that key write it."""
    if word.isascii():
        return word
    bare = _without_marks(unicodedata.normalize("NFKD", word)).casefold()
    return "".join(each for each in bare if each.isalnum())[:LONGEST_WORD]


@lru_cache(maxsize=50_000)
def searched_by(word: str) -> tuple[str, ...]:
    """Return what a word of `words_of` is found by: its stem, and the stem it would have without accents.

    Mostly they are one. The stemmer knows "comió" as a form of "comer" and not "comio", so a text with
    either has to answer to both.
    """
    bare = folded(word)
    if not bare.isalpha():  # numbers have no inflection
        return (bare,) if bare else ()
    return tuple(dict.fromkeys(_stem(each) for each in (word, bare)))


def stems_of(words: Iterable[str]) -> list[str]:
    """Return what these words are found by, each once, in order."""
    return list(dict.fromkeys(stem for word in words for stem in searched_by(word)))


def folded_words(words: Sequence[str]) -> list[str]:
    """Return words without accents, those left out of which nothing remains."""
    return [bare for word in words if (bare := folded(word))]


def _stem(word: str) -> str:
    """The stemmer's, with what it leaves apart in short and borrowed words: días, mails, luces."""
    stem = folded(_STEMMER.stemWord(word)) or folded(word)
    if len(stem) > 3 and stem.endswith("s"):
        stem = stem[:-1]
    return stem[:-1] + "c" if len(stem) > 2 and stem.endswith("z") else stem


def _without_marks(text: str) -> str:
    return "".join(each for each in text if not unicodedata.combining(each))
