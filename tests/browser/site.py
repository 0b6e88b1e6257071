"""The real web role on a port of its own, on the help desk that `make demo` shows."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlmodel import Session

from gateway.config import Config
from gateway.db import Database
from gateway.demo.fill import fill, sign_ins
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import JournalEntry
from gateway.runtime import Runtime
from gateway.services import recounting
from gateway.services.desk import open_desk
from gateway.services.journal import Settled
from tests.office import Office, parsed_templates
from tests.webui.conftest import PASSWORD_HASH
from webui import app

SETTINGS = {
    "mail": {"address": "soporte@sysmo.example", "reply_address": "soporte+{token}@sysmo.example"},
    "trust": {"authserv_ids": ("mx.sysmo.example",), "dkim": False},
}
REQUESTS = 22
START_SECONDS = 30

CLIENT, OPERATOR, ADMINISTRATOR = (each.email for each in sign_ins())
PEOPLE = {"anonymous": None, "client": CLIENT, "operator": OPERATOR, "administrator": ADMINISTRATOR}


class Site:
    """A help desk that is served as long as it is open."""

    def __init__(self, folder: Path, database_url: str, **sections: Any) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        config = Config(
            site={"base_url": self.url},
            web={"port": port},
            database={"url": database_url},
            storage={"url": str(folder / "blobs")},
            mailer={"folder": folder / "sent"},
            **(SETTINGS | sections),
        )
        self.runtime = Runtime(
            config=config, db=Database(database_url, pool=6), secret=b"a secret for tests only"
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="site", daemon=True)
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        port = self.runtime.config.web.port
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return self
            except OSError:
                assert time.monotonic() < deadline, "the web role does not listen"
                time.sleep(0.02)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())
        self._thread.join(START_SECONDS)
        self.runtime.db.close()

    def fill(self, count: int = REQUESTS) -> None:
        """Write the demo's help desk, and give its three visitors the password of the tests."""
        runtime = self.runtime
        with runtime.db.transaction() as session:
            desk = replace(open_desk(runtime.config, runtime.secret), templates=parsed_templates())
            fill(session, desk, runtime.blobs, now=runtime.now(), count=count)
            zone = ZoneInfo(runtime.config.site.timezone)
            while recounting.count_some(session, zone, now=runtime.now()):
                pass
            person = table_of(User)
            visitors = [each for each in PEOPLE.values() if each]
            session.execute(
                update(person).where(person.c.email.in_(visitors)).values(password_hash=PASSWORD_HASH)
            )

    @contextmanager
    def office(self) -> Iterator[Office]:
        """The post office of this help desk, for as long as a transaction."""
        with self.runtime.db.transaction() as session:
            yield Office(self.runtime, session, self.runtime.now())

    def deliver(self, raw: bytes, **envelope: Any) -> Settled:
        """A mail from the door to its outcome."""
        with self.office() as office:
            return office.deliver(raw, **envelope)

    def apply_waiting(self) -> None:
        """What a decision put back in line is applied, as the processor does."""
        with self.office() as office:
            entry = table_of(JournalEntry).c
            for entry_id in list(
                office.session.execute(select(entry.id).where(entry.outcome.is_(None))).scalars()
            ):
                office.apply(entry_id)

    def mails_to(self, address: str) -> list[EmailMessage]:
        """What was written to somebody, oldest first."""
        with self.office() as office:
            return office.out_to(address)

    @contextmanager
    def looking(self) -> Iterator[Session]:
        """A session to look at what is there."""
        with self.runtime.db.snapshot() as session:
            yield session

    def set_language(self, language: str) -> None:
        """Everybody reads that language from now on."""
        with self.runtime.db.transaction() as session:
            session.execute(update(table_of(User)).values(language=language))

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(app.run(self.runtime))
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
