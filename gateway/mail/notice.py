"""What one mail out is made of, before it is bytes: the words a service hands to compose."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.mail.addresses import Address
from gateway.rules.lifecycle import Channel, EventKind, Status


class Template(StrEnum):
    """The mails we write; each is a `.txt` and a `.html` in `templates/email/<language>/`."""

    ACKNOWLEDGEMENT = "acknowledgement"
    NEW_REQUEST = "new_request"
    CLIENT_MESSAGE = "client_message"
    OPERATOR_REPLY = "operator_reply"
    INTERNAL_COMMENT = "internal_comment"
    ASSIGNED = "assigned"
    CLOSED = "closed"
    SET_PASSWORD = "set_password"  # noqa: S105  the name of a mail
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  the name of a mail
    CONFIRM_ACCOUNT = "confirm_account"
    ALREADY_REGISTERED = "already_registered"
    COMMAND_MISTAKE = "command_mistake"
    MISSED = "missed"
    WITHHELD = "withheld"
    ALERT = "alert"
    DIGEST = "digest"
    VERIFY_ANSWER = "verify_answer"
    UNDELIVERED = "undelivered"
    REPORT = "report"


class Withheld(StrEnum):
    """Why an operator's answer went to nobody; its sentences are `withheld` in `words.txt`."""

    LEAK = "leak"
    EMPTY = "empty"
    NOBODY = "nobody"
    NOT_THEIRS = "not_theirs"
    AS_CLIENT = "as_client"


class Automatic(StrEnum):
    """What an automatic mail says of itself in Auto-Submitted (RFC 3834, invariants L3)."""

    REPLIED = "auto-replied"
    GENERATED = "auto-generated"


@dataclass(frozen=True, slots=True)
class AttachedRef:
    """A file of the message shown. `link` is a page that asks to sign in, never a bearer link (C5)."""

    filename: str
    content_type: str
    size: int
    sha256: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketShown:
    """The request a mail is about."""

    number: int
    subject: str
    token: str  # what stands at the end of its subjects, "[#1042-k7q2]"
    topic: str
    status: Status
    created_at: datetime
    requester: str = ""  # name of who asked, else their address
    others: int = 0  # participants besides the requester, whom a reply reaches too
    assigned_to: str = ""  # name of the operator who has it; "" for nobody
    channel: Channel = Channel.EMAIL  # how it was opened
    url: str = ""  # its page; "" for a recipient who cannot sign in


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorShown:
    """Who wrote the text of a mail. For clients only the name counts (C8)."""

    name: str
    email: str = ""
    company: str = ""
    cuit: str = ""
    verified: bool | None = None  # None: written on the web, so there is nothing to verify
    claims_staff: bool = False  # not verified, and from a domain our own people write from (T15)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedShown:
    """One thing that happened before an operator answered, and after the notice they answered."""

    kind: EventKind
    actor: str  # name, or address; "" for nobody
    at: datetime
    text: str = ""  # of a public message; an internal comment is only named


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One line of a digest: nothing of what was written, which may be internal (C3)."""

    kind: EventKind
    number: int
    subject: str
    topic: str
    actor: str  # who did it; "" for the system
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureShown:
    """A figure of a report, all in words of the recipient's language. `change` "": compared with nothing."""

    title: str
    value: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportShown:
    """The figures of a month beside those of another: what the recipient's language calls both."""

    month: str
    against: str
    figures: tuple[FigureShown, ...]
    url: str
    settings_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What templates may show. Every mail uses a few of these; `Template` by `Template`:

    - all: `site`, and `ticket` but for those on accounts
    - acknowledgement: `recipient`, `believed`, `help_address`, `register_url`
    - new_request, client_message, assigned: `author`, `text`, `notes`, `refused`, `internal_url`,
      `notices_url`, `mine`; and `moved`, `reopened`, `actor` in this order; new_request `brought_by`, too
    - internal_comment: `author`, `text`, `marker`, `notices_url`
    - operator_reply: `author`, `text`, `support`
    - closed: `recipient`, `actor`, `text`, `support`, `reopen_days`
    - set_password, confirm_account: `recipient`, `action_url`, `link_minutes`, `help_address`, `new_account`
    - password_changed: `recipient`, `reset_url`, `help_address`
    - already_registered: `action_url`, where to sign in, `reset_url`, `help_address`
    - command_mistake: `mistakes`, `text`
    - missed: `missed`, `marker` beside what is internal
    - withheld: `withheld`, `text`
    - alert: `alert`, `text`
    - digest: `recipient`, `happened`, `more`, `notices_url`
    - verify_answer: `action_url`, `link_minutes`, `text`, the beginning of the mail asked about
    - report: `report`
    - undelivered: `unreached`, `refusal`, `server_said`, `actor`, `text`
    """

    site: str  # "Sysmo Tickets"
    support: str = ""  # how the team signs: "Soporte Sysmo"
    recipient: str = ""  # their name, whose first word greets; "" greets without
    ticket: TicketShown | None = None
    author: AuthorShown | None = None
    actor: str = ""  # name of who assigned or closed
    text: str = ""  # the message, as its author wrote it and without quotes
    believed: bool = False  # the verdict on the mail we acknowledge is `pass` (C9)
    mine: bool = False  # the recipient has the request assigned
    moved: bool = False  # the request is new in this topic only
    brought_by: str = ""  # name of the operator who passed the client's mail on
    reopened: bool = False  # the message woke a closed request
    marker: str = ""  # frames internal text, so that a quote of it is known again (C3)
    refused: tuple[str, ...] = ()  # names of files we did not accept
    notes: tuple[str, ...] = ()  # what is special about the mail that brought it: keys of the catalogue
    mistakes: tuple[str, ...] = ()  # command lines as written
    missed: tuple[MissedShown, ...] = ()  # oldest first
    unreached: str = ""  # the address an answer did not reach
    refusal: str = "unknown"  # why not, a value of rules/refusals.Refusal
    withheld: Withheld = Withheld.LEAK
    server_said: str = ""  # in the words of the server that refused
    help_address: str = ""  # where people write to us
    internal_url: str = ""  # page of the request with the internal comment open
    notices_url: str = ""  # where an operator chooses their notices
    register_url: str = ""  # where somebody unknown completes their registration
    action_url: str = ""  # the link of a mail on accounts
    reset_url: str = ""  # where to ask for a new password
    link_minutes: int = 0  # how long that link holds
    new_account: bool = False  # a first password, not a forgotten one
    alert: str = ""  # what administrators are alerted of, in their language
    happened: tuple[Happened, ...] = ()  # the lines of a digest
    more: int = 0  # how many did not fit among them
    report: ReportShown | None = None
    reopen_days: int = 0  # how long an answer still reopens; 0 leaves the sentence out


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One mail to one recipient, complete but for its words.

    `subject` is final, with token and `Re:`. Empty, the `subject` block of the template gives it:
    so do accounts, and acknowledgements always, whose subject may not repeat just anything (C9).
    """

    template: Template
    language: str  # "es" | "en"
    sender: Address  # the topic's address; the name already worded: "Martín Sosa (Soporte Sysmo)"
    reply_to: str | None
    to: Address
    subject: str = ""
    message_id: str  # this one, and those below, without angle brackets
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    date: datetime  # aware
    timezone: str  # IANA name of the site's zone, in which dates are written
    automatic: Automatic | None  # None: written by a person
    loop: str  # value of X-Sysmo-Loop, which only automatic mail carries (L3)
    values: Values
    attached: tuple[AttachedRef, ...] = ()  # travel along
    linked: tuple[AttachedRef, ...] = ()  # too large: only their links do


def share_out(
    files: Iterable[AttachedRef], limit: int
) -> tuple[tuple[AttachedRef, ...], tuple[AttachedRef, ...]]:
    """Return the files that travel along and those that become links, each in the given order.

    `limit` is `[mail] attach_max_bytes`, in bytes before base64. A file that no longer fits does
    not keep smaller ones behind it from travelling.
    """
    attached: list[AttachedRef] = []
    linked: list[AttachedRef] = []
    room = limit
    for file in files:
        fits = file.size <= room
        (attached if fits else linked).append(file)
        room -= file.size if fits else 0
    return tuple(attached), tuple(linked)
