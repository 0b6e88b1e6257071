"""How hard a password is to guess: the lists of common ones, and zxcvbn with Spanish words (invariants W3).

zxcvbn knows English, names and keyboards. The words people use here stand in `gateway/wordlists`; how
those lists were made is told in docs/security.md.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from zxcvbn.frequency_lists import FREQUENCY_LISTS
from zxcvbn.matching import RANKED_DICTIONARIES, build_ranked_dict, omnimatch
from zxcvbn.scoring import most_guessable_match_sequence
from zxcvbn.time_estimates import guesses_to_score

from gateway.catalogue import _
from gateway.rules.passwords import normal, plain_form, unaccented

WORDLISTS = Path(__file__).resolve().parents[1] / "wordlists"
SCORED_CHARACTERS = 72
"""What zxcvbn takes, and enough to tell: longer ones are judged by their beginning."""
GOOD_SCORE = 3
_SIGNS_FOR_LETTERS = "@({[<!|$+%"
_OTHER_SIGNS = str.maketrans(_SIGNS_FOR_LETTERS, "¡¿«»¬·¤±¶§")
_SIGNS_TRIED = 3
"""zxcvbn tries every reading of these signs as letters: of many that takes seconds, so then none is read."""

COMMON = _("This password is one of the most used, so it is among the first that others try. Choose another.")
_BECAUSE = {
    "dictionary": _(
        "This password is easy to guess: it is made of few common words, names or numbers. Choose another."
    ),
    "spatial": _("This password is easy to guess: it follows the keys of the keyboard. Choose another."),
    "repeat": _("This password is easy to guess: it repeats the same thing. Choose another."),
    "sequence": _("This password is easy to guess: it follows an order, such as abc or 123. Choose another."),
    "regex": _("This password is easy to guess: it is made of a year or a date. Choose another."),
    "date": _("This password is easy to guess: it is made of a year or a date. Choose another."),
}
_TOO_SIMPLE = _("This password is easy to guess. Make it longer, with words that don't go together.")


def is_common(password: str) -> bool:
    """Whether a password is on a list of common ones, however it is written."""
    return plain_form(password) in _common()


def weakness(password: str, own_words: Iterable[str]) -> str | None:
    """Return the sentence that says why a password is weak, or None when it is good enough."""
    scored = unaccented(normal(password))[:SCORED_CHARACTERS]
    if len(set(scored) & set(_SIGNS_FOR_LETTERS)) > _SIGNS_TRIED:
        scored = scored.translate(_OTHER_SIGNS)
    found = most_guessable_match_sequence(scored, omnimatch(scored, _dictionaries(own_words)))
    if guesses_to_score(found["guesses"]) >= GOOD_SCORE:
        return None
    covered: dict[str, int] = {}
    for match in found["sequence"]:
        covered[match["pattern"]] = covered.get(match["pattern"], 0) + match["j"] - match["i"] + 1
    return _BECAUSE.get(max(covered, key=covered.__getitem__, default=""), _TOO_SIMPLE)


def _dictionaries(own_words: Iterable[str]) -> Mapping[str, Mapping[str, int]]:
    """Ours beside those of zxcvbn. Its own way to add words writes to a global, which threads share."""
    own = [word for text in own_words for word in unaccented(text).lower().split()]
    return {**RANKED_DICTIONARIES, "spanish": _spanish(), "own": build_ranked_dict(own)}


@cache
def _common() -> frozenset[str]:
    known = (plain_form(each) for each in FREQUENCY_LISTS["passwords"])
    return frozenset(_lines("common_passwords.txt")).union(known) - {""}


@cache
def _spanish() -> dict[str, int]:
    ranked: dict[str, int] = build_ranked_dict(_lines("spanish_words.txt"))
    return ranked


def _lines(name: str) -> list[str]:
    return (WORDLISTS / name).read_text(encoding="utf-8").splitlines()
