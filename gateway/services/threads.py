"""Clues → the ticket a mail points at, its row locked, and how strong the proof is (T3 to T5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists, func, select
from sqlmodel import Session

from gateway import tokens
from gateway.mail.clues import Clue, ClueKind
from gateway.models.columns import table_of
from gateway.models.people import Token, TokenPurpose
from gateway.models.queues import OutboxItem
from gateway.models.tickets import Event, Message, Participant, Ticket
from gateway.models.topics import TopicOperator
from gateway.rules.admission import Evidence, Standing
from gateway.rules.lifecycle import MessageKind
from gateway.rules.people import Role, Sender, UserStatus, is_staff
from gateway.services import guesses
from gateway.services.statements import run

STRONGEST_FIRST = (Evidence.OWN_TOKEN, Evidence.OTHERS_TOKEN, Evidence.CODE, Evidence.NUMBER)
"""Another's token outweighs the code, which stands in every mail of ours: it is a reason to hold."""

TOKEN_LIFE = timedelta(days=180)
"""How long after closing a person token still proves something (T3)."""


TICKET, TOKEN, MESSAGE, EVENT = (table_of(each).c for each in (Ticket, Token, Message, Event))
PARTICIPANT, SERVING = table_of(Participant).c, table_of(TopicOperator).c
ITEM = table_of(OutboxItem).c
LOCKED = select(Ticket).where(TICKET.id == bindparam("id")).with_for_update()
PROOFS = (
    select(TOKEN.hash, TOKEN.ticket_id, TOKEN.user_id, TOKEN.event_id, TICKET.closed_at)
    .join(table_of(Ticket), TICKET.id == TOKEN.ticket_id)
    .where(
        TOKEN.hash.in_(bindparam("hashes", expanding=True)),
        TOKEN.purpose == TokenPurpose.REPLY,
        TOKEN.revoked_at.is_(None),
    )
)
KNOWN_MAIL = (
    select(MESSAGE.message_id, MESSAGE.ticket_id)
    .where(MESSAGE.message_id.in_(bindparam("named", expanding=True)))
    .order_by(MESSAGE.id.desc())
)
STANDING = select(
    exists()
    .where(PARTICIPANT.ticket_id == bindparam("ticket"), PARTICIPANT.user_id == bindparam("user"))
    .label("takes_part"),
    exists()
    .where(SERVING.topic_id == bindparam("topic"), SERVING.user_id == bindparam("user"))
    .label("serves"),
)
INTERNAL_AMONG = (
    select(EVENT.id)
    .join(table_of(Message), MESSAGE.id == EVENT.message_id)
    .where(EVENT.id.in_(bindparam("events", expanding=True)), MESSAGE.kind == MessageKind.INTERNAL)
    .union_all(
        select(ITEM.id).where(
            ITEM.ticket_id == bindparam("ticket"),
            ITEM.internal,
            func.substr(ITEM.message_id, 1, tokens.TOKEN_LENGTH).in_(bindparam("tokens", expanding=True)),
        )
    )
)


@dataclass(frozen=True, slots=True)
class Thread:
    """The ticket a mail points at and by what. `answers_internal`: the notice of an internal comment."""

    ticket: Ticket
    evidence: Evidence
    standing: Standing
    answers_internal: bool = False
    answers: int | None = None  # the newest event told by a notice of theirs that the mail answers


def find(
    session: Session, clues: Sequence[Clue], sender: Sender | None, *, secret: bytes, now: datetime
) -> Thread | None:
    """Return the thread of the strongest clue that leads to a ticket, or None.

    A clue only picks the ticket (T5); `evidence` and `standing` are what the table of T4 asks. Wrong
    codes are counted, and of a sender with too many the right one is worth no more than its number.
    """
    guesses.count_wrong_codes(session, clues, sender, secret=secret, now=now)
    proofs = _valid_tokens(session, clues, now=now)
    known = _known_mail(session, clues)
    pointed = [found for clue in clues if (found := _pointed_at(clue, proofs, known, secret=secret))]
    for ticket_id in dict.fromkeys(number for number, _ in pointed):
        ticket = session.execute(LOCKED, {"id": ticket_id}).scalar_one_or_none()
        if ticket is None:
            continue
        own = {
            token: proof
            for token, proof in proofs.items()
            if sender and proof.user_id == sender.user_id and proof.ticket_id == ticket.id
        }
        shown = {evidence for number, evidence in pointed if number == ticket.id}
        evidence = Evidence.OWN_TOKEN if own else min(shown, key=STRONGEST_FIRST.index)
        if evidence is Evidence.CODE and not guesses.may_use_codes(session, sender, now=now):
            evidence = Evidence.NUMBER
        standing = standing_of(session, ticket, sender)
        answered = _answered(clues, own)
        told = [each.event_id for each in answered.values() if each.event_id is not None]
        return Thread(
            ticket,
            evidence,
            standing,
            answers_internal=_tells_internal(session, ticket.id, answered),
            answers=max(told, default=None),
        )
    return None


def at(
    session: Session, ticket_id: int, sender: Sender | None, clues: Sequence[Clue] = (), *, now: datetime
) -> Thread | None:
    """Return a ticket that somebody named, its row locked, and what the sender is to it.

    It `answers_internal` if the mail answers an internal notice to anybody: an operator who writes from
    an address of their own at home is a stranger, and still writes to the team.
    """
    ticket = session.execute(LOCKED, {"id": ticket_id}).scalar_one_or_none()
    if ticket is None:
        return None
    proofs = _valid_tokens(session, clues, now=now)
    shown = {token: proof for token, proof in proofs.items() if proof.ticket_id == ticket.id}
    return Thread(
        ticket,
        Evidence.NOTHING,
        standing_of(session, ticket, sender),
        answers_internal=_tells_internal(session, ticket.id, shown),
    )


def standing_of(session: Session, ticket: Ticket, sender: Sender | None) -> Standing:
    """Return what somebody is to a ticket now.

    Who asked for it is a client here, operator or not. An operator put in copy by a client stays an
    operator, whose answer takes a token of their own: what they write would be read as the client's
    side, and their orders as words.
    """
    if sender is None or sender.status is UserStatus.DISABLED:
        return Standing.STRANGER
    row = run(session, STANDING, ticket=ticket.id, topic=ticket.topic_id, user=sender.user_id).one()
    trusted = is_staff(sender.role) and sender.status is UserStatus.ACTIVE
    answers = row.serves or sender.role is Role.ADMIN or ticket.assignee_id == sender.user_id
    if trusted and answers and ticket.requester_id != sender.user_id:
        return Standing.OPERATOR
    return Standing.PARTICIPANT if row.takes_part else Standing.STRANGER


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
    rows = run(session, PROOFS, hashes=list(given))
    return {
        given[row.hash]: _Proof(row.ticket_id, row.user_id, row.event_id)
        for row in rows
        if row.closed_at is None or now - row.closed_at <= TOKEN_LIFE
    }


def _known_mail(session: Session, clues: Sequence[Clue]) -> dict[str, int]:
    """Return the tickets of the Message-IDs among the clues that we know; of several the first that
    had it: whoever uses a Message-ID again does not draw answers to them."""
    named = [clue.value for clue in clues if clue.kind is ClueKind.MESSAGE_ID]
    if not named:
        return {}
    return {row.message_id: row.ticket_id for row in run(session, KNOWN_MAIL, named=named)}


def _pointed_at(
    clue: Clue, proofs: dict[str, _Proof], known: dict[str, int], *, secret: bytes
) -> tuple[int, Evidence] | None:
    match clue.kind:
        case ClueKind.TOKEN:
            proof = proofs.get(clue.value)
            return (proof.ticket_id, Evidence.OTHERS_TOKEN) if proof else None
        case ClueKind.MESSAGE_ID:
            return (known[clue.value], Evidence.NUMBER) if clue.value in known else None
        case ClueKind.CODE if clue.number is not None:
            good = tokens.is_ticket_code(secret, clue.number, clue.value)
            return clue.number, Evidence.CODE if good else Evidence.NUMBER
        case ClueKind.NUMBER if clue.number is not None:
            return clue.number, Evidence.NUMBER
        case _:
            return None


def _answered(clues: Sequence[Clue], own: Mapping[str, _Proof]) -> dict[str, _Proof]:
    """Return the proofs of the notices that a mail answers: those it is addressed to, else the nearest.

    References name the whole way back. An internal notice further up, which stands there once the
    operator had one, does not make the answer to a client's message internal.
    """
    shown = [clue for clue in clues if clue.kind is ClueKind.TOKEN and clue.value in own]
    direct = [clue for clue in shown if clue.addressed] or shown[:1]
    return {clue.value: own[clue.value] for clue in direct}


def _tells_internal(session: Session, ticket_id: int, proofs: Mapping[str, _Proof]) -> bool:
    """Whether one of the notices answered was for operators only: in doubt a comment is internal (T11)."""
    if not proofs:
        return False
    events = [proof.event_id for proof in proofs.values() if proof.event_id is not None]
    found = run(session, INTERNAL_AMONG, events=events, ticket=ticket_id, tokens=list(proofs))
    return found.first() is not None
