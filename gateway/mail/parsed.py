"""What stands in a mail once it is decoded: plain values, which need no parser to be passed around."""

from dataclasses import dataclass
from datetime import datetime

from gateway.mail.addresses import Address


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A leaf of the mail that is not its text; its content is never cut."""

    filename: str
    content_type: str
    content: bytes
    inline: bool = False
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """What stands in a mail, decoded, before anything is concluded from it."""

    headers: tuple[tuple[str, str], ...]  # in order, names lower-cased, values decoded and unfolded
    message_id: str | None  # without angle brackets
    from_: tuple[Address, ...]
    from_fields: int  # how many From fields stand there: a verdict needs exactly one
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    date: datetime | None
    references: tuple[str, ...]  # In-Reply-To first, then References from last to first, no repeats
    text: str  # plain text as written, else made from the HTML
    html: str  # raw HTML of the body, "" when there is none
    attachments: tuple[AttachedFile, ...]
    unreadable: bool = False
    reply_to: tuple[Address, ...] = ()
    notes: tuple[str, ...] = ()  # catalogue keys: what was beyond a limit and stays raw only
