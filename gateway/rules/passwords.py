"""Forms of a password, and whether it is made of its owner's own words (invariants W3)."""

import unicodedata
from collections.abc import Iterable

LONGEST = 256
_OWN_WORD = 3
_LEFT_OVER = 4


def normal(password: str) -> str:
    """Return the one form of a password: a letter with an accent can be typed in two ways (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def is_own_name(password: str, own_words: Iterable[str]) -> bool:
    """Whether a password is little more than words that anybody knows of this person or site.

    Digits and punctuation do not help: "LauraGimenez2026!" is the name.
    """
    left = _letters(password)
    known = {word for text in own_words for word in _words(text) if len(word) >= _OWN_WORD}
    found = False
    for word in sorted(known, key=len, reverse=True):
        if word in left:
            left = left.replace(word, "")
            found = True
    return found and len(left) < _LEFT_OVER


def _words(text: str) -> list[str]:
    return [_letters(word) for word in "".join(c if c.isalnum() else " " for c in text).split()]


def _letters(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if character.isalpha())


def plain_form(password: str) -> str:
    """Return the letters and digits of a password, without accents and case, as lists hold them.

    "Boca-Juniors 1905!" is no better than "bocajuniors1905".
    """
    return "".join(character for character in unaccented(password).casefold() if character.isalnum())


def unaccented(password: str) -> str:
    """Return a password without its accents, which make it hardly any harder to guess."""
    decomposed = unicodedata.normalize("NFKD", password)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
