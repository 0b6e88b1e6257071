"""Telling the administrators that something asks for them (O4)."""

from datetime import datetime
from enum import StrEnum

import structlog
from sqlalchemy import or_, select
from sqlmodel import Session

from gateway.catalogue import label, translator
from gateway.mail.notice import Template, Values
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import Purpose
from gateway.rules import limits
from gateway.rules.people import Role, UserStatus
from gateway.services import counters, entrance, house_mail, outbox
from gateway.services.desk import Desk

log = structlog.get_logger()


class Cause(StrEnum):
    """What administrators are alerted of; its words are `alert.<cause>` in the catalogues."""

    LOOP = "loop"
    ACKNOWLEDGEMENTS = "acknowledgements"
    HELD = "held"
    SET_ASIDE = "set_aside"


def raise_alert(session: Session, desk: Desk, cause: Cause, detail: str = "", *, now: datetime) -> None:
    """Log it as an error, and mail it to every administrator: once an hour for one cause.

    `detail` is plain data in no language, such as an address and a number. The mail carries no reply
    address and goes to no address of ours, so it can start no loop.
    """
    log.error("alert", cause=cause, detail=detail)
    if not counters.take(session, f"alert:{cause}", limits.ALERTS, now=now):
        return
    rows = []
    for each in administrators(session, desk, now=now):
        sentence = label(translator(each.language), "alert", cause)
        values = Values(site=desk.site.name, alert=sentence, text=detail)
        rows.append(house_mail.row(desk, each, Template.ALERT, Purpose.ALERT, values, now=now))
    outbox.queue(session, rows)


def administrators(session: Session, desk: Desk, *, now: datetime) -> list[User]:
    """Return the active administrators whom automatic mail reaches, never an address of ours."""
    person = table_of(User).c
    active = select(User).where(
        person.role == Role.ADMIN,
        person.status == UserStatus.ACTIVE,
        or_(person.silent_until.is_(None), person.silent_until <= now),
    )
    found = {each.email: each for each in session.execute(active.order_by(person.id)).scalars()}
    return [found[email] for email in entrance.people_among(session, desk.mail, found)]
