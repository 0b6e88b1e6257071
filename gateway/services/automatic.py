"""Bounces and automatic replies: recorded, nothing more (L2, L10).

They change no state, run no command and cause no mail. One that belongs to a ticket is kept on it,
for operators only; one that does not stands in the journal as automatic.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, select, update
from sqlmodel import Session, col

from gateway import tokens
from gateway.mail.classify import Kind
from gateway.mail.clues import ClueKind
from gateway.mail.reading import Reading
from gateway.mail.report import Delivery
from gateway.models.columns import table_of
from gateway.models.people import Token, TokenPurpose
from gateway.models.queues import OutboxItem, OutboxState
from gateway.models.tickets import Ticket
from gateway.rules.admission import Evidence, Outcome
from gateway.rules.lifecycle import EventKind, MessageKind
from gateway.rules.people import Party, Sender
from gateway.services import contributions, threads
from gateway.services.contributions import Contribution
from gateway.services.desk import Desk
from gateway.services.journal import Settled
from gateway.services.timeline import record


def keep(
    session: Session,
    desk: Desk,
    mail: Reading,
    contribution: Contribution,
    *,
    sender: Sender | None,
    now: datetime,
) -> Settled:
    """Record a mail that no person wrote."""
    if mail.kind is Kind.BOUNCE:
        return _bounce(session, mail, now=now)
    thread = threads.find(session, mail.clues, sender, secret=desk.secret, now=now)
    if thread is None or thread.evidence is Evidence.NUMBER:
        return Settled(Outcome.AUTOMATIC, mail.kind_reason)
    hidden = replace(contribution, kind=MessageKind.INTERNAL, automatic=True)
    thread.ticket.messages += 1
    thread.ticket.updated_at = now
    message, _ = contributions.store(session, thread.ticket, sender, Party.SYSTEM, hidden, now=now)
    kind, reason = EventKind.AUTOMATIC, mail.kind_reason
    record(session, thread.ticket, kind, by=sender, now=now, message=message, reason=reason)
    return Settled(Outcome.AUTOMATIC, mail.kind_reason, thread.ticket.id)


def _bounce(session: Session, mail: Reading, *, now: datetime) -> Settled:
    """A report counts only if it came to a bounce address of ours: anybody can write a report (L10)."""
    item_id = _reported(session, mail)
    if item_id is None or mail.report is None:
        return Settled(Outcome.BOUNCE, mail.kind_reason)
    item = table_of(OutboxItem)
    row = session.execute(
        select(item.c.ticket_id, item.c.recipient, item.c.state).where(item.c.id == item_id)
    ).first()
    ticket = session.get(Ticket, row.ticket_id) if row and row.ticket_id else None
    if row is None or ticket is None:
        return Settled(Outcome.BOUNCE, mail.kind_reason)
    report = mail.report
    kind = EventKind.BOUNCED if report.delivery is Delivery.FAILED else EventKind.DELAYED
    if report.delivery is Delivery.FAILED and row.state == OutboxState.SENT:
        session.execute(
            update(OutboxItem)
            .where(col(OutboxItem.id) == item_id)
            .values(state=OutboxState.BOUNCED, last_error=report.diagnostic[:500])
        )
    if report.delivery is not Delivery.DELIVERED:
        record(
            session,
            ticket,
            kind,
            by=None,
            now=now,
            mail=item_id,
            to=row.recipient,
            error=report.diagnostic[:300],
            status=report.status,
        )
    return Settled(Outcome.BOUNCE, str(report.delivery), ticket.id)


def _reported(session: Session, mail: Reading) -> int | None:
    given = [tokens.hash_token(clue.value) for clue in mail.clues if clue.kind is ClueKind.BOUNCE_TOKEN]
    token, item = table_of(Token), table_of(OutboxItem)
    return session.execute(
        select(item.c.id)
        .join(token, and_(token.c.event_id == item.c.event_id, token.c.user_id == item.c.user_id))
        .where(token.c.hash.in_(given), token.c.purpose == TokenPurpose.BOUNCE, item.c.envelope_from != "")
    ).scalar()
