"""One thing done to many requests of a list: what can be done is, and the rest is told with its reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, or_, select
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.tickets import Ticket
from gateway.rules.lifecycle import Status
from gateway.rules.people import Role, Sender, UserStatus, is_staff
from gateway.services import inboxes, seen, tickets
from gateway.services.desk import Desk

AT_ONCE = 100


class Bulk(StrEnum):
    """What can be done to many at once; the values stand in forms."""

    TAKE = "tomar"
    REASSIGN = "reasignar"
    CLOSE = "cerrar"
    READ = "leidas"
    UNREAD = "no-leidas"


class Left(StrEnum):
    """Why a request was left as it is."""

    ABSENT = "absent"  # not there, or not theirs to answer: both look alike (C6)
    CLOSED = "closed"
    HAD = "had"  # whoever was to have it has it
    TAKEN = "taken"  # a colleague has it: to take it away is to reassign it, on purpose


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to do: `to` whom to assign, whether to `tell` the requester of a closed one."""

    bulk: Bulk
    to: int | None = None
    tell: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """How many changed, and which did not, by reason."""

    changed: int
    left: Mapping[Left, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A request as the page that asks once more shows it."""

    number: int
    subject: str
    status: Status
    requester: str
    assignee: str | None


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody a request can be assigned to."""

    id: int
    name: str


def chosen(session: Session, operator: Sender, numbers: Iterable[int]) -> Sequence[Chosen]:
    """Return those of these requests that the operator answers."""
    ticket, requester = table_of(Ticket), table_of(User).alias("requester")
    assignee = table_of(User).alias("assignee")
    rows = session.execute(
        select(
            ticket.c.id,
            ticket.c.subject,
            ticket.c.status,
            func.coalesce(func.nullif(requester.c.name, ""), requester.c.email),
            func.coalesce(func.nullif(assignee.c.name, ""), assignee.c.email),
        )
        .join_from(ticket, requester, requester.c.id == ticket.c.requester_id)
        .outerjoin(assignee, assignee.c.id == ticket.c.assignee_id)
        .where(ticket.c.id.in_(_checked(numbers)), inboxes.may_open(operator))
        .order_by(ticket.c.id)
    )
    return [Chosen(*row) for row in rows]


def colleagues(session: Session) -> Sequence[Colleague]:
    """Return everybody a request can be assigned to, by name."""
    person = table_of(User)
    name = func.coalesce(func.nullif(person.c.name, ""), person.c.email)
    rows = session.execute(
        select(person.c.id, name)
        .where(person.c.role.in_([Role.OPERATOR, Role.ADMIN]), person.c.status == UserStatus.ACTIVE)
        .order_by(func.lower(name), person.c.id)
    )
    return [Colleague(*row) for row in rows]


def do(
    session: Session, desk: Desk, operator: Sender, wanted: Wanted, numbers: Iterable[int], *, now: datetime
) -> Report:
    """Do it to each request that it can be done to; the rows are locked in the order of their numbers."""
    asked = _checked(numbers)
    if wanted.bulk in (Bulk.READ, Bulk.UNREAD):
        return _marked(session, operator, wanted.bulk, asked, now=now)
    if wanted.bulk is Bulk.REASSIGN and wanted.to not in {each.id for each in colleagues(session)}:
        raise Invalid("operador", _("Choose who is to have them."))
    found = session.execute(
        select(Ticket)
        .where(table_of(Ticket).c.id.in_(asked), inboxes.may_open(operator))
        .order_by(table_of(Ticket).c.id)
        .with_for_update()
    ).scalars()
    left: dict[Left, list[int]] = {}
    changed = []
    for ticket in found:
        reason = _hindrance(ticket, operator, wanted)
        if reason is not None:
            left.setdefault(reason, []).append(ticket.id)
            continue
        _apply(session, desk, ticket, operator, wanted, now=now)
        changed.append(ticket.id)
    return _report(asked, changed, left)


def _apply(
    session: Session, desk: Desk, ticket: Ticket, operator: Sender, wanted: Wanted, *, now: datetime
) -> None:
    if wanted.bulk is Bulk.TAKE:
        tickets.take(session, ticket, operator, now=now)
    elif wanted.bulk is Bulk.CLOSE:
        tickets.close(session, desk, ticket, by=operator, tell=wanted.tell, now=now)
    elif wanted.to is not None:
        tickets.assign(session, desk, ticket, wanted.to, by=operator, now=now)


def _hindrance(ticket: Ticket, operator: Sender, wanted: Wanted) -> Left | None:
    """Why this ticket stays as it is: taking or assigning a closed one would open it again unasked."""
    if ticket.status is Status.CLOSED:
        return Left.CLOSED
    if wanted.bulk is Bulk.CLOSE:
        return None
    to = operator.user_id if wanted.bulk is Bulk.TAKE else wanted.to
    if ticket.assignee_id == to:
        return Left.HAD
    if wanted.bulk is Bulk.TAKE and ticket.assignee_id is not None:
        return Left.TAKEN
    return None


def _marked(session: Session, reader: Sender, bulk: Bulk, asked: Sequence[int], *, now: datetime) -> Report:
    """Read marks are the reader's own, on what they made themselves too."""
    ticket = table_of(Ticket)
    opens = ticket.c.requester_id == reader.user_id
    if is_staff(reader.role):
        opens = or_(opens, inboxes.may_open(reader))
    rows = session.execute(select(ticket.c.id, ticket.c.messages).where(ticket.c.id.in_(asked), opens)).all()
    found = [row.id for row in rows]
    if bulk is Bulk.READ:
        seen.mark_all(session, reader.user_id, [(row.id, row.messages) for row in rows], now=now)
    else:
        seen.forget_all(session, reader.user_id, found)
    return _report(asked, found, {})


def _report(asked: Sequence[int], changed: Sequence[int], left: dict[Left, list[int]]) -> Report:
    known = {*changed, *(number for numbers in left.values() for number in numbers)}
    absent = [number for number in asked if number not in known]
    return Report(len(changed), {**left, **({Left.ABSENT: absent} if absent else {})})


def _checked(numbers: Iterable[int]) -> list[int]:
    """Return the numbers, each once, in order; Invalid when there are none or too many."""
    asked = sorted(set(numbers))
    if not asked:
        raise Invalid("s", _("Choose at least one request."))
    if len(asked) > AT_ONCE:
        raise Invalid("s", _("Choose up to {count} requests at once."), count=AT_ONCE)
    return asked
