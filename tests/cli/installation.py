"""A folder with a config.toml and its database, and the command run on it in this process."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.entry import run
from gateway.db import Database
from gateway.models.queues import Door, JournalEntry
from gateway.services import blobs, journal
from gateway.services.journal import Incoming
from tests.conftest import NOW

SYSMO = (sys.executable, "-m", "gateway")
ROOT = Path(__file__).parents[2]
RAW = b"From: laura@andina.example\r\nSubject: \xff\r\n\r\nHola\r\n"


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    status: int
    printed: bytes
    err: str

    @property
    def out(self) -> str:
        return self.printed.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class Installation:
    """A folder with a config.toml and its database, and the command run on it."""

    def __init__(self, folder: Path, url: str, capture: pytest.CaptureFixture[bytes]) -> None:
        self.folder, self.database = folder, Database(url, pool=2)
        self._capture = capture
        self.file = folder / "config.toml"
        settings = [
            '[mail]\naddress = "soporte@sysmo.example"',
            'reply_address = "soporte+{token}@sysmo.example"',
        ]
        self.file.write_text("\n".join([*settings, f"[database]\nurl = '{url}'\npool = 2\n"]))

    def sysmo(self, *arguments: str) -> Ended:
        self._capture.readouterr()
        status = run(["--config", str(self.file), *arguments], set_up_logs=lambda _section: None)
        out, err = self._capture.readouterr()
        return Ended(status, out, err.decode())

    def accept(self, data: bytes = RAW) -> int:
        """Put a mail into the journal, as a door would."""
        content = blobs.content_of(data)
        mail = Incoming(Door.INGEST, content, ("soporte@sysmo.example",), NOW)
        with self.database.transaction() as session:
            return journal.append(session, [mail], now=NOW)[0]

    def settle(self, entry_id: int, **values: Any) -> None:
        with self.database.transaction() as session:
            entry = session.get(JournalEntry, entry_id)
            assert entry is not None
            entry.sqlmodel_update({"due_at": None, "settled_at": NOW, "reason": "test"} | values)
            session.add(entry)
