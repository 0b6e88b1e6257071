"""Finding rows by words, accents and case aside, without a column for it and within bounds.

The database lets through what may match: letters that people write with an accent stand for any.
Those candidates are compared by `rules/words.fold`, so both databases find the same.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from gateway.rules.words import fold

QUERY_CHARACTERS = 200
WORDS = 8
LOOKED_AT = 20_000
"""Candidates compared for one page: a tenth of a second. The next page goes on from there."""

_CUIT = re.compile(r"\d{2}-\d{8}(-\d)?", re.ASCII)
_ACCENTED = frozenset("aeiouyncsz")


def words_of(query: str) -> Sequence[str]:
    """Return the words that must all be found; none: everything is. A CUIT is found with its hyphens, too."""
    words = fold(query.replace("\x00", " ")[:QUERY_CHARACTERS]).split()[:WORDS]
    return [word.replace("-", "") if _CUIT.fullmatch(word) else word for word in words]


def may_match(words: Iterable[str], columns: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    """The condition that every word may be in one of the columns."""
    return and_(True, *(or_(*(column.ilike(_pattern(word), "\\") for column in columns)) for word in words))


def matches(words: Iterable[str], *texts: str | None) -> bool:
    """Whether every word is in one of the texts."""
    folded = [fold(text) for text in texts if text]
    return all(any(word in text for text in folded) for word in words)


def _pattern(word: str) -> str:
    """What LIKE lets through. Beyond ASCII, SQLite knows no case, so such a letter stands for any, too."""
    letters = []
    for letter in word:
        if not letter.isascii() or letter in _ACCENTED:
            letters.append("%")
        else:
            letters.append(f"\\{letter}" if letter in "%_\\" else letter)
    return "%" + "".join(letters) + "%"
