"""What people write on the page of a request → a reply, an internal comment, or a request that goes on.

The verbs are those of mail, and so are the rules: who answers a ticket, what a closed one does, what
may not be published. Only the proof differs, since here somebody is signed in.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.mail import commands
from gateway.mail.leaks import Leak
from gateway.mail.one_line import one_line
from gateway.mail.typed_text import normal_text
from gateway.models.tickets import Ticket
from gateway.rules import lifecycle, limits
from gateway.rules.admission import Standing
from gateway.rules.lifecycle import Channel, MessageKind
from gateway.rules.people import Party, Sender, Verdict, is_staff
from gateway.services import filing, overtaken, participants, publishing, rates, recipients, threads, tickets
from gateway.services.contributions import Contribution, FiledAttachment
from gateway.services.conversation import LARGEST_NUMBER
from gateway.services.desk import Desk
from gateway.services.overtaken import Seen

LEAKS = {
    Leak.MARKER: _("This quotes the notice of an internal comment. Take that part out: it was not sent."),
    Leak.TOKEN: _("This has the reply address of somebody else. Take it out: it was not sent."),
    Leak.NOTICE: _("This quotes a notice for operators. Take that part out: it was not sent."),
    Leak.INTERNAL_TEXT: _("This repeats an internal comment. Say it in other words: it was not sent."),
}
"""Why a reply stays here (C3), as its writer is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What was sent from the page: a text with its files, and how far the page showed the ticket."""

    text: str
    files: tuple[FiledAttachment, ...] = ()
    internal: bool = False
    close: bool = False
    seen: Seen


@dataclass(frozen=True, slots=True)
class Written:
    """Where it stands now. `continues`: in a request of its own, since the old one was closed for good."""

    number: int
    as_operator: bool
    to: tuple[str, ...] = ()  # whom it was sent to, as they are called
    continues: bool = False


def write(
    session: Session, desk: Desk, number: int, writer: Sender, draft: Draft, *, now: datetime
) -> Written:
    """Add what somebody wrote to a ticket, whose row is locked; NotFound for whoever may not (C6).

    Who asked for it writes as a client, operator or not; an internal comment is an operator's, always.
    """
    ticket = locked(session, number, writer, now=now)
    standing = threads.standing_of(session, ticket, writer)
    answers = is_staff(writer.role) and threads.may_act(session, ticket, writer)
    if not answers and (standing is Standing.STRANGER or draft.internal or draft.close):
        raise NotFound(f"ticket {number}")
    if answers:
        overtaken.check_operator(session, ticket.id, writer, draft.seen)
    else:
        overtaken.check_client(session, ticket.id, writer, draft.seen)
    contribution = _contribution(draft)
    if is_staff(writer.role):
        _refuse_commands(contribution.text)
    proven = writer.with_verdict(Verdict.PASS)
    if draft.internal or standing is Standing.OPERATOR:
        _as_operator(session, desk, ticket, proven, contribution, now=now)
        to = () if draft.internal else _reached(session, ticket, proven)
        written = Written(ticket.id, as_operator=True, to=to)
    else:
        written = _as_client(session, desk, ticket, proven, contribution, now=now)
    if draft.close and not written.continues:
        tickets.close(session, desk, ticket, by=proven, tell=draft.internal, now=now)
    return written


def locked(session: Session, number: int, person: Sender, *, now: datetime) -> Ticket:
    """Return a ticket with its row locked until the transaction ends; NotFound when there is none."""
    thread = threads.at(session, min(number, LARGEST_NUMBER), person, now=now)
    if thread is None:
        raise NotFound(f"ticket {number}")
    return thread.ticket


def would_go_on(session: Session, desk: Desk, number: int, *, now: datetime) -> bool:
    """Whether what a client writes on a ticket opens a request of its own, since it was closed long ago."""
    ticket = session.get(Ticket, min(number, LARGEST_NUMBER))
    closed_at = ticket.closed_at if ticket is not None else None
    return not lifecycle.can_reopen(closed_at, now=now, reopen_days=desk.tickets.reopen_days)


def checked_text(raw: str, field: str) -> str:
    """Return a typed text in its normal form; Invalid when it is longer than a message shows (B6)."""
    text = normal_text(raw)
    if len(text.encode()) > limits.SHOWN_TEXT:
        raise Invalid(field, _("The text is too long: up to 1 MB. Attach it as a file."))
    return text


def _contribution(draft: Draft) -> Contribution:
    text = checked_text(draft.text, "texto")
    if not text and not draft.files:
        raise Invalid("texto", _("Write your message or attach a file."))
    kind = MessageKind.INTERNAL if draft.internal else MessageKind.PUBLIC
    return Contribution(
        text=text,
        files=draft.files,
        kind=kind,
        channel=Channel.WEB,
        closes=draft.close and not draft.internal,
    )


def _refuse_commands(text: str) -> None:
    """A forgotten "#interno" must not reach a client as text, and none is obeyed here (T10, T11)."""
    found = commands.find_commands(text)
    if found.given or found.mistakes:
        line = found.mistakes[0] if found.mistakes else text.split("\n", 1)[0]
        raise Invalid(
            "texto",
            _("“{line}” looks like a command of an e-mail. Here the buttons do that: it was not sent."),
            line=one_line(line, 80),
        )


def _as_operator(
    session: Session,
    desk: Desk,
    ticket: Ticket,
    operator: Sender,
    contribution: Contribution,
    *,
    now: datetime,
) -> None:
    if contribution.kind is MessageKind.PUBLIC:
        names = [each.filename for each in contribution.files]
        leak = publishing.find_leak_in(session, ticket, [contribution.text, *names])
        if leak is not None:
            raise Invalid("texto", LEAKS[leak])
        if not participants.anybody_reads(session, ticket, operator):
            raise Invalid("texto", _("Nobody would get this reply. Leave it as an internal comment."))
    tickets.add_message(session, desk, ticket, operator, contribution, party=Party.OPERATOR, now=now)


def _reached(session: Session, ticket: Ticket, operator: Sender) -> tuple[str, ...]:
    circle = recipients.around(session, ticket, operator.user_id)
    return tuple(each.shown for each in recipients.reached(circle, operator.user_id))


def _as_client(
    session: Session, desk: Desk, ticket: Ticket, client: Sender, contribution: Contribution, *, now: datetime
) -> Written:
    """A ticket closed too long ago is not woken: what goes on from it is a request of its own (T4)."""
    if not rates.admit_reply(session, client.email, now=now):
        raise Invalid("texto", _("You wrote very often in the last hour. Wait a little, or send an e-mail."))
    reopen_days = desk.tickets.reopen_days
    if not lifecycle.can_reopen(ticket.closed_at, now=now, reopen_days=reopen_days):
        number = filing.go_on(session, desk, ticket, client, contribution, now=now)
        return Written(number, as_operator=False, continues=True)
    tickets.add_message(session, desk, ticket, client, contribution, party=Party.CLIENT, now=now)
    return Written(ticket.id, as_operator=False)
