"""An event → outbox rows: who is told of it, and in which form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from sqlmodel import Session

from gateway import tokens
from gateway.mail import marker
from gateway.mail.notice import AttachedRef, Withheld
from gateway.models.people import User
from gateway.models.queues import Purpose
from gateway.models.tickets import Attachment, Event, Message, Ticket
from gateway.rules import limits, mentions
from gateway.rules.audience import operators_told
from gateway.rules.lifecycle import Channel, EventKind, Status
from gateway.rules.people import Party, Sender, Verdict
from gateway.services import account_mail, digests, outbox, recipients, staff
from gateway.services.desk import Desk
from gateway.services.missed import Missed
from gateway.services.notices import (
    ACKNOWLEDGEMENT,
    ASSIGNED,
    CLIENT_MESSAGE,
    CLOSED,
    INTERNAL_COMMENT,
    MISSED,
    MISTAKE,
    NEW_REQUEST,
    REPLY,
    VERIFY,
    WITHHELD,
    Form,
    Mail,
    store,
)
from gateway.services.recipients import Circle, Person


@dataclass(frozen=True, slots=True)
class Happening:
    """What there is to tell: an event with the message and files it shows."""

    event: Event
    message: Message | None = None
    attachments: Sequence[Attachment] = ()
    acknowledge: bool = False  # the requester may be sent an acknowledgement
    believed: bool = False  # the verdict on the mail acknowledged is pass
    written_to: str = ""  # the address it came to
    reopened: bool = False
    closes: bool = False  # the ticket is closed right after the answer
    brought_by: Sender | None = None  # the operator who opened it on the author's behalf


def announce(
    session: Session,
    desk: Desk,
    ticket: Ticket,
    happening: Happening,
    *,
    author: Sender | None,
    now: datetime,
) -> None:
    """Queue a mail for everybody who is to be told. The event is written already."""
    named, writer = _named(session, ticket, happening), _writer(happening, author)
    also = named if writer is None else named | {writer}
    circle = recipients.around(session, ticket, author.user_id if author else None, also=also)
    everybody = list(_told(circle, happening, named, author.user_id if author else None))
    told = _direct(session, circle, happening, everybody, now=now)
    _queue(session, desk, circle, happening, told, author=author, now=now)


def tell_mistakes(
    session: Session,
    desk: Desk,
    ticket: Ticket,
    operator: Sender,
    *,
    mistakes: Sequence[str],
    text: str,
    internal: bool,
    now: datetime,
) -> None:
    """Tell an operator why nothing was done with their mail, with their text to send again (T10).

    What was to be `internal` stays so when they do: the answer to this mail is, whatever it says (T11).
    """
    circle = recipients.around(session, ticket, operator.user_id)
    mail = Mail(desk, circle, circle.people[operator.user_id], MISTAKE, now)
    values = mail.values(mistakes=tuple(mistakes), text=text)
    row = mail.row(values, references=(), event_id=None) | {"internal": internal}
    store(session, desk, [row], now=now)


def tell_withheld(
    session: Session, desk: Desk, ticket: Ticket, operator: Sender, why: Withheld, *, text: str, now: datetime
) -> None:
    """Tell an operator that their answer reached nobody, and why: they alone would look for it."""
    circle = recipients.around(session, ticket, operator.user_id)
    mail = Mail(desk, circle, circle.people[operator.user_id], WITHHELD, now)
    values = mail.values(withheld=why, text=text)
    store(session, desk, [mail.row(values, references=(), event_id=None)], now=now)


def tell_missed(
    session: Session, desk: Desk, ticket: Ticket, operator: Sender, missed: Missed, *, now: datetime
) -> None:
    """Tell an operator what had happened when they answered; their answer went out."""
    circle = recipients.around(session, ticket, operator.user_id)
    mail = Mail(desk, circle, circle.people[operator.user_id], MISSED, now)
    known = recipients.known_mail(session, ticket.id, [operator.user_id])[operator.user_id]
    values = mail.values(missed=missed.shown, marker=marker.write(tokens.new_token()))
    row = mail.row(values, references=known, event_id=missed.newest)
    store(session, desk, [row], now=now)


def ask_whether_own(
    session: Session,
    desk: Desk,
    ticket: Ticket,
    operator: Sender,
    *,
    token: str,
    minutes: int,
    excerpt: str,
    now: datetime,
) -> None:
    """Queue the mail that asks an operator whether a held mail is theirs (`/correos/confirmar/TOKEN`)."""
    circle = recipients.around(session, ticket, operator.user_id)
    mail = Mail(desk, circle, circle.people[operator.user_id], VERIFY, now)
    action_url = desk.url(f"/correos/confirmar/{token}")
    values = mail.values(action_url=action_url, link_minutes=minutes, text=excerpt)
    store(session, desk, [mail.row(values, references=(), event_id=None)], now=now)


def set_password(
    session: Session, desk: Desk, user: User, token: str, *, minutes: int, new_account: bool, now: datetime
) -> None:
    """Queue the mail with the link that sets a password (`/clave/TOKEN`)."""
    row = account_mail.set_password(desk, user, token, minutes=minutes, new_account=new_account, now=now)
    outbox.queue(session, [row])


def _named(session: Session, ticket: Ticket, happening: Happening) -> frozenset[int]:
    """Who is named with @ in an internal comment, among those who may read it."""
    message = happening.message
    if happening.event.kind is not EventKind.COMMENTED or message is None or "@" not in message.text:
        return frozenset()
    return mentions.find(message.text, recipients.nameable(session, ticket))


def _told(
    circle: Circle, happening: Happening, named: frozenset[int], author: int | None
) -> Iterator[tuple[int, Form]]:
    """Yield who is told and in which form (contract section 5)."""
    kind = happening.event.kind
    requester = circle.ticket.requester_id
    by_operator = happening.message is not None and happening.message.party is Party.OPERATOR
    if kind is EventKind.REPLIED and by_operator:
        yield from ((each, REPLY) for each in recipients.readers_of_reply(circle, author))
        return
    if kind is EventKind.CLOSED:
        if requester != author and requester in circle.participants:
            yield requester, CLOSED
        return
    form = {
        EventKind.OPENED: NEW_REQUEST,
        EventKind.MOVED: NEW_REQUEST,
        EventKind.REPLIED: CLIENT_MESSAGE,
        EventKind.COMMENTED: INTERNAL_COMMENT,
        EventKind.ASSIGNED: ASSIGNED,
    }.get(kind)
    if form is not None:
        assignee = circle.ticket.assignee_id
        told = operators_told(kind, list(circle.serving), assignee=assignee, author=author, named=named)
        yield from ((each, form) for each in told if circle.people[each].answers)
    if happening.acknowledge and requester in circle.participants:
        yield requester, ACKNOWLEDGEMENT


def _direct(
    session: Session,
    circle: Circle,
    happening: Happening,
    told: Sequence[tuple[int, Form]],
    *,
    now: datetime,
) -> Sequence[tuple[int, Form]]:
    """Return who is told at once: of the operators the first twenty. The others wait for a digest (B11).

    A mail that opens a ticket or answers one as a client makes one event; an operator's may make several.
    """
    operators = [user for user, form in told if form.purpose is Purpose.NOTICE]
    left = limits.NOTICES
    if operators and happening.event.kind not in (EventKind.OPENED, EventKind.REPLIED):
        left = digests.notices_left(session, circle.ticket.id, now=now)
    if len(operators) <= left:
        return told
    operators.sort(key=lambda user: (user != circle.ticket.assignee_id, user))
    later = frozenset(operators[left:])
    digests.postpone(session, happening.event, sorted(later), now=now)
    return [(user, form) for user, form in told if user not in later or form.purpose is not Purpose.NOTICE]


def _queue(
    session: Session,
    desk: Desk,
    circle: Circle,
    happening: Happening,
    told: Sequence[tuple[int, Form]],
    *,
    author: Sender | None,
    now: datetime,
) -> None:
    if not told:
        return
    known = _known_mail(session, circle, happening, [user for user, _ in told])
    writer = circle.people.get(_writer(happening, author) or 0)
    files = [_reference(desk, each) for each in happening.attachments]
    claims_staff = _claims_staff(session, happening, writer)
    rows, status = [], Status.CLOSED if happening.closes else None
    for user, form in told:
        mail = Mail(desk, circle, circle.people[user], form, now, status)
        values = mail.values_of(
            happening.message,
            writer,
            claims_staff=claims_staff,
            believed=happening.believed,
            moved=happening.event.kind is EventKind.MOVED,
            reopened=happening.reopened,
            brought_by=happening.brought_by.shown if happening.brought_by else "",
        )
        shown = () if form is ACKNOWLEDGEMENT else files
        rows.append(
            mail.row(values, references=known[user], event_id=happening.event.id, writer=writer, files=shown)
        )
    store(session, desk, rows, now=now)


def _claims_staff(session: Session, happening: Happening, writer: Person | None) -> bool:
    """Whether operators are to be warned: it says to be from one of us, and nothing proves it (T15)."""
    message, brought_by = happening.message, happening.brought_by
    if brought_by is not None:
        return brought_by.verdict is not Verdict.PASS
    doubtful = message is not None and message.channel is Channel.EMAIL and not message.verified
    return doubtful and writer is not None and bool(staff.claimed(session, [writer.email]))


def _writer(happening: Happening, author: Sender | None) -> int | None:
    """Who wrote what is shown; of a request that was moved that is not who moved it."""
    if happening.event.kind is EventKind.MOVED and happening.message is not None:
        return happening.message.author_id
    return author.user_id if author else None


def _known_mail(
    session: Session, circle: Circle, happening: Happening, users: list[int]
) -> dict[int, tuple[str, ...]]:
    """What mail each has on this ticket already; on a new one nobody but its author, who wrote it."""
    message = happening.message
    if happening.event.kind is EventKind.OPENED and message is not None:
        theirs = (message.message_id,) if message.message_id else ()
        return {user: theirs if user == message.author_id else () for user in users}
    return recipients.known_mail(session, circle.ticket.id, users)


def _reference(desk: Desk, attachment: Attachment) -> AttachedRef:
    return AttachedRef(
        attachment.filename,
        attachment.content_type,
        attachment.size,
        attachment.sha256,
        desk.url(f"/adjuntos/{attachment.id}/{quote(attachment.filename, safe='')}"),
    )
