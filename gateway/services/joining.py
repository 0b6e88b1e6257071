"""An operator lets somebody take part in a request, or not any more (T6).

Who joins is sent what is public from then on, and may write. Who leaves has no proof left: the tokens of
the mails they got are worth nothing (T3).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, exists, or_, select, update
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.mail.addresses import Address, normal_form
from gateway.models.columns import table_of
from gateway.models.people import Token, TokenPurpose, User
from gateway.models.tickets import Event, Participant, Ticket
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Sender, UserStatus, Verdict, is_staff
from gateway.services import entrance, senders, staff
from gateway.services.conversation import LARGEST_NUMBER
from gateway.services.desk import Desk
from gateway.services.statements import add_all
from gateway.services.timeline import record

FIELD = "email"


class Joined(StrEnum):
    """What came of it."""

    DONE = "done"
    ALREADY = "already"


class Outside(Invalid):
    """Nobody of the company is known to write from there: the operator has to say so once more."""

    def __init__(self, email: str) -> None:
        super().__init__(FIELD, _("{email} is of another domain than the requester."), email=email)
        self.email = email


@dataclass(frozen=True, slots=True)
class TakingPart:
    """Somebody who takes part besides the requester."""

    id: int
    email: str
    name: str


def taking_part(session: Session, ticket: Ticket) -> list[TakingPart]:
    """Return them in the order they joined."""
    participant, person = table_of(Participant), table_of(User)
    rows = session.execute(
        select(person.c.id, person.c.email, person.c.name)
        .join_from(participant, person, person.c.id == participant.c.user_id)
        .where(participant.c.ticket_id == ticket.id, person.c.id != ticket.requester_id)
        .order_by(participant.c.joined_at, person.c.id)
    )
    return [TakingPart(*row) for row in rows]


def proposed(session: Session, ticket: Ticket) -> list[str]:
    """Return the addresses in copy of later mails that nobody decided on, oldest first."""
    event = table_of(Event)
    rows = session.execute(
        select(event.c.kind, event.c.detail)
        .where(
            event.c.ticket_id == ticket.id,
            event.c.kind.in_([EventKind.PROPOSED, EventKind.JOINED, EventKind.LEFT]),
        )
        .order_by(event.c.id)
    )
    waiting: dict[str, None] = {}
    for kind, detail in rows:
        for email in filter(None, str(detail.get("to", "")).split(", ")):
            if kind is EventKind.PROPOSED:
                waiting[email] = None
            else:
                waiting.pop(email, None)
    participant, person = table_of(Participant), table_of(User)
    known = set(
        session.execute(
            select(person.c.email)
            .join_from(participant, person, person.c.id == participant.c.user_id)
            .where(participant.c.ticket_id == ticket.id, person.c.email.in_(list(waiting)))
        ).scalars()
    )
    return [email for email in waiting if email not in known]


def add(
    session: Session, desk: Desk, ticket: Ticket, raw: str, *, by: Sender, confirmed: bool, now: datetime
) -> tuple[Joined, str]:
    """Let an address take part; return what came of it and the address.

    Invalid for one that cannot, Outside for one that needs the operator's word once more.
    """
    email = _address(session, desk, raw)
    known = senders.identify(session, Address(email), Verdict.NONE)
    if known is not None:
        _refuse(known)
        if session.get(Participant, (ticket.id, known.user_id)) is not None:
            return Joined.ALREADY, email
    if not confirmed and _is_outside(session, ticket, email):
        raise Outside(email)
    (person,) = senders.enrol(session, desk, [Address(email)], now=now)
    _refuse(person)
    row = {"ticket_id": ticket.id, "user_id": person.user_id, "joined_at": now}
    add_all(session, Participant, [row])
    record(session, ticket, EventKind.JOINED, by=by, now=now, to=email)
    return Joined.DONE, email


def remove(session: Session, ticket: Ticket, user_id: int, *, by: Sender, now: datetime) -> str | None:
    """End somebody's part in a ticket and what proves it; return their address, None if they had none."""
    user_id = min(user_id, LARGEST_NUMBER)
    if user_id == ticket.requester_id:
        raise Invalid(FIELD, _("Who asked for the request always takes part in it."))
    participant, person, token = table_of(Participant), table_of(User), table_of(Token)
    email = session.execute(select(person.c.email).where(person.c.id == user_id)).scalar()
    mine = (participant.c.ticket_id == ticket.id, participant.c.user_id == user_id)
    gone = session.execute(delete(participant).where(*mine).returning(participant.c.user_id)).first()
    if gone is None or email is None:
        return None
    session.execute(
        update(token)
        .where(token.c.ticket_id == ticket.id, token.c.user_id == user_id)
        .where(token.c.purpose == TokenPurpose.REPLY, token.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    record(session, ticket, EventKind.LEFT, by=by, now=now, to=email)
    return str(email)


def dismiss(session: Session, ticket: Ticket, email: str, *, by: Sender, now: datetime) -> bool:
    """Decide that a proposed address stays out; False if it waits for no decision."""
    if email not in proposed(session, ticket):
        return False
    record(session, ticket, EventKind.LEFT, by=by, now=now, to=email)
    return True


def _address(session: Session, desk: Desk, raw: str) -> str:
    """Return the normal form; refused is one of ours, which is no person's (L7)."""
    email = normal_form(raw)
    if email is None:
        raise Invalid(FIELD, _("This is not an e-mail address. Write it like name@company.com."))
    if entrance.is_ours(session, desk.mail, email):
        raise Invalid(FIELD, _("This is an address of ours: nobody can take part with it."))
    return email


def _refuse(person: Sender) -> None:
    if is_staff(person.role):
        raise Invalid(
            FIELD, _("{name} is of the team: name them with @ in an internal comment."), name=person.shown
        )
    if person.status is UserStatus.DISABLED:
        raise Invalid(FIELD, _("The account of {email} is disabled."), email=person.email)


def _is_outside(session: Session, ticket: Ticket, email: str) -> bool:
    """Whether nobody of the company is known to write from that domain.

    Where anybody gets an address, a domain says nothing: there only somebody of the company is inside.
    """
    person = table_of(User)
    domain = email.rpartition("@")[2]
    company = select(person.c.company_id).where(person.c.id == ticket.requester_id).scalar_subquery()
    colleague = or_(person.c.company_id == company, person.c.id == ticket.requester_id)
    same = person.c.email == email
    if domain not in staff.PUBLIC:
        same = or_(same, person.c.email.endswith(f"@{domain}", autoescape=True))
    return not session.execute(select(exists().where(colleague, same))).scalar()
