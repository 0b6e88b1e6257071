"""A whole installation for tests: its folder, its database, the real process, killed where asked.

The mail client behaves as an MTA does: it sends again whatever was not answered 250.
"""

import contextlib
import json
import os
import queue
import re
import signal
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlmodel import Session

from gateway.db import Database
from gateway.migrations import migrate
from gateway.services import books, journal, outbox

START_SECONDS = 30
END_SECONDS = 30
RETRY_SECONDS = 0.05


@dataclass(frozen=True)
class Letter:
    """A mail for an MTA to deliver."""

    message_id: str
    sender: str
    recipient: str
    data: bytes


@dataclass
class Installation:
    """A folder with a config.toml and a migrated database; commands and processes run on it."""

    folder: Path
    database_url: str
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        database = Database(self.database_url, pool=2)
        migrate(database)
        database.close()
        self.configure()

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def configure(self, **sections: dict[str, Any]) -> None:
        """Write config.toml: ports of the system's choice, and what the test wants."""
        wanted: dict[str, dict[str, Any]] = {
            "site": {"secret": "a secret for tests only"},
            "database": {"url": self.database_url},
            "smtp": {"port": 0},
            "web": {"port": 0},
        }
        for name, section in (self.settings | sections).items():
            wanted[name] = wanted.get(name, {}) | section
        self.config.write_text(toml(wanted), encoding="utf-8")

    def command(self, *words: str, give: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run `sysmo` and wait for it."""
        return subprocess.run(
            [sys.executable, "-m", "gateway", "--config", str(self.config), *words],
            input=give,
            capture_output=True,
            timeout=120,
            check=False,
            env=environment(),
        )

    def json(self, *words: str) -> list[Any]:
        """Run `sysmo` and return what it printed, line by line or as one list."""
        done = self.command(*words)
        assert done.returncode == 0, done.stderr.decode()
        text = done.stdout.decode()
        if text.lstrip().startswith("["):
            return list(json.loads(text))
        return [json.loads(line) for line in text.splitlines() if line.strip()]

    def start(self, *roles: str, failpoint: str = "", **variables: str) -> "Process":
        """Start `sysmo run`; a failpoint kills it there."""
        extra = variables | ({"SYSMO_FAILPOINT": failpoint} if failpoint else {})
        return Process(
            [sys.executable, "-m", "gateway", "--config", str(self.config), "run", *roles],
            environment(**extra),
        )

    def drain(self, seconds: int = 60) -> None:
        done = self.command("drain", "--timeout", str(seconds))
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()

    def drain_journal(self) -> None:
        """Wait until every accepted mail has its outcome."""
        self._wait_for_none(journal.waiting)

    def drain_outbox(self) -> None:
        """Wait until nothing is to be sent now."""
        self._wait_for_none(lambda session: outbox.due(session, now=datetime.now(UTC)))

    def _wait_for_none(self, left: Callable[[Session], int]) -> None:
        database = Database(self.database_url, pool=2)
        deadline = time.monotonic() + END_SECONDS
        try:
            while time.monotonic() < deadline:
                with database.snapshot() as session:
                    if left(session) == 0:
                        return
                time.sleep(0.05)
        finally:
            database.close()
        raise AssertionError("something is still to be done")

    def check_books(self) -> None:
        """The books balance, as `sysmo check` would find them."""
        database = Database(self.database_url, pool=2)
        with database.snapshot() as session:
            found = list(books.differences(session))
        database.close()
        assert found == []


class Process:
    """A running `sysmo run`; its log is read as it comes. Leaving the block ends it."""

    def __init__(self, words: Sequence[str], variables: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=variables, start_new_session=True
        )
        self.log: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(END_SECONDS)
        self._reader.join(END_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Return the first line of the log, past or to come, that matches."""
        deadline = time.monotonic() + START_SECONDS
        for line in self.log:
            if found := re.search(pattern, line):
                return found
        while (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                line_or_end = self._lines.get(timeout=left)
                if line_or_end is None:
                    break
                self.log.append(line_or_end)
                if found := re.search(pattern, line_or_end):
                    return found
        raise AssertionError(f"no {pattern!r} in the log:\n" + "".join(self.log[-40:]))

    def wait_for_true(self, asked: Callable[[], bool]) -> None:
        """Wait until something outside of it is so."""
        deadline = time.monotonic() + END_SECONDS
        while not asked():
            assert time.monotonic() < deadline, "".join(self.lines())
            time.sleep(0.1)

    def lines(self) -> list[str]:
        """The log so far."""
        with contextlib.suppress(queue.Empty):
            while True:
                self.log += [line for line in [self._lines.get_nowait()] if line is not None]
        return self.log

    def port(self, role: str) -> int:
        """The port that `smtp` or `web` listens on."""
        return int(self.wait_for(rf"{role}\.listening.* port=(\d+)")[1])

    def wait_killed(self, seconds: float = END_SECONDS) -> None:
        """Wait until the failpoint ended it."""
        assert self._process.wait(seconds) == -signal.SIGKILL, "".join(self.log[-20:])

    def is_running(self) -> bool:
        return self._process.poll() is None

    def terminate(self) -> int:
        """SIGTERM, and the exit status."""
        self._process.terminate()
        return self._process.wait(END_SECONDS)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(END_SECONDS)

    def signal(self, number: int) -> None:
        os.kill(self._process.pid, number)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError):
            for line in self._process.stdout:
                self._lines.put(line.decode("utf-8", "replace"))
        self._lines.put(None)


def environment(**extra: str) -> dict[str, str]:
    """The environment of a test's process: ours without any setting of Sysmo."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SYSMO_")}
    return clean | extra


def toml(sections: dict[str, dict[str, Any]]) -> str:
    """Write sections of plain values; JSON's strings, numbers, booleans and lists are TOML's, too."""
    lines = []
    for name, section in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in section.items()]
    return "\n".join(lines) + "\n"


def letters(count: int, *, recipient: str = "soporte@example.com") -> list[Letter]:
    """Mails that differ in everything that matters, each from a person of its own."""
    found = []
    for number in range(count):
        sender = f"cliente{number}@empresa{number % 50}.example"
        message_id = f"carta-{number}@empresa.example"
        data = (
            f"From: Cliente {number} <{sender}>\r\nTo: {recipient}\r\nSubject: Pedido {number}\r\n"
            f"Message-ID: <{message_id}>\r\nDate: Mon, 11 May 2026 17:48:00 -0300\r\n\r\n"
            f"Hola, necesito ayuda con el pedido {number}.\r\n"
        )
        found.append(Letter(message_id, sender, recipient, data.encode()))
    return found


def deliver(letter: Letter, port: int) -> bool:
    """Try once; whether it was answered 250."""
    try:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="mta.example", timeout=30) as client:
            client.sendmail(letter.sender, [letter.recipient], letter.data)
    except (smtplib.SMTPException, OSError):
        return False
    return True


def deliver_all(waiting: Sequence[Letter], port: int, *, connections: int = 8) -> list[Letter]:
    """Try each once, some at a time; return what was answered 250."""
    with ThreadPoolExecutor(connections) as pool:
        answers = pool.map(lambda letter: deliver(letter, port), waiting)
        return [letter for letter, taken in zip(waiting, answers, strict=True) if taken]
