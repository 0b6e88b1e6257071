"""What a delivery report or a read receipt says of one mail of ours."""

from dataclasses import dataclass, replace
from enum import StrEnum

DIAGNOSTIC_CHARACTERS = 300


class Delivery(StrEnum):
    """What became of a mail, gravest first."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    UNREAD = "unread"  # thrown away without having been shown
    READ = "read"


@dataclass(frozen=True, slots=True)
class Report:
    """One report. `recipient` and `status` are what the report claims, not what we know."""

    delivery: Delivery
    recipient: str | None
    status: str | None  # RFC 3463, "5.1.1"
    diagnostic: str = ""  # the remote server's words, one line, bounded
    message_id: str | None = None  # of the mail reported on, when its headers came back

    def about(self, message_id: str | None) -> "Report":
        """The same, on the mail with this Message-ID, unless the report names one itself."""
        return self if self.message_id else replace(self, message_id=message_id)
