"""A mail that belongs on a ticket → what it adds there, and what its writer asked to be done."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from gateway.mail import commands
from gateway.mail import subject as subjects
from gateway.mail.reading import Reading
from gateway.rules.admission import Outcome, Standing
from gateway.rules.lifecycle import MessageKind
from gateway.rules.people import Party, Sender, is_staff
from gateway.services import held, missed, notifications, orders, participants, publishing, silence, tickets
from gateway.services.desk import Desk
from gateway.services.journal import Settled
from gateway.services.letters import Letter
from gateway.services.missed import Missed
from gateway.services.threads import Thread


def append(
    session: Session, desk: Desk, thread: Thread, sender: Sender, letter: Letter, *, now: datetime
) -> Settled:
    """Add a mail to its ticket: an operator's with the commands it gives, anybody else's as it is."""
    silence.on_message(session, desk, sender, thread.ticket, now=now)
    if thread.standing is Standing.OPERATOR:
        return _from_operator(session, desk, thread, sender, letter, now=now)
    if is_for_operators(thread, sender, letter.mail):
        return held.keep("operator-as-client", thread)
    tickets.add_message(
        session, desk, thread.ticket, sender, letter.contribution, party=Party.CLIENT, now=now
    )
    participants.propose(session, desk, thread.ticket, letter.mail, sender, now=now)
    return Settled(Outcome.APPENDED, "participant", thread.ticket.id)


def _from_operator(
    session: Session, desk: Desk, thread: Thread, operator: Sender, letter: Letter, *, now: datetime
) -> Settled:
    ticket, mail = thread.ticket, letter.mail
    asked = orders.understand(session, mail.commands)
    if asked.mistakes:
        notifications.tell_mistakes(
            session,
            desk,
            ticket,
            operator,
            mistakes=asked.mistakes,
            text=mail.text,
            internal=thread.answers_internal or commands.asks_for_internal(mail.commands),
            now=now,
        )
        return held.keep("command-mistake", thread)
    # what an operator passes on was written for somebody else: in doubt it is for the team (T11)
    internal = asked.internal or thread.answers_internal or subjects.is_forward(mail.subject)
    kind = MessageKind.INTERNAL if internal else MessageKind.PUBLIC
    contribution = replace(letter.contribution, text=mail.commands.rest, kind=kind)
    if not internal:
        leak = publishing.find_leak(session, ticket, contribution.text, mail)
        if leak is not None:
            notifications.tell_withheld(session, desk, ticket, operator, text=contribution.text, now=now)
            return held.keep(f"leak-{leak}", thread)
        contribution = publishing.without_signature(session, replace(contribution, html=""), operator)
    says_something = bool(contribution.text.strip() or contribution.files) or not asked.any
    replied = says_something and not internal
    unseen = missed.since(session, ticket, thread.answers, operator) if replied else Missed()
    if says_something:
        tickets.add_message(session, desk, ticket, operator, contribution, party=Party.OPERATOR, now=now)
    orders.obey(session, desk, ticket, operator, asked, replied=replied, now=now)
    if unseen.shown:
        notifications.tell_missed(session, desk, ticket, operator, unseen, now=now)
    if replied:
        participants.propose(session, desk, ticket, mail, operator, now=now)
    return Settled(Outcome.APPENDED, "operator" if says_something else "commands", ticket.id)


def is_for_operators(thread: Thread, sender: Sender, mail: Reading) -> bool:
    """Whether somebody who is a client here wrote to the team: as an operator who made the request, or as
    one who may not answer it any more. As their words it would stand on the client's page (C1, T11).
    """
    ordered = bool(mail.commands.given or mail.commands.mistakes)
    return thread.answers_internal or (is_staff(sender.role) and ordered)
