"""A mailbox on a test server and what it takes to look at it, step by step, without a clock."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from gateway.inbound.imap_collect import Collector
from gateway.inbound.imap_connection import Connection, Timing, folder_url
from gateway.inbound.imap_poller import Poller
from gateway.models.columns import table_of
from gateway.models.queues import Blob, JournalEntry
from gateway.models.topics import Mailbox
from gateway.runtime import Runtime
from gateway.services import blobs, journal, mailboxes
from gateway.services.journal import Incoming
from gateway.services.mailboxes import Cursor
from tests.fakes_imap import PASSWORD

QUICK = Timing(connect=20, read=20, idle_steps=(0.1, 30), full_look=30, held_elsewhere=0.1)
"""Long where waiting hides no mistake."""

IMPATIENT = replace(QUICK, connect=1, read=0.3)
"""For servers that fall silent. Running out by accident costs a look more, and no test."""


def settings(port: int, **keys: Any) -> str:
    """The configuration of one mailbox, `soporte`, on a server of this machine."""
    values = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "username": "soporte@example.com",
        "password": PASSWORD,
    } | keys
    lines = [
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
        for key, value in values.items()
    ]
    return "[imap.soporte]\n" + "\n".join(lines) + "\n"


@dataclass
class Fetching:
    """A mailbox as one process sees it. `look` is one connection with one full look."""

    runtime: Runtime
    server: Any
    room: bool = True
    timing: Timing = QUICK

    def __post_init__(self) -> None:
        self.journal = self.store
        self.section = self.runtime.config.imap["soporte"]
        self.collector = Collector(
            self.runtime, "soporte", self.section, self.write_down, has_room=lambda _: self.room
        )

    def poller(self, **keys: Any) -> Poller:
        keys = {"timing": self.timing, "has_room": lambda _: self.room} | keys
        return Poller(self.runtime, "soporte", self.section, self.write_down, **keys)

    def write_down(self, mails: Sequence[Incoming]) -> list[int]:
        return self.journal(mails)

    def store(self, mails: Sequence[Incoming]) -> list[int]:
        """What the journal writer does, in this thread; a test may put something else in `journal`."""
        blobs.place(self.runtime.blobs, [mail.content for mail in mails])
        with self.runtime.db.transaction() as session:
            return journal.append(session, mails, now=self.runtime.now())

    def look(self) -> int:
        with Connection(self.section, self.timing) as connection:
            connection.sign_in()
            self.collector.resume(self.claim())
            return self.collector.look(connection, connection.select(), fully=True)

    def look_until_quiet(self, most: int = 12) -> None:
        """Look again after whatever went wrong, as the poller does, but without its pauses."""
        troubles = []
        for _ in range(most):
            try:
                if not self.look() and self.claim().last_uid == self.server.inbox.uidnext - 1:
                    return
            except Exception as error:
                troubles.append(error)
        raise AssertionError(f"still not quiet after {most} looks: {troubles}")

    def claim(self) -> Cursor:
        with self.runtime.db.transaction() as session:
            cursor = mailboxes.claim(
                session,
                "soporte",
                folder=folder_url(self.section),
                worker=self.runtime.worker,
                is_dead=lambda _: False,
                now=self.runtime.now(),
            )
        assert cursor is not None
        return cursor

    def journalled(self) -> list[tuple[int, int]]:
        """UIDVALIDITY and UID of all entries, in the order they were written."""
        entry = table_of(JournalEntry)
        with self.runtime.db.snapshot() as session:
            found = session.execute(select(entry.c.uidvalidity, entry.c.uid).order_by(entry.c.id))
            return [(row.uidvalidity, row.uid) for row in found]

    def contents(self) -> list[bytes]:
        """The bytes of all entries, in the order they were written."""
        entry, blob = table_of(JournalEntry), table_of(Blob)
        with self.runtime.db.snapshot() as session:
            keys = session.execute(select(blob.c.sha256).join(entry).order_by(entry.c.id)).scalars().all()
            return [blobs.read(session, self.runtime.blobs, key) for key in keys]

    def mailbox(self) -> Mailbox:
        with self.runtime.db.snapshot() as session:
            row = session.execute(select(Mailbox)).scalar_one()
            session.expunge(row)
            return row

    def entry(self, key: int) -> JournalEntry:
        with self.runtime.db.snapshot() as session:
            row = session.get_one(JournalEntry, key)
            session.expunge(row)
            return row


@contextmanager
def attending(poller: Poller) -> Iterator[None]:
    """The poller at work in a thread, without its pauses, until the end of the block."""
    stopped = threading.Event()

    def work() -> None:
        while not stopped.is_set():
            poller.attend()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        poller.stop()
        thread.join(20)
        assert not thread.is_alive(), "the poller did not end"


MakeFetching = Callable[..., Fetching]
