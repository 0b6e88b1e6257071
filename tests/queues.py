"""Rows of the queues for tests, and a clock that goes when it is told to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Connection, event, select, text
from sqlmodel import Session

from gateway.db import Database
from gateway.models.columns import table_of
from gateway.models.queues import Door, JournalEntry, OutboxItem, OutboxState, Purpose
from gateway.services import journal, outbox
from gateway.services.blobs import content_of
from gateway.services.journal import Incoming
from tests.factories import AT

NUMBERS = count(1)


class Clock:
    """Says the same time until `forward`; what a runtime is given as `now`."""

    def __init__(self, start: datetime = AT) -> None:
        self.time = start

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **step: float) -> None:
        """Go on by `hours=2` and the like; a negative step sets the clock back."""
        self.time += timedelta(**step)


def incoming(raw: bytes = b"Subject: hola\r\n\r\nBuen dia.\r\n", **values: Any) -> Incoming:
    """A mail as a door hands it over."""
    usual = {"recipients": ("soporte@example.com",), "received_at": AT, "listed_peer": True}
    return Incoming(**{"door": Door.SMTP, "content": content_of(raw)} | usual | values)


def make_entry(session: Session, raw: bytes = b"", *, now: datetime = AT, **values: Any) -> int:
    """A mail that waits in the journal; without bytes one of its own."""
    raw = raw or f"Subject: {next(NUMBERS)}\r\n\r\nHola.\r\n".encode()
    return journal.append(session, [incoming(raw, **values)], now=now)[0]


def make_item(session: Session, **values: Any) -> int:
    """A mail that waits in the outbox: on an account and resent when in doubt, unless told otherwise."""
    number = next(NUMBERS)
    usual = {
        "ticket_id": None,
        "user_id": None,
        "recipient": "laura.gimenez@andina.example",
        "purpose": Purpose.REPLY,
        "resend": True,
        "internal": False,
        "message_id": f"{number}@example.com",
        "envelope_from": "soporte@example.com",
        "head": f"Message-ID: <{number}@example.com>\r\nSubject: {number}\r\n\r\nHola.\r\n".encode(),
        "parts": [],
        "tail": b"",
        "state": OutboxState.QUEUED,
        "due_at": AT,
        "attempts": 0,
        "fence": 0,
        "pauses": 0,
        "created_at": AT,
    }
    row = usual | values
    outbox.queue(session, [row])
    item = table_of(OutboxItem)
    return session.execute(select(item.c.id).where(item.c.message_id == row["message_id"])).scalar_one()


def items(database: Database) -> dict[int, Any]:
    """Every row of the outbox by its id."""
    with database.snapshot() as session:
        return {row.id: row for row in session.execute(select(table_of(OutboxItem)).order_by(text("id")))}


def entries(database: Database) -> dict[int, Any]:
    """Every row of the journal by its id."""
    with database.snapshot() as session:
        return {row.id: row for row in session.execute(select(table_of(JournalEntry)).order_by(text("id")))}


def states(database: Database) -> Sequence[OutboxState]:
    """Where the mails of the outbox stand, oldest first."""
    return [row.state for _, row in sorted(items(database).items())]


def commits(database: Database) -> list[object]:
    """What fills with each commit; who only looked ends with one on PostgreSQL, too, which costs nothing."""
    seen: list[object] = []

    def note(connection: Connection) -> None:
        if connection.get_execution_options().get("writes"):
            seen.append(connection)

    event.listen(database.engine, "commit", note)
    return seen
