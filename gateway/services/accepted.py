"""A held mail that somebody let in → its effect. What it may do is less than what was held (T4, T11).

No command in it is run, and its sender is told nothing (T16, L9).
"""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from gateway.mail.addresses import Address
from gateway.rules import lifecycle
from gateway.rules.admission import Decision, Outcome, Standing
from gateway.rules.lifecycle import MessageKind
from gateway.rules.people import Party, Sender, is_staff
from gateway.services import answers, participants, senders, threads, tickets
from gateway.services.desk import Desk
from gateway.services.journal import Settled
from gateway.services.letters import Letter
from gateway.services.openings import open_by_mail
from gateway.services.threads import Thread

REASON = "accepted"


def apply(
    session: Session, desk: Desk, letter: Letter, address: Address, sender: Sender | None, *, now: datetime
) -> Settled:
    """Put a mail where the decision says: onto the ticket it was held for, else into one of its own."""
    entry = letter.entry
    clues = letter.mail.clues
    thread = threads.at(session, entry.ticket_id, sender, clues, now=now) if entry.ticket_id else None
    if thread is None or entry.decision is Decision.ACCEPT_AS_NEW:
        opened = open_by_mail(session, desk, letter, address, sender=sender, mentions=thread, now=now)
        return replace(opened, reason=REASON)
    writer = sender or senders.enrol(session, desk, [address], now=now)[0].with_verdict(letter.mail.verdict)
    outside = is_staff(writer.role) and thread.standing is not Standing.PARTICIPANT
    if outside or answers.is_for_operators(thread, writer, letter.mail):
        return _comment(session, desk, thread, writer, letter, now=now)
    reopen_days = desk.tickets.reopen_days
    if not lifecycle.can_reopen(thread.ticket.closed_at, now=now, reopen_days=reopen_days):
        opened = open_by_mail(session, desk, letter, address, sender=writer, continues=thread, now=now)
        return replace(opened, reason=REASON)
    contribution = letter.contribution
    tickets.add_message(session, desk, thread.ticket, writer, contribution, party=Party.CLIENT, now=now)
    participants.propose(session, desk, thread.ticket, letter.mail, writer, now=now)
    return Settled(Outcome.APPENDED, REASON, thread.ticket.id)


def _comment(
    session: Session, desk: Desk, thread: Thread, operator: Sender, letter: Letter, *, now: datetime
) -> Settled:
    """Add what claims to be an operator's for operators only: nobody but themselves can vouch for it."""
    comment = replace(letter.contribution, kind=MessageKind.INTERNAL)
    tickets.add_message(session, desk, thread.ticket, operator, comment, party=Party.OPERATOR, now=now)
    return Settled(Outcome.APPENDED, REASON, thread.ticket.id)
