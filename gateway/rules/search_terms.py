"""What somebody typed into the search field → terms: words in any form, exact phrases, what must be absent.

Nothing typed here can be wrong: what is no word counts for nothing, and a quote may stay open.
"""

import re
from dataclasses import dataclass

from gateway.rules import words

LONGEST = 200
"""Characters of a search (W17)."""

_PIECE = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')
_OTHER_QUOTES = str.maketrans("“”„«»", '"""""')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that a request must have, or, when `excluded`, must not have.

    `phrase`: the words, folded, that must stand next to each other as they are; empty for one word in any
    form. `stems`: for each word what it is found by, any of them.
    """

    stems: tuple[tuple[str, ...], ...]
    phrase: tuple[str, ...] = ()
    excluded: bool = False


def parse(text: str) -> tuple[Term, ...]:
    """Return the terms of a search, each once."""
    found = [
        term_of(quoted or plain, exact=bool(quoted), excluded=bool(minus))
        for minus, quoted, plain in _PIECE.findall(text[:LONGEST].translate(_OTHER_QUOTES))
    ]
    return tuple(dict.fromkeys(term for term in found if term is not None))


def term_of(text: str, *, exact: bool = False, excluded: bool = False) -> Term | None:
    """Return the term of one piece; None when there is no word in it.

    Words joined by other signs belong together: an address, a CUIT, "A-4".
    """
    found = words.words_of(text)
    stems = tuple(each for word in found if (each := words.searched_by(word)))
    if not stems:
        return None
    phrase = tuple(words.folded_words(found)) if exact or len(stems) > 1 else ()
    return Term(stems, phrase, excluded)


def names(text: str, mark: str) -> tuple[Term, ...]:
    """Return the terms of a filter by name: its words as they are, each marked as of such a name."""
    bare = words.folded_words(words.words_of(text[:LONGEST]))
    return tuple(Term(((mark + word,),)) for word in dict.fromkeys(bare))
