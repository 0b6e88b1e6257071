"""A mail that belongs to no ticket → a ticket of its own."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from gateway.mail import subject as subjects
from gateway.mail.addresses import Address
from gateway.rules.admission import Outcome
from gateway.rules.people import Sender, Verdict
from gateway.services import (
    acknowledgements,
    forwards,
    held,
    participants,
    rates,
    routing,
    senders,
    silence,
    tickets,
    timeline,
)
from gateway.services.acknowledgements import Acknowledgement
from gateway.services.desk import Desk
from gateway.services.journal import Settled
from gateway.services.letters import Letter
from gateway.services.threads import Thread
from gateway.services.tickets import Opening


def open_by_mail(
    session: Session,
    desk: Desk,
    letter: Letter,
    address: Address,
    *,
    sender: Sender | None,
    continues: Thread | None = None,
    mentions: Thread | None = None,
    now: datetime,
) -> Settled:
    """Open a ticket with a mail from `address`, known as `sender` or to be enrolled.

    It `continues` a ticket that is closed for good, or merely `mentions` one, which operators
    alone are told.
    """
    mail, decided = letter.mail, letter.entry.decision
    if not rates.admit(session, letter.entry, address.email, mail.verdict, now=now):
        return held.keep("rate")
    topic = routing.topic_for(
        session, desk, letter.entry, [each.email for each in (*mail.to, *mail.cc)], now=now
    )
    behalf = forwards.on_behalf_of(session, desk, letter, sender, now=now) if decided is None else None
    if behalf is not None:
        return forwards.open_for_client(session, desk, letter, behalf, topic, now=now)
    requester = sender or senders.enrol(session, desk, [address], now=now)[0].with_verdict(mail.verdict)
    ours = frozenset(each for each in (topic.address, desk.mail.address) if each)
    acknowledgement = Acknowledgement(goes=False)
    if decided is None:
        acknowledgement = acknowledgements.decide(session, desk, mail, ours, now=now)
    opening = Opening(
        topic=topic,
        subject=subjects.strip(mail.subject),
        contribution=letter.contribution,
        participants=participants.copied(session, desk, mail, now=now),
        linked_to=continues.ticket.id if continues else None,
        may_belong_to=mentions.ticket.id if mentions else None,
        acknowledge=acknowledgement.goes,
        believed=mail.verdict is Verdict.PASS,
    )
    silence.on_request(session, desk, requester, now=now)
    ticket = tickets.open_ticket(session, desk, requester, opening, now=now)
    if acknowledgement.withheld:
        timeline.left_out(session, [(ticket.id, address.email)], acknowledgement.withheld, now=now)
    return Settled(Outcome.OPENED, "continues" if continues else "new", ticket.id)


def open_silently(
    session: Session, desk: Desk, letter: Letter, address: Address, *, sender: Sender | None, now: datetime
) -> Settled:
    """Open a ticket with what a program wrote of its own accord, and tell nobody by mail (L2)."""
    mail = letter.mail
    if mail.verdict is Verdict.FAIL:
        return held.keep("sender-refused")
    topic = routing.topic_for(
        session, desk, letter.entry, [each.email for each in (*mail.to, *mail.cc)], now=now
    )
    requester = sender or senders.enrol(session, desk, [address], now=now)[0].with_verdict(mail.verdict)
    contribution = replace(letter.contribution, automatic=True)
    opening = Opening(topic, subjects.strip(mail.subject), contribution, silent=True)
    ticket = tickets.open_ticket(session, desk, requester, opening, now=now)
    return Settled(Outcome.OPENED, "automatic", ticket.id)
