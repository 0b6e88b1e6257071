"""One journalled mail → its effect → its outcome. The story of a mail, in one transaction."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from gateway.errors import TryLater
from gateway.mail import subject as subjects
from gateway.mail.addresses import Address
from gateway.mail.classify import Kind
from gateway.mail.reading import Reading
from gateway.models.queues import JournalEntry
from gateway.rules import lifecycle, limits
from gateway.rules.admission import Admission, Evidence, Outcome, Standing, admit
from gateway.rules.lifecycle import MessageKind
from gateway.rules.people import Party, Sender, UserStatus, Verdict
from gateway.services import (
    acknowledgements,
    automatic,
    entrance,
    held,
    journal,
    notifications,
    orders,
    routing,
    senders,
    threads,
    tickets,
)
from gateway.services.contributions import Contribution, FiledAttachment
from gateway.services.desk import Desk
from gateway.services.journal import Settled
from gateway.services.threads import Thread
from gateway.services.tickets import Opening


@dataclass(frozen=True, slots=True)
class _Letter:
    """A mail in its three forms: the ledger's, the reader's, the ticket's."""

    entry: JournalEntry
    mail: Reading
    contribution: Contribution


def apply_mail(
    session: Session,
    desk: Desk,
    entry: JournalEntry,
    mail: Reading,
    files: tuple[FiledAttachment, ...],
    *,
    now: datetime,
) -> Settled:
    """Turn one journalled mail into its effect. Writes rows, never commits.

    Raises TryLater when the mail it answers, or its own twin, came before it and is not applied yet.
    """
    repeated = journal.is_repeat(session, entry, mail.message_id, mail.digest)
    if repeated is not None:
        return Settled(Outcome.DUPLICATE, f"repeats-{repeated}")
    itself = [mail.message_id] if mail.message_id else []
    if journal.parent_waits(session, entry, [*mail.references, *itself]):
        raise TryLater
    letter = _Letter(entry, mail, _contribution(entry, mail, files))
    address = mail.sender or next(iter(mail.claimed), None)
    sender = senders.identify(session, address, mail.verdict) if address else None
    if mail.kind is not Kind.PERSON:
        return automatic.keep(session, desk, mail, letter.contribution, sender=sender, now=now)
    refusal = _refusal(session, desk, address, sender)
    if address is None or refusal:
        return held.keep(refusal or "no-sender")
    thread = threads.find(session, mail.clues, sender, secret=desk.secret, now=now)
    admission, reason = _admission(desk, thread, mail)
    match admission:
        case Admission.HOLD:
            return held.keep(reason, thread if mail.verdict is not Verdict.FAIL else None)
        case Admission.APPEND if thread is not None and sender is not None:
            if _belongs(desk, thread, now=now):
                return _append(session, desk, thread, sender, letter, now=now)
            return _open(session, desk, letter, address, sender=sender, continues=thread, now=now)
        case _:
            return _open(session, desk, letter, address, sender=sender, mentions=thread, now=now)


def _refusal(session: Session, desk: Desk, address: Address | None, sender: Sender | None) -> str | None:
    """Why this sender is not listened to at all, whatever the mail shows; None when they are."""
    if address is None:
        return "no-sender"
    if sender is None and entrance.is_ours(session, desk.mail, address.email):
        return "own-address"  # a user never has an address of ours (L7)
    if sender is not None and sender.status is UserStatus.DISABLED:
        return "disabled"
    if desk.trust.unknown_senders == "hold" and (sender is None or sender.status is UserStatus.PROVISIONAL):
        return "unknown-sender"
    return None


def _admission(desk: Desk, thread: Thread | None, mail: Reading) -> tuple[Admission, str]:
    strict = desk.trust.operator_mail == "verified"
    evidence = thread.evidence if thread else Evidence.NOTHING
    standing = thread.standing if thread else Standing.STRANGER
    if standing is Standing.OPERATOR and mail.from_list and evidence is not Evidence.NUMBER:
        return Admission.HOLD, "operator-through-list"  # no action through a mailing list (L1)
    return admit(evidence, standing, mail.verdict, strict_operators=strict)


def _belongs(desk: Desk, thread: Thread, *, now: datetime) -> bool:
    """Whether the ticket is still open to this answer; an operator may answer it at any time."""
    if thread.standing is Standing.OPERATOR:
        return True
    return lifecycle.can_reopen(thread.ticket.closed_at, now=now, reopen_days=desk.tickets.reopen_days)


def _open(
    session: Session,
    desk: Desk,
    letter: _Letter,
    address: Address,
    *,
    sender: Sender | None,
    continues: Thread | None = None,
    mentions: Thread | None = None,
    now: datetime,
) -> Settled:
    mail = letter.mail
    topic = routing.topic_for(
        session, desk, letter.entry, [each.email for each in (*mail.to, *mail.cc)], now=now
    )
    requester = sender or senders.enrol(session, desk, [address], now=now)[0].with_verdict(mail.verdict)
    ours = frozenset(each for each in (topic.address, desk.mail.address) if each)
    opening = Opening(
        topic=topic,
        subject=subjects.strip(mail.subject),
        contribution=letter.contribution,
        participants=_copied(session, desk, mail, now=now),
        linked_to=continues.ticket.id if continues else None,
        may_belong_to=mentions.ticket.id if mentions else None,
        acknowledge=acknowledgements.allowed(session, desk, mail, ours, now=now),
        believed=mail.verdict is Verdict.PASS,
    )
    ticket = tickets.open_ticket(session, desk, requester, opening, now=now)
    return Settled(Outcome.OPENED, "continues" if continues else "new", ticket.id)


def _append(
    session: Session, desk: Desk, thread: Thread, sender: Sender, letter: _Letter, *, now: datetime
) -> Settled:
    ticket, mail = thread.ticket, letter.mail
    if thread.standing is not Standing.OPERATOR:
        tickets.add_message(session, desk, ticket, sender, letter.contribution, party=Party.CLIENT, now=now)
        return Settled(Outcome.APPENDED, "participant", ticket.id)
    asked = orders.understand(session, mail.commands)
    if asked.mistakes:
        notifications.tell_mistakes(
            session, desk, ticket, sender, mistakes=asked.mistakes, text=mail.text, now=now
        )
        return held.keep("command-mistake", thread)
    internal = asked.internal or thread.answers_internal
    kind = MessageKind.INTERNAL if internal else MessageKind.PUBLIC
    contribution = replace(letter.contribution, text=mail.commands.rest, kind=kind)
    says_something = bool(contribution.text.strip() or contribution.files) or not asked.any
    if says_something:
        tickets.add_message(session, desk, ticket, sender, contribution, party=Party.OPERATOR, now=now)
    replied = says_something and not internal
    orders.obey(session, desk, ticket, sender, asked, replied=replied, now=now)
    return Settled(Outcome.APPENDED, "operator" if says_something else "commands", ticket.id)


def _copied(session: Session, desk: Desk, mail: Reading, *, now: datetime) -> list[Sender]:
    """Who stands in To and Cc joins a new ticket, if the sender is proven and ten at most (T6)."""
    if mail.verdict is not Verdict.PASS or not desk.tickets.cc_participants:
        return []
    author = mail.sender.email if mail.sender else ""
    named = {each.email: each for each in (*mail.to, *mail.cc) if each.email != author}
    others = [named[email] for email in entrance.people_among(session, desk.mail, named)]
    return senders.enrol(session, desk, others[: limits.NEW_PARTICIPANTS], now=now)


def _contribution(entry: JournalEntry, mail: Reading, files: tuple[FiledAttachment, ...]) -> Contribution:
    return Contribution(
        text=mail.text,
        quoted=mail.quoted,
        html=mail.html,
        files=files,
        message_id=mail.message_id,
        journal_id=entry.id,
        verdict_reason=mail.verdict_reason,
        unreadable=mail.unreadable,
        notes=mail.notes,
    )
