"""Who takes part in a ticket besides its requester: who stands in copy joins, or is proposed (T6)."""

from datetime import datetime

from sqlalchemy import bindparam, exists, select
from sqlmodel import Session

from gateway.mail.addresses import Address
from gateway.mail.reading import Reading
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.tickets import Event, Participant, Ticket
from gateway.rules import limits
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Role, Sender, UserStatus, Verdict
from gateway.services import entrance, senders
from gateway.services.desk import Desk
from gateway.services.statements import run
from gateway.services.timeline import record

PERSON, TAKING_PART, EVENT = table_of(User), table_of(Participant), table_of(Event)
KNOWN_AMONG = (
    select(PERSON.c.email)
    .outerjoin_from(
        PERSON,
        TAKING_PART,
        (TAKING_PART.c.user_id == PERSON.c.id) & (TAKING_PART.c.ticket_id == bindparam("ticket")),
    )
    .where(
        PERSON.c.email.in_(bindparam("emails", expanding=True)),
        TAKING_PART.c.ticket_id.is_not(None) | (PERSON.c.role != Role.CLIENT),
    )
)
REACHED = select(
    exists().where(
        TAKING_PART.c.ticket_id == bindparam("ticket"),
        TAKING_PART.c.user_id == PERSON.c.id,
        PERSON.c.id != bindparam("author"),
        PERSON.c.status != UserStatus.DISABLED,
    )
)
PROPOSED = select(EVENT.c.detail).where(
    EVENT.c.ticket_id == bindparam("ticket"), EVENT.c.kind == EventKind.PROPOSED
)


def copied(session: Session, desk: Desk, mail: Reading, *, now: datetime) -> list[Sender]:
    """Return who joins a new ticket: those in To and Cc, if the sender is proven, and ten at most."""
    if mail.verdict is not Verdict.PASS or not desk.tickets.cc_participants:
        return []
    named = {each.email: each for each in _others(mail)}
    people = entrance.people_among(session, desk.mail, named)
    return senders.enrol(session, desk, [named[each] for each in people[: limits.NEW_PARTICIPANTS]], now=now)


def propose(
    session: Session, desk: Desk, ticket: Ticket, mail: Reading, sender: Sender, *, now: datetime
) -> None:
    """Note who stands in copy of a later mail and does not take part: an operator decides on them.

    Nobody is proposed twice, and nobody of the team.
    """
    others = [each.email for each in _others(mail) if each.email != sender.email]
    named = [each for each in others if entrance.token_in(desk.mail, each) is None]
    if not named:  # nearly always: people answer the address we gave them, and nobody else
        return
    known = set(run(session, KNOWN_AMONG, ticket=ticket.id, emails=named).scalars())
    for detail in run(session, PROPOSED, ticket=ticket.id).scalars():
        known |= set(str(detail.get("to", "")).split(", "))
    fresh = [each for each in entrance.people_among(session, desk.mail, named) if each not in known]
    if fresh:
        to = ", ".join(dict.fromkeys(fresh[: limits.NEW_PARTICIPANTS]))
        record(session, ticket, EventKind.PROPOSED, by=sender, now=now, to=to)


def anybody_reads(session: Session, ticket: Ticket, author: Sender) -> bool:
    """Whether an answer would be sent to anybody."""
    return bool(run(session, REACHED, ticket=ticket.id, author=author.user_id).scalar_one())


def _others(mail: Reading) -> list[Address]:
    author = mail.sender.email if mail.sender else ""
    return [each for each in (*mail.to, *mail.cc) if each.email != author]
