"""Mail to a bounce address: a report on one mail of ours, or a person who answered there (L10, L12).

A report counts only if it came to a bounce address that we made: anybody can write a report.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, select, update
from sqlmodel import Session

from gateway import tokens
from gateway.errors import TryLater
from gateway.mail.clues import ClueKind
from gateway.mail.reading import Reading
from gateway.mail.report import Delivery, Report
from gateway.models.columns import table_of
from gateway.models.people import Token, TokenPurpose
from gateway.models.queues import OutboxItem, OutboxState
from gateway.models.tickets import Ticket
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import EventKind, MessageKind
from gateway.rules.people import Party
from gateway.services import contributions, threads, undelivered
from gateway.services.contributions import Contribution
from gateway.services.desk import Desk
from gateway.services.journal import Settled
from gateway.services.statements import run
from gateway.services.timeline import record

ITEM, TOKEN = table_of(OutboxItem).c, table_of(Token).c
REPORTED = (
    select(ITEM.id, ITEM.ticket_id, ITEM.recipient, ITEM.state, ITEM.lease_until)
    .join(table_of(Token), and_(TOKEN.event_id == ITEM.event_id, TOKEN.user_id == ITEM.user_id))
    .where(
        TOKEN.hash.in_(bindparam("hashes", expanding=True)),
        TOKEN.purpose == TokenPurpose.BOUNCE,
        ITEM.envelope_from != "",
    )
    .order_by(ITEM.id)
    .limit(1)
)
HANDED_OVER = (OutboxState.SENT, OutboxState.UNCERTAIN)
"""What may still come back."""

_EVENTS = {
    Delivery.FAILED: EventKind.BOUNCED,
    Delivery.DELAYED: EventKind.DELAYED,
    Delivery.DELIVERED: EventKind.DELIVERED,
}


def keep(
    session: Session, desk: Desk, mail: Reading, contribution: Contribution, *, now: datetime
) -> Settled:
    """Apply a report to the mail it came back for; without one of ours it stands in the journal alone."""
    item = _reported(session, mail)
    ticket = _locked(session, item)
    if item is None or ticket is None:
        return Settled(Outcome.BOUNCE, mail.kind_reason)
    if item.state == OutboxState.TRANSMITTING and item.lease_until is not None and item.lease_until > now:
        raise TryLater  # quicker than the mailer that is still writing down that it was sent
    ticket.updated_at = now
    if mail.report is None or mail.report.delivery not in _EVENTS:
        _show(session, ticket, contribution, now=now)
        return Settled(Outcome.BOUNCE, "unreadable-report", ticket.id)
    _apply(session, desk, item, ticket, mail.report, now=now)
    return Settled(Outcome.BOUNCE, str(mail.report.delivery), ticket.id)


def answered(mail: Reading) -> bool:
    """Whether a mail was written to a bounce address in the first place."""
    return bool(mail.clues) and mail.clues[0].kind is ClueKind.BOUNCE_TOKEN


def hold(session: Session, mail: Reading) -> Settled:
    """Hold what somebody wrote to a bounce address, so that it is not lost (L12)."""
    ticket = ticket_of(session, mail)
    return Settled(Outcome.HELD, "not-a-report", ticket.id if ticket else None)


def ticket_of(session: Session, mail: Reading) -> Ticket | None:
    """Return the ticket that the bounce address of a mail stands for, its row locked."""
    return _locked(session, _reported(session, mail))


def _apply(session: Session, desk: Desk, item: Any, ticket: Ticket, report: Report, *, now: datetime) -> None:
    record(
        session,
        ticket,
        _EVENTS[report.delivery],
        by=None,
        now=now,
        mail=item.id,
        to=item.recipient,
        error=report.diagnostic,
        status=report.status,
    )
    if report.delivery is not Delivery.FAILED or item.state not in HANDED_OVER:
        return  # reported twice, it is told of once
    session.execute(
        update(table_of(OutboxItem))
        .where(ITEM.id == item.id)
        .values(state=OutboxState.BOUNCED, last_error=report.diagnostic[:500])
    )
    undelivered.settle(
        session, desk, item.id, status=report.status, words=report.diagnostic, hard=True, now=now
    )


def _show(session: Session, ticket: Ticket, contribution: Contribution, *, now: datetime) -> None:
    """Keep a report that we cannot read where an operator can."""
    ticket.messages += 1
    hidden = replace(contribution, kind=MessageKind.INTERNAL, automatic=True)
    message, _ = contributions.store(session, ticket, None, Party.SYSTEM, hidden, now=now)
    record(
        session, ticket, EventKind.AUTOMATIC, by=None, now=now, message=message, reason="unreadable-report"
    )


def _reported(session: Session, mail: Reading) -> Any:
    given = [tokens.hash_token(clue.value) for clue in mail.clues if clue.kind is ClueKind.BOUNCE_TOKEN]
    return run(session, REPORTED, hashes=given).first() if given else None


def _locked(session: Session, item: Any) -> Ticket | None:
    if item is None or item.ticket_id is None:
        return None
    return session.execute(threads.LOCKED, {"id": item.ticket_id}).scalar_one_or_none()
