"""Held mail at the terminal: the list with its reasons, one mail with what can be done, and doing it."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated

import typer
from sqlmodel import Session

from gateway.catalogue import _, label
from gateway.cli.output import indented
from gateway.cli.request import Words, request_of, say
from gateway.errors import Invalid, NotFound
from gateway.mail.addresses import Address
from gateway.mail.reading import Reading
from gateway.models.queues import JournalEntry
from gateway.reader.reader import Reader, ReadingFailed
from gateway.rules.admission import Outcome
from gateway.rules.people import Sender, UserStatus, Verdict, is_staff
from gateway.runtime import Runtime
from gateway.services import blobs, held, held_mail, journal, ledger, senders, settings
from gateway.services.desk import open_desk
from gateway.services.held import Acceptance
from gateway.services.held_mail import Way
from gateway.services.ledger import Box, Details, MailId, MailIn

LOOKS_EVERY = 0.2  # seconds
LINES_SHOWN = 12
NO_BREAK_SPACE = "\xa0"

HeldId = Annotated[str, typer.Argument(metavar="ID", help="As the list shows it: 12.")]
By = Annotated[str | None, typer.Option(metavar="EMAIL", help="Who decides: an operator or administrator.")]


def accept(
    context: typer.Context,
    mail_id: HeldId,
    *,
    as_new: Annotated[bool, typer.Option("--as-new", help="As a request of its own.")] = False,
    ticket: Annotated[int | None, typer.Option(min=1, max=2**31 - 1, help="Onto this request.")] = None,
    person: Annotated[
        bool, typer.Option("--person", help="Whoever wrote it takes part in the request from now on.")
    ] = False,
    by: By = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the processor.")] = 15,
) -> None:
    """Let a held mail in: onto the request it points at, else as a new one. Its sender is told nothing."""
    request = request_of(context)
    wanted = _held_id(mail_id)
    wish = Acceptance(as_new=as_new, ticket=ticket, person=person)
    with request.runtime() as runtime:
        desk = open_desk(runtime.config, runtime.secret)
        with runtime.db.transaction() as session:
            decider = _decider(session, by)
            desk = settings.current(session, desk)
            held.accept(session, desk, wanted.number, wish, by=decider, now=runtime.now())
        say(_what_became(*_settled(runtime, wanted, seconds=wait), request.words))


def discard(context: typer.Context, mail_id: HeldId, *, by: By = None) -> None:
    """Keep a mail that is held, or could not be read, without effect and list it no more."""
    request = request_of(context)
    wanted = _held_id(mail_id)
    with request.runtime() as runtime, runtime.db.transaction() as session:
        held.discard(session, wanted.number, by=_decider(session, by), now=runtime.now())
    say(request.words(_("E-mail {id} is discarded: kept, and without effect.")).format(id=wanted))


def headings(words: Words) -> Sequence[str]:
    """The columns of the list of held mail."""
    return words(_("ID")), words(_("Waits")), words(_("From")), words(_("Request")), words(_("Reason"))


def cells(mail: MailIn, words: Words, *, now: datetime) -> Sequence[str]:
    """One held mail in the list."""
    candidate = f"#{mail.ticket}" if mail.ticket is not None else ""
    reason = label(words, "held", mail.reason or "")
    return mail.id, _age(now - mail.received_at), mail.sender or "", candidate, reason


def explain(runtime: Runtime, mail: MailIn, words: Words) -> Iterator[str]:
    """Yield, line by line, why a mail is held, what can be done, and how it begins."""
    yield words(_("It is held:"))
    yield from indented(label(words, "held-why", mail.reason or ""))
    yield ""
    never = held.why_never(mail.reason or "", mail.sender)
    if never is not None:
        yield words(_("It cannot be accepted.")) + " " + words(never)
    yield words(_("What you can do:"))
    for command, effect in _choices(mail, words):
        yield f"  sysmo mail {command:<24} {effect}"
    yield ""
    yield from _beginning(runtime, mail, words)


def _choices(mail: MailIn, words: Words) -> Iterator[tuple[str, str]]:
    """Yield the commands that can be typed, each with what it does."""
    accept = f"accept {mail.id}"
    plain = True  # the first way is what happens when nothing else is asked for
    for way in held_mail.ways(mail.reason or "", mail.sender, mail.ticket):
        option = {Way.NEW: "" if plain else " --as-new", Way.NAMED: " --ticket N"}.get(way, "")
        yield accept + option, words(held_mail.EFFECTS[way]).format(ticket=mail.ticket)
        if way is Way.ONTO and held_mail.may_join(mail.reason or "", mail.sender):
            yield f"{accept} --person", words(_("the same, and whoever wrote it takes part from now on"))
        plain = False
    yield f"discard {mail.id}", words(_("keep it without effect"))


def _beginning(runtime: Runtime, mail: MailIn, words: Words) -> Iterator[str]:
    """The verdict and the first lines, from the mail itself: read in a child process, as always."""
    try:
        reading = asyncio.run(_read(runtime, int(mail.id)))
    except ReadingFailed as failed:
        yield words(_("The e-mail could not be read: {reason}")).format(reason=failed.reason)
        return
    verdict, reason = label(words, "sender", reading.verdict), label(words, "verdict", reading.verdict_reason)
    yield words(_("Sender: {verdict} ({reason})")).format(verdict=verdict, reason=reason)
    yield words(_("Subject: {subject}")).format(subject=reading.subject)
    yield words(_("It begins:"))
    yield from _quoted(reading.text.splitlines())


def _quoted(lines: Iterable[str]) -> Iterator[str]:
    left = iter(lines)
    for line in islice(left, LINES_SHOWN):
        yield f"  | {line.expandtabs(4).replace(NO_BREAK_SPACE, ' ')}"
    if next(left, None) is not None:
        yield "  | …"


async def _read(runtime: Runtime, entry_id: int) -> Reading:
    with runtime.db.snapshot() as session:
        entry = session.get_one(JournalEntry, entry_id)
        raw, arrival = blobs.read(session, runtime.blobs, entry.sha256), journal.arrival_of(entry)
    reader = Reader(open_desk(runtime.config, runtime.secret).surroundings())
    try:
        return await reader.read(raw, arrival)
    finally:
        await reader.close()


def _settled(runtime: Runtime, wanted: MailId, *, seconds: float) -> tuple[MailIn, Details]:
    """Return what became of a mail, or that it still waits when the time is over."""
    ends = time.monotonic() + seconds
    while True:
        with runtime.db.snapshot() as session:
            mail, details = ledger.show(session, wanted)
        if not isinstance(mail, MailIn):
            raise NotFound(f"held mail {wanted}")
        if mail.outcome != ledger.WAITING or time.monotonic() >= ends:
            return mail, details
        time.sleep(LOOKS_EVERY)


def _what_became(mail: MailIn, details: Details, words: Words) -> str:
    match mail.outcome:
        case ledger.WAITING:
            text = words(_("E-mail {id} is accepted. It goes in as soon as the processor runs (sysmo run)."))
        case Outcome.OPENED:
            text = words(_("E-mail {id}: it opened request #{ticket}."))
        case Outcome.APPENDED:
            text = words(_("E-mail {id}: message {message} of request #{ticket}."))
        case Outcome.HELD:
            text = words(_("E-mail {id} is held again: {reason}."))
        case _:
            text = words(_("E-mail {id}: {outcome}."))
    return text.format(
        id=mail.id,
        ticket=mail.ticket,
        message=details.message,
        outcome=label(words, "outcome", mail.outcome),
        reason=label(words, "held", mail.reason or ""),
    )


def _held_id(text: str) -> MailId:
    wanted = ledger.parse_id(text)
    if wanted.box is Box.OUT or wanted.number > 2**31 - 1:
        raise NotFound(f"held mail {text}")
    return wanted


def _decider(session: Session, email: str | None) -> Sender | None:
    if email is None:
        return None
    decider = senders.identify(session, Address(email.strip().lower()), Verdict.NONE)
    if decider is None or not is_staff(decider.role) or decider.status is not UserStatus.ACTIVE:
        raise Invalid("by", _("This is no active operator or administrator."))
    return decider


def _age(waited: timedelta) -> str:
    minutes = max(int(waited.total_seconds() // 60), 0)
    if minutes >= 24 * 60:
        return f"{minutes // (24 * 60)} d"
    return f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"
