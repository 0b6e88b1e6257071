"""First lines of an operator's mail → commands (contract section 4)."""

from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """What an operator can ask for by mail; nothing here deletes or exports (T12)."""

    TAKE = "take"
    ASSIGN = "assign"
    TOPIC = "topic"
    CLOSE = "close"
    REOPEN = "reopen"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Command:
    """One command, with what stands after it on its line."""

    verb: Verb
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands at the top of a text, the text that is left, and what is wrong with them.

    One mistake voids the mail (T10), so `mistakes` (the lines as written) outweighs the rest.
    """

    given: tuple[Command, ...]
    rest: str
    mistakes: tuple[str, ...] = ()
