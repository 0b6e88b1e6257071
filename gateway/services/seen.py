"""How far each person has read each ticket: what makes a line bold in their list, and theirs alone."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import and_, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.tickets import Ticket, TicketSeen


def mark(session: Session, user_id: int, ticket_id: int, number: int, *, now: datetime) -> None:
    """Note that somebody has read a ticket up to its message of this number."""
    mark_all(session, user_id, [(ticket_id, number)], now=now)


def mark_all(session: Session, user_id: int, read: Iterable[tuple[int, int]], *, now: datetime) -> None:
    """Note the same for several tickets, as (ticket, number). A mark never goes back: of two pages
    open at once, the one that was loaded earlier may be noted later."""
    rows = [
        {"user_id": user_id, "ticket_id": ticket_id, "number": number, "at": now}
        for ticket_id, number in sorted(read)
    ]
    if not rows:
        return
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(TicketSeen).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "ticket_id"],
            set_={"number": statement.excluded.number, "at": statement.excluded.at},
            where=table_of(TicketSeen).c.number < statement.excluded.number,
        )
    )


def forget(session: Session, user_id: int, ticket_id: int) -> None:
    """Make a ticket unread again for somebody: whatever others wrote on it is new to them."""
    forget_all(session, user_id, [ticket_id])


def forget_all(session: Session, user_id: int, ticket_ids: Iterable[int]) -> None:
    """Make several tickets unread again."""
    row = table_of(TicketSeen)
    session.execute(delete(row).where(row.c.user_id == user_id, row.c.ticket_id.in_(list(ticket_ids))))


def unread_up_to(session: Session, user_id: int, ticket_id: int) -> int | None:
    """Return the number of a ticket's newest message if somebody has not read that far, else None."""
    ticket, row = table_of(Ticket), table_of(TicketSeen)
    return session.execute(
        select(ticket.c.messages)
        .outerjoin_from(ticket, row, and_(row.c.ticket_id == ticket.c.id, row.c.user_id == user_id))
        .where(ticket.c.id == ticket_id, ticket.c.messages > func.coalesce(row.c.number, 0))
    ).scalar_one_or_none()
