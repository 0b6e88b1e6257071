"""Pointers from a mail to a ticket, strongest first."""

from dataclasses import dataclass
from enum import StrEnum


class ClueKind(StrEnum):
    """How a clue points; what it is worth depends on the sender (invariants T4)."""

    TOKEN = "token"  # noqa: S105  a person token of ours, in an address or a Message-ID
    BOUNCE_TOKEN = "bounce_token"  # noqa: S105  the token of a bounce address of ours
    MESSAGE_ID = "message_id"  # a Message-ID, perhaps known from an earlier mail
    CODE = "code"  # a number with its keyed code
    NUMBER = "number"  # a bare number


@dataclass(frozen=True, slots=True)
class Clue:
    """One pointer. `value` is the token, the Message-ID or the code; `number` a ticket's."""

    kind: ClueKind
    value: str = ""
    number: int | None = None
