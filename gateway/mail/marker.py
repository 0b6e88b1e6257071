"""The mark that frames internal text in a notice, written and known again here and nowhere else (C3).

`[xjq-03b9-c2f7-a4d8-5f0c]` is told apart from people's own text by what no text holds by chance: three
letters that stand together in no word, and behind a random part a check of it. Only its letters and
digits count, so a mail program may quote it, wrap it, space it or capitalise it, and a translator finds
no word in it to translate. It needs no key: a mark that outlived its key would let internal text pass.
"""

import re

from gateway.rules.words import fold
from gateway.tokens import hash_token

_BEGINS = "xjq"
_RANDOM = 12  # characters
_CHECK = 4
_GROUP = 4
_LIKE_ONE = re.compile(rf"(?={_BEGINS}([0-9a-f]{{{_RANDOM}}})([0-9a-f]{{{_CHECK}}}))")
_BETWEEN = re.compile(r"[^a-z0-9]+")


def write(token: str) -> str:
    """Return the mark made of a random token; the token itself is not in it."""
    random = hash_token(token)[:_RANDOM]
    code = random + _check(random)
    groups = [code[at : at + _GROUP] for at in range(0, len(code), _GROUP)]
    return f"[{'-'.join([_BEGINS, *groups])}]"


def is_in(text: str) -> bool:
    """Whether a mark survives in a text, whatever was put between its characters."""
    found = _LIKE_ONE.finditer(_BETWEEN.sub("", fold(text)))
    return any(_check(each[1]) == each[2] for each in found)


def _check(random: str) -> str:
    return hash_token(random)[:_CHECK]
