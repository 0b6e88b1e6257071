"""What an installation has in its books, read straight from the database."""

from collections import Counter
from types import TracebackType
from typing import Self

from sqlalchemy import func, select

from gateway.db import Database
from gateway.models.columns import table_of
from gateway.models.queues import JournalEntry, OutboxItem, OutboxState
from gateway.models.tickets import Message
from tests.processes import Installation


class Ledger:
    """Counts for assertions. Use as a context manager."""

    def __init__(self, installation: Installation) -> None:
        self._database = Database(installation.database_url, pool=2)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def tickets_by_message_id(self) -> dict[str, int]:
        """How many messages each mail became."""
        message = table_of(Message)
        with self._database.snapshot() as session:
            rows = session.execute(select(message.c.message_id, func.count()).group_by(message.c.message_id))
            return {row[0]: row[1] for row in rows}

    def outcomes(self) -> Counter[str]:
        entry = table_of(JournalEntry)
        with self._database.snapshot() as session:
            return Counter(str(each) for each in session.execute(select(entry.c.outcome)).scalars())

    def outbox(self) -> dict[str, OutboxState]:
        """The state of each mail out, by Message-ID."""
        item = table_of(OutboxItem)
        with self._database.snapshot() as session:
            rows = session.execute(select(item.c.message_id, item.c.state))
            return {row[0]: row[1] for row in rows}

    def purposes(self) -> dict[str, str]:
        """Why each mail out was written, by Message-ID."""
        item = table_of(OutboxItem)
        with self._database.snapshot() as session:
            rows = session.execute(select(item.c.message_id, item.c.purpose))
            return {row[0]: str(row[1]) for row in rows}
