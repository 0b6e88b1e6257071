"""Mail that no person wrote: always recorded, and it changes nothing and causes no mail to its sender (L2).

On the ticket it belongs to, for operators only; in the journal alone if it answers something that
is no ticket, or is our own; as a ticket of its own if it answers nothing: an alert, a notice of a list.
"""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from gateway.mail.automatic_signs import CIRCLES, LOOPS, answers
from gateway.mail.classify import Kind
from gateway.mail.reading import Reading
from gateway.mail.report import Delivery
from gateway.models.tickets import Ticket
from gateway.rules.admission import Evidence, Outcome
from gateway.rules.lifecycle import EventKind, MessageKind
from gateway.rules.people import Party, Sender
from gateway.services import bounces, contributions, held, threads
from gateway.services.contributions import Contribution
from gateway.services.desk import Desk
from gateway.services.journal import Settled
from gateway.services.letters import Letter
from gateway.services.timeline import record


def keep(
    session: Session, desk: Desk, letter: Letter, *, sender: Sender | None, now: datetime
) -> Settled | None:
    """Record what no person wrote for a ticket; None for a person's mail, and for what answers nothing.

    Of people, only who wrote to a bounce address ends here. What was held and let in goes on.
    """
    mail = letter.mail
    if letter.entry.decision is not None:
        return None
    if mail.kind is Kind.PERSON:
        return bounces.hold(session, mail) if bounces.answered(mail) else None
    if mail.kind_reason == CIRCLES:
        return held.keep(CIRCLES)
    if mail.kind is Kind.BOUNCE:
        return bounces.keep(session, desk, mail, letter.contribution, now=now)
    if mail.kind_reason in LOOPS:
        return Settled(Outcome.AUTOMATIC, mail.kind_reason)
    ticket = _ticket(session, desk, mail, sender, now=now)
    if ticket is not None:
        _note(session, ticket, mail, letter.contribution, sender=sender, now=now)
        return Settled(Outcome.AUTOMATIC, mail.kind_reason, ticket.id)
    if mail.kind is Kind.RECEIPT or answers(mail.kind_reason, mail.references, mail.subject):
        return Settled(Outcome.AUTOMATIC, mail.kind_reason)
    return None


def _ticket(
    session: Session, desk: Desk, mail: Reading, sender: Sender | None, *, now: datetime
) -> Ticket | None:
    """Return the ticket that a proof of ours points at; vacation replies may come to a bounce address."""
    thread = threads.find(session, mail.clues, sender, secret=desk.secret, now=now)
    if thread is not None and thread.evidence is not Evidence.NUMBER:
        return thread.ticket
    return bounces.ticket_of(session, mail)


def _note(
    session: Session,
    ticket: Ticket,
    mail: Reading,
    contribution: Contribution,
    *,
    sender: Sender | None,
    now: datetime,
) -> None:
    """Put it on the ticket, where operators see that something is new; a receipt is an event and no words."""
    ticket.updated_at = now
    if mail.kind is Kind.RECEIPT:
        read = mail.report is None or mail.report.delivery is Delivery.READ
        kind = EventKind.READ if read and sender is not None else EventKind.AUTOMATIC
        record(session, ticket, kind, by=sender, now=now, reason="read" if read else "unread")
        return
    ticket.messages += 1
    hidden = replace(contribution, kind=MessageKind.INTERNAL, automatic=True)
    message, _ = contributions.store(session, ticket, sender, Party.SYSTEM, hidden, now=now)
    record(session, ticket, EventKind.AUTOMATIC, by=sender, now=now, message=message, reason=mail.kind_reason)
