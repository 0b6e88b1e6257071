"""One journalled mail → its effect → its outcome. The story of a mail, in one transaction."""

from datetime import datetime

from sqlmodel import Session

from gateway.errors import TryLater
from gateway.mail.addresses import Address
from gateway.mail.classify import Kind
from gateway.mail.reading import Reading
from gateway.mail.web_forms import from_its_writer
from gateway.models.queues import JournalEntry
from gateway.rules import lifecycle
from gateway.rules.admission import Admission, Evidence, Outcome, Standing, admit
from gateway.rules.people import Sender, UserStatus, Verdict
from gateway.services import (
    accepted,
    answers,
    automatic,
    dead_addresses,
    entrance,
    held,
    journal,
    senders,
    threads,
    verification,
)
from gateway.services.contributions import FiledAttachment
from gateway.services.desk import Desk
from gateway.services.journal import Settled
from gateway.services.letters import Letter, letter_of
from gateway.services.openings import open_by_mail, open_silently
from gateway.services.threads import Thread


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
    if repeated is not None and entry.decision is None:
        return Settled(Outcome.DUPLICATE, f"repeats-{repeated}")
    itself = [mail.message_id] if mail.message_id else []
    if journal.parent_waits(session, entry, [*mail.references, *itself]):
        raise TryLater
    mail = from_its_writer(mail, desk.trust.form_senders)
    letter = letter_of(entry, mail, files)
    address = mail.sender or next(iter(mail.claimed), None)
    sender = senders.identify(session, address, mail.verdict) if address else None
    kept = automatic.keep(session, desk, letter, sender=sender, now=now)
    if kept is not None:
        return kept
    let_in = held.is_accepted(entry, sender)
    refusal = _refusal(session, desk, address, sender)
    if address is None or (refusal and (not let_in or refusal in held.NEVER_ACCEPTED)):
        return held.keep(refusal or "no-sender")
    if let_in:
        return accepted.apply(session, desk, letter, address, sender, now=now)
    if mail.kind is not Kind.PERSON:
        return open_silently(session, desk, letter, address, sender=sender, now=now)
    dead_addresses.revive(session, sender)
    return _from_person(session, desk, letter, address, sender, now=now)


def _from_person(
    session: Session, desk: Desk, letter: Letter, address: Address, sender: Sender | None, *, now: datetime
) -> Settled:
    """Find the ticket a person's mail points at, and do with it what the table of T4 says."""
    mail = letter.mail
    confirmed = held.is_confirmed(letter.entry, sender)
    if sender is not None and confirmed:
        sender, letter = sender.with_verdict(Verdict.PASS), letter.confirmed()
    writer = sender if mail.sender else None  # of several in From none is the one who wrote (T1)
    thread = threads.find(session, mail.clues, writer, secret=desk.secret, now=now)
    strict = desk.trust.operator_mail == "verified" and not confirmed
    admission, reason = _admission(desk, thread, mail, strict=strict, now=now)
    match admission:
        case Admission.HOLD:
            if reason == "operator-not-verified" and thread is not None and sender is not None:
                verification.ask(session, desk, thread.ticket, sender, letter, now=now)
            if reason == "stranger" and thread is not None and sender is not None:
                return answers.turn_away(session, desk, thread, sender, letter, now=now)
            return held.keep(reason, thread if mail.verdict is not Verdict.FAIL else None)
        case Admission.APPEND if thread is not None and sender is not None:
            twin = journal.is_on(session, letter.entry, mail.message_id, mail.digest, thread.ticket.id)
            if twin is not None and letter.entry.decision is None:
                return Settled(Outcome.DUPLICATE, f"repeats-{twin}")
            return answers.append(session, desk, thread, sender, letter, now=now)
        case Admission.CONTINUE:
            return open_by_mail(session, desk, letter, address, sender=sender, continues=thread, now=now)
        case _:
            return open_by_mail(session, desk, letter, address, sender=sender, mentions=thread, now=now)


def _refusal(session: Session, desk: Desk, address: Address | None, sender: Sender | None) -> str | None:
    """Why this sender is not listened to at all, whatever the mail shows; None when they are."""
    if address is None:
        return "no-sender"
    ours = entrance.is_house(desk.mail, address.email)
    if ours or (sender is None and entrance.is_ours(session, desk.mail, address.email)):
        return "own-address"  # a user never has a topic's, and the house's not though it was theirs (L7)
    if sender is not None and sender.status is UserStatus.DISABLED:
        return "disabled"
    if desk.trust.unknown_senders == "hold" and (sender is None or sender.status is UserStatus.PROVISIONAL):
        return "unknown-sender"
    return None


def _admission(
    desk: Desk, thread: Thread | None, mail: Reading, *, strict: bool, now: datetime
) -> tuple[Admission, str]:
    evidence = thread.evidence if thread else Evidence.NOTHING
    standing = thread.standing if thread else Standing.STRANGER
    closed_at = thread.ticket.closed_at if thread else None
    if standing is Standing.OPERATOR and mail.from_list and evidence is not Evidence.NUMBER:
        return Admission.HOLD, "operator-through-list"  # no action through a mailing list (L1)
    reopen_days = desk.tickets.reopen_days
    admission, reason = admit(
        evidence,
        standing,
        mail.verdict,
        closed_long=not lifecycle.can_reopen(closed_at, now=now, reopen_days=reopen_days),
        strict_operators=strict,
    )
    return admission, "several-senders" if reason == "stranger" and mail.sender is None else reason
