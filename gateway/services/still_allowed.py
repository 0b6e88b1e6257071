"""May the recipient of a mail of ours still see what it shows? Asked afresh before each attempt (E3)."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import and_, bindparam, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import OutboxItem, Purpose
from gateway.models.tickets import Participant, Ticket
from gateway.models.topics import TopicOperator
from gateway.rules.people import Role, UserStatus, is_staff
from gateway.services.statements import run

ITEM, PERSON, TICKET = table_of(OutboxItem).c, table_of(User).c, table_of(Ticket).c
SERVING, TAKING_PART = table_of(TopicOperator).c, table_of(Participant).c
RECIPIENTS_NOW = (
    select(
        ITEM.id.label("item_id"),
        ITEM.ticket_id,
        ITEM.internal,
        ITEM.purpose,
        PERSON.id,
        PERSON.role,
        PERSON.status,
        TICKET.assignee_id,
        SERVING.user_id.label("serves"),
        TAKING_PART.user_id.label("takes_part"),
    )
    .select_from(table_of(OutboxItem))
    .outerjoin(table_of(User), PERSON.id == ITEM.user_id)
    .outerjoin(table_of(Ticket), TICKET.id == ITEM.ticket_id)
    .outerjoin(
        table_of(TopicOperator),
        and_(SERVING.topic_id == TICKET.topic_id, SERVING.user_id == ITEM.user_id),
    )
    .outerjoin(
        table_of(Participant),
        and_(TAKING_PART.ticket_id == ITEM.ticket_id, TAKING_PART.user_id == ITEM.user_id),
    )
)
RECIPIENT_NOW = RECIPIENTS_NOW.where(ITEM.id == bindparam("id"))


def is_one(session: Session, item_id: int) -> bool:
    """Whether the recipient of a row may see what it shows, now."""
    return _may_see(run(session, RECIPIENT_NOW, id=item_id).one())


def among(session: Session, item_ids: Iterable[int]) -> set[int]:
    """Return those of these rows whose recipients may."""
    rows = session.execute(RECIPIENTS_NOW.where(ITEM.id.in_(list(item_ids))))
    return {row.item_id for row in rows if _may_see(row)}


def _may_see(row: Any) -> bool:
    """An operator must be active and answer the ticket's topic, have it assigned, or be an
    administrator; anybody else must take part in it, and may never see what is internal. A report is
    for administrators. Mail about an account, and an operator's own words sent back, need nothing but
    an account that is not disabled.
    """
    if row.status == UserStatus.DISABLED:
        return False
    active_staff = row.id is not None and is_staff(row.role) and row.status == UserStatus.ACTIVE
    if row.purpose in (Purpose.DIGEST, Purpose.ALERT):
        return active_staff
    if row.purpose == Purpose.REPORT:
        return active_staff and row.role == Role.ADMIN
    if row.ticket_id is None or row.purpose in (Purpose.MISTAKE, Purpose.UNDELIVERED):
        return True
    if row.id is None:
        return False
    answers = row.role == Role.ADMIN or row.serves is not None or row.assignee_id == row.id
    return (active_staff and answers) or (row.takes_part is not None and not row.internal)
