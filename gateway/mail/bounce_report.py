"""A delivery report → which mail of ours it is about, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum


class Delivery(StrEnum):
    """What a report says of a mail."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class BounceReport:
    """One delivery report. `recipient` and `status` are what the report claims, not what we know."""

    delivery: Delivery
    recipient: str | None
    status: str | None  # RFC 3463, "5.1.1"
    diagnostic: str  # the remote server's words, one line, bounded
    message_id: str | None  # of the mail reported on, when its headers came back
