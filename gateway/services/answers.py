"""A mail that belongs on a ticket → what it adds there, and what its writer asked to be done."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from gateway.mail import commands
from gateway.mail import subject as subjects
from gateway.mail.notice import Withheld
from gateway.mail.reading import Reading
from gateway.models.tickets import Ticket
from gateway.rules.admission import Evidence, Outcome, Standing
from gateway.rules.lifecycle import MessageKind
from gateway.rules.people import Party, Sender, UserStatus, is_staff
from gateway.services import held, missed, notifications, orders, participants, publishing, silence, tickets
from gateway.services.desk import Desk
from gateway.services.journal import Settled
from gateway.services.letters import Letter
from gateway.services.missed import Missed
from gateway.services.threads import Thread

WITHHELD = {
    "leak-marker": Withheld.LEAK,
    "leak-token": Withheld.LEAK,
    "leak-internal-text": Withheld.LEAK,
    "leak-notice": Withheld.LEAK,
    "nothing-written": Withheld.EMPTY,
    "nobody-to-answer": Withheld.NOBODY,
    "operator-as-client": Withheld.AS_CLIENT,
    "stranger": Withheld.NOT_THEIRS,
}
"""Reasons to hold what an operator proved to have written, as they are told them."""


def append(
    session: Session, desk: Desk, thread: Thread, sender: Sender, letter: Letter, *, now: datetime
) -> Settled:
    """Add a mail to its ticket: an operator's with the commands it gives, anybody else's as it is."""
    silence.on_message(session, desk, sender, thread.ticket, now=now)
    if thread.standing is Standing.OPERATOR:
        return _from_operator(session, desk, thread, sender, letter, now=now)
    if is_for_operators(thread, sender, letter.mail):
        return _withhold(session, desk, thread, sender, letter, reason="operator-as-client", now=now)
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
    contribution = replace(letter.contribution, text=mail.commands.rest, kind=kind, closes=asked.close)
    says_something = bool(contribution.text.strip() or contribution.files)
    if internal and not says_something and not asked.any:
        says_something, contribution = True, replace(contribution, text=mail.text)
    replied = says_something and not internal
    if not internal:
        obstacle = _obstacle(session, ticket, operator, mail, replied=replied, ordered=asked.any)
        if obstacle is not None:
            return _withhold(session, desk, thread, operator, letter, reason=obstacle, now=now)
        contribution = publishing.without_signature(session, replace(contribution, html=""), operator)
    unseen = missed.since(session, ticket, thread.answers, operator) if replied else Missed()
    if says_something:
        tickets.add_message(session, desk, ticket, operator, contribution, party=Party.OPERATOR, now=now)
    orders.obey(session, desk, ticket, operator, asked, replied=replied, now=now)
    if unseen.shown:
        notifications.tell_missed(session, desk, ticket, operator, unseen, now=now)
    if replied:
        participants.propose(session, desk, ticket, mail, operator, now=now)
    return Settled(Outcome.APPENDED, "operator" if says_something else "commands", ticket.id)


def turn_away(
    session: Session, desk: Desk, thread: Thread, operator: Sender, letter: Letter, *, now: datetime
) -> Settled:
    """Hold what an operator wrote who does not answer this ticket any more (T8)."""
    if _is_proven(thread, operator, letter.mail):
        silence.on_message(session, desk, operator, thread.ticket, now=now)
    return _withhold(session, desk, thread, operator, letter, reason="stranger", now=now)


def _withhold(
    session: Session,
    desk: Desk,
    thread: Thread,
    operator: Sender,
    letter: Letter,
    *,
    reason: str,
    now: datetime,
) -> Settled:
    """Hold a mail, and tell the operator who proved to have written it: nobody else would miss it (T16)."""
    if _is_proven(thread, operator, letter.mail):
        may_answer = thread.standing is Standing.OPERATOR  # else their words, perhaps internal, stay here
        text = (letter.mail.commands.rest or letter.mail.text) if may_answer else ""
        notifications.tell_withheld(
            session, desk, thread.ticket, operator, WITHHELD[reason], text=text, now=now
        )
    return held.keep(reason, thread)


def _is_proven(thread: Thread, operator: Sender, mail: Reading) -> bool:
    """Whether it is an operator's by a token of their own; through a list nobody is answered (L1)."""
    proven = thread.evidence is Evidence.OWN_TOKEN and not mail.from_list
    return proven and is_staff(operator.role) and operator.status is UserStatus.ACTIVE


def _obstacle(
    session: Session, ticket: Ticket, operator: Sender, mail: Reading, *, replied: bool, ordered: bool
) -> str | None:
    """Why an answer cannot go to the client, or None; one without a word is an answer unless it orders."""
    if not replied:
        return None if ordered else "nothing-written"
    leak = publishing.find_leak(session, ticket, mail.commands.rest, mail)
    if leak is not None:
        return f"leak-{leak}"
    return None if participants.anybody_reads(session, ticket, operator) else "nobody-to-answer"


def is_for_operators(thread: Thread, sender: Sender, mail: Reading) -> bool:
    """Whether somebody who is a client here wrote to the team: as an operator who made the request, or as
    one who may not answer it any more. As their words it would stand on the client's page (C1, T11).
    """
    ordered = bool(mail.commands.given or mail.commands.mistakes)
    return thread.answers_internal or (is_staff(sender.role) and ordered)
