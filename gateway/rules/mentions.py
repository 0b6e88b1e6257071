"""Who is named with @ in a comment: "@ana mirá esto", "@ana.ruiz", "@sofia"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.rules.words import fold

LOOKED_AT = 20_000
"""Characters of a comment that are searched for names."""

_MENTION = re.compile(r"(?<![\w.+-])@([\w.+-]{2,80})")


@dataclass(frozen=True, slots=True)
class Nameable:
    """Somebody who can be named, as they are called and written to."""

    name: str
    email: str


def find(text: str, people: Mapping[int, Nameable]) -> frozenset[int]:
    """Return the ids of the people named in a text, all of them where a name fits several.

    A name fits by first name, by the whole name however it is joined, or by what stands before the
    @ of the address; accents and case do not matter. An address in the text names nobody.
    """
    written = {fold(each).rstrip(".-+") for each in _MENTION.findall(text[:LOOKED_AT])}
    if not written:
        return frozenset()
    return frozenset(number for number, person in people.items() if written & _called(person))


def _called(person: Nameable) -> set[str]:
    words = fold(person.name).split()
    names = {words[0], *(glue.join(words) for glue in ("", ".", "_", "-"))} if words else set()
    return names | {person.email.partition("@")[0]}
