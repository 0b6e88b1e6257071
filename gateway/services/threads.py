"""Clues → the ticket a mail points at, its row locked, and how strong the proof is (T3 to T5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from gateway import tokens
from gateway.mail.clues import Clue, ClueKind
from gateway.models.columns import table_of
from gateway.models.people import Token, TokenPurpose
from gateway.models.tickets import Event, Message, Participant, Ticket
from gateway.models.topics import TopicOperator
from gateway.rules.admission import Evidence, Standing
from gateway.rules.lifecycle import MessageKind
from gateway.rules.people import Role, Sender, UserStatus, is_staff

STRONGEST_FIRST = (Evidence.OWN_TOKEN, Evidence.OTHERS_TOKEN, Evidence.CODE, Evidence.NUMBER)
"""Another's token outweighs the code, which stands in every mail of ours: it is a reason to hold."""

TOKEN_LIFE = timedelta(days=180)
"""How long after closing a person token still proves something (T3)."""


@dataclass(frozen=True, slots=True)
class Thread:
    """The ticket a mail points at and by what. `answers_internal`: the notice of an internal comment."""

    ticket: Ticket
    evidence: Evidence
    standing: Standing
    answers_internal: bool = False


def find(
    session: Session, clues: Sequence[Clue], sender: Sender | None, *, secret: bytes, now: datetime
) -> Thread | None:
    """Return the thread of the strongest clue that leads to a ticket, or None.

    A clue only picks the ticket (T5); `evidence` and `standing` are what the table of T4 asks.
    """
    proofs = _valid_tokens(session, clues, now=now)
    pointed = [found for clue in clues if (found := _pointed_at(session, clue, proofs, secret=secret))]
    for ticket_id in dict.fromkeys(number for number, _ in pointed):
        ticket = session.execute(
            select(Ticket).where(col(Ticket.id) == ticket_id).with_for_update()
        ).scalar_one_or_none()
        if ticket is None:
            continue
        own = [
            proof
            for proof in proofs.values()
            if sender and proof.user_id == sender.user_id and proof.ticket_id == ticket.id
        ]
        shown = {evidence for number, evidence in pointed if number == ticket.id}
        return Thread(
            ticket,
            Evidence.OWN_TOKEN if own else min(shown, key=STRONGEST_FIRST.index),
            standing_of(session, ticket, sender),
            answers_internal=bool(own) and _tells_internal(session, own),
        )
    return None


def standing_of(session: Session, ticket: Ticket, sender: Sender | None) -> Standing:
    """Return what somebody is to a ticket now. Who asked for it is a client here, operator or not."""
    if sender is None or sender.status is UserStatus.DISABLED:
        return Standing.STRANGER
    participant = session.get(Participant, (ticket.id, sender.user_id))
    if participant is not None:
        return Standing.PARTICIPANT
    if is_staff(sender.role) and sender.status is UserStatus.ACTIVE and may_act(session, ticket, sender):
        return Standing.OPERATOR
    return Standing.STRANGER


def may_act(session: Session, ticket: Ticket, operator: Sender) -> bool:
    """Whether an operator answers this ticket: an administrator, its assignee or one of its topic's."""
    if operator.role is Role.ADMIN or ticket.assignee_id == operator.user_id:
        return True
    return session.get(TopicOperator, (ticket.topic_id, operator.user_id)) is not None


@dataclass(frozen=True, slots=True)
class _Proof:
    ticket_id: int
    user_id: int
    event_id: int | None


def _valid_tokens(session: Session, clues: Sequence[Clue], *, now: datetime) -> dict[str, _Proof]:
    """Return the person tokens among the clues that are ours and still good, by token."""
    given = {tokens.hash_token(clue.value): clue.value for clue in clues if clue.kind is ClueKind.TOKEN}
    if not given:
        return {}
    token, ticket = table_of(Token), table_of(Ticket)
    rows = session.execute(
        select(token.c.hash, token.c.ticket_id, token.c.user_id, token.c.event_id, ticket.c.closed_at)
        .join(ticket, ticket.c.id == token.c.ticket_id)
        .where(token.c.hash.in_(given), token.c.purpose == TokenPurpose.REPLY, token.c.revoked_at.is_(None))
    )
    return {
        given[row.hash]: _Proof(row.ticket_id, row.user_id, row.event_id)
        for row in rows
        if row.closed_at is None or now - row.closed_at <= TOKEN_LIFE
    }


def _pointed_at(
    session: Session, clue: Clue, proofs: dict[str, _Proof], *, secret: bytes
) -> tuple[int, Evidence] | None:
    match clue.kind:
        case ClueKind.TOKEN:
            proof = proofs.get(clue.value)
            return (proof.ticket_id, Evidence.OTHERS_TOKEN) if proof else None
        case ClueKind.MESSAGE_ID:
            message = table_of(Message)
            known = session.execute(
                select(message.c.ticket_id)
                .where(message.c.message_id == clue.value)
                .order_by(message.c.id.desc())
                .limit(1)
            ).scalar()
            return (known, Evidence.NUMBER) if known is not None else None
        case ClueKind.CODE if clue.number is not None:
            good = tokens.is_ticket_code(secret, clue.number, clue.value)
            return clue.number, Evidence.CODE if good else Evidence.NUMBER
        case ClueKind.NUMBER if clue.number is not None:
            return clue.number, Evidence.NUMBER
        case _:
            return None


def _tells_internal(session: Session, proofs: Sequence[_Proof]) -> bool:
    """Whether one of the notices answered showed an internal comment: in doubt a comment is internal."""
    events = [proof.event_id for proof in proofs if proof.event_id is not None]
    event, message = table_of(Event), table_of(Message)
    found = session.execute(
        select(event.c.id)
        .join(message, message.c.id == event.c.message_id)
        .where(event.c.id.in_(events), message.c.kind == MessageKind.INTERNAL)
        .limit(1)
    )
    return found.first() is not None
