"""All data out, as the objects of the contract (section 7), oldest first.

Everything is of one moment: the snapshot it is read in. Rows are streamed, so memory stays flat.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.services import ledger, topics
from gateway.services.transfer_tickets import Line, ticket_lines, utc

ROWS_AT_ONCE = 500


def export(session: Session, *, since: datetime | None = None) -> Iterator[Line]:
    """Yield one object a line. `since` leaves out requests and mail that did not change after it.

    Companies, users and topics always come, since requests name them.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite's snapshots are of one moment anyway
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    yield from _companies(session)
    yield from user_lines(session)
    yield from topic_lines(session)
    yield from ticket_lines(session, since)
    for mail_in in ledger.mails_in(session, since=since):
        yield mail_in_line(mail_in)
    for mail_out in ledger.mails_out(session, since=since):
        yield mail_out_line(mail_out)


def _companies(session: Session) -> Iterator[Line]:
    company = table_of(Company)
    for row in _streamed(session, select(company.c.name, company.c.cuit).order_by(company.c.id)):
        yield {"type": "company", "name": row.name, "cuit": row.cuit}


def user_lines(session: Session) -> Iterator[Line]:
    person, company = table_of(User), table_of(Company)
    query = (
        select(
            person.c.email,
            person.c.name,
            person.c.role,
            person.c.status,
            company.c.cuit,
            person.c.phone,
            person.c.created_at,
        )
        .outerjoin_from(person, company, company.c.id == person.c.company_id)
        .order_by(person.c.id)
    )
    for row in _streamed(session, query):
        yield {
            "type": "user",
            "email": row.email,
            "name": row.name or None,
            "role": row.role,
            "status": row.status,
            "company": row.cuit,
            "phone": row.phone,
            "created_at": utc(row.created_at),
        }


def topic_lines(session: Session) -> Iterator[Line]:
    for each in topics.list_topics(session):
        yield {
            "type": "topic",
            "name": each.name,
            "address": each.address,
            "operators": list(each.operators),
            "default": each.default,
        }


def mail_in_line(mail: ledger.MailIn) -> Line:
    return {
        "type": "mail_in",
        "id": mail.id,
        "door": mail.door,
        "received_at": utc(mail.received_at),
        "from": mail.sender,
        "to": list(mail.recipients),
        "message_id": mail.message_id,
        "outcome": mail.outcome,
        "reason": mail.reason,
        "ticket": mail.ticket,
    }


def mail_out_line(mail: ledger.MailOut) -> Line:
    return {
        "type": "mail_out",
        "id": mail.id,
        "to": mail.recipient,
        "purpose": mail.purpose,
        "message_id": mail.message_id,
        "state": mail.state,
        "attempts": mail.attempts,
        "ticket": mail.ticket,
        "created_at": utc(mail.created_at),
        "sent_at": utc(mail.sent_at),
    }


def _streamed(session: Session, query: Any) -> Iterable[Row[Any]]:
    return session.execute(query.execution_options(yield_per=ROWS_AT_ONCE))
