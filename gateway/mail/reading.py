"""What is understood of a mail before the database is asked. Plain values; mail/interpret makes them."""

from dataclasses import dataclass
from datetime import datetime

from gateway.mail.addresses import Address
from gateway.mail.classify import Kind
from gateway.mail.clues import Clue
from gateway.mail.commands import Commands
from gateway.mail.forwards import Forwarded
from gateway.mail.parsed import AttachedFile
from gateway.mail.report import Report
from gateway.rules.people import Verdict


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What reading needs to know of this installation; plain values, sent to the child process."""

    domain: str  # of our Message-IDs
    reply_address: str  # "soporte+{token}@example.com", or "" when the provider has no such thing
    installation: str  # value of our loop header
    authserv_ids: tuple[str, ...] = ()
    dkim: bool = True


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a mail came in: what the journal knows beside the bytes."""

    door: str  # smtp, imap, ingest
    envelope_from: str | None  # "" is the null sender; None: the door did not say
    recipients: tuple[str, ...]  # envelope recipients, in normal form
    listed_peer: bool  # handed over by a mail server of ours
    received_at: datetime | None = None  # None: now


@dataclass(frozen=True, slots=True)
class Reading:
    """All that is understood of a mail. Complete when built; plain values only."""

    message_id: str | None
    digest: str  # SHA-256 hex of From, To, Date, Subject and body (E1)
    sender: Address | None  # the one From mailbox; None when there is none or more than one
    claimed: tuple[Address, ...]  # every From mailbox, for showing
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...]  # never who wrote (T7), but see mail/web_forms
    subject: str
    date: datetime | None
    kind: Kind
    kind_reason: str
    from_list: bool  # came through a mailing list: no automatic mail to its sender (L1)
    verdict: Verdict
    verdict_reason: str
    clues: tuple[Clue, ...]
    references: tuple[str, ...]
    text: str  # the person's own words
    quoted: str  # what they quoted, folded, never deleted
    html: str  # by our allow-list (W11), the quotes in it; "" when there is none or too much of it
    commands: Commands  # in the person's own words, and `rest` is these: no quote is ever in it (C3)
    attachments: tuple[AttachedFile, ...]
    unreadable: bool
    notes: tuple[str, ...]
    report: Report | None  # what a bounce or a read receipt says
    forwarded: Forwarded | None = None  # whose mail this one passes on
    attached_text: str = ""  # what can be read in the files of a mail that answers one of ours (C3)
