"""The program as it is installed, on a folder and a database of its own, with topics and operators."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

from benchmarks import corpus, words
from benchmarks.processes import ROOT, end, environment
from gateway.config import Config, load
from gateway.db import Database
from gateway.rules.people import Role
from gateway.runtime import steady_clock
from gateway.services import accounts, topics

START_SECONDS = 30.0
LOOK_SECONDS = 0.02
LOG_TAIL = 4000

Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Installation:
    """Where everything is. `profiles`: a folder for profiles, one below it for each set of roles; or None."""

    folder: Path
    config: Config
    database: Database
    profiles: Path | None = None

    @property
    def file(self) -> Path:
        return self.folder / "config.toml"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def log_tail(self) -> str:
        """The end of the log, for whoever must find out why a run failed."""
        return self.log.read_text("utf-8", "replace")[-LOG_TAIL:]

    @contextmanager
    def running(self, *roles: str, relay_port: int | None = None) -> Iterator["Running"]:
        """Run `sysmo run ROLES` in a process of its own; stop it at the end."""
        profiles = self.profiles / ("-".join(roles) or "all") if self.profiles is not None else None
        relay = {"SYSMO_MAILER__PORT": str(relay_port)} if relay_port is not None else {}
        with self.log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  our own command
                [*_command(profiles), "--config", str(self.file), "run", *roles],
                cwd=self.folder,
                env=environment() | relay,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Running(process, self)
        finally:
            end(process)


@dataclass(frozen=True, slots=True)
class Running:
    process: "subprocess.Popen[bytes]"
    installation: Installation

    def wait_for(self, event: str) -> dict[str, Any]:
        """Return the first line of the log with this event; RuntimeError when there is none in time."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            for line in self.installation.log.read_text("utf-8", "replace").splitlines():
                if f'"{event}"' in line and line.startswith("{") and line.endswith("}"):
                    found: dict[str, Any] = json.loads(line)
                    return found
            time.sleep(LOOK_SECONDS)
        raise RuntimeError(f"no {event} in the log: {self.installation.log_tail()}")

    def smtp_port(self) -> int:
        return int(self.wait_for("smtp.listening")["port"])


@contextmanager
def installation(
    settings: Settings, *, database: str = "", profiles: Path | None = None
) -> Iterator[Installation]:
    """Make one, migrated and with its people; all of it is removed at the end.

    `database`: the URL of a PostgreSQL server's database, beside which a new one is made, or "" for
    SQLite in the folder.
    """
    with tempfile.TemporaryDirectory(prefix="sysmo-bench-") as name, _own_database(database) as url:
        folder = Path(name)
        sections = {**_COMMON, **({"database": {"url": url}} if url else {}), **settings}
        (folder / "config.toml").write_text(_toml(sections), encoding="utf-8")
        subprocess.run(  # noqa: S603  our own command
            [*_command(None), "--config", str(folder / "config.toml"), "migrate"],
            env=environment(),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        config = load(folder / "config.toml")
        rows = Database(config.database.url.get_secret_value(), pool=2)
        try:
            _people(rows, config)
            yield Installation(folder, config, rows, profiles)
        finally:
            rows.close()


_COMMON: Settings = {
    "smtp": {"port": 0},
    "web": {"port": 0},
    "log": {"format": "json"},
}


def relay_settings() -> Settings:
    """Settings of a mailer that hands our mail to the loopback; `running` is told the port."""
    return {"mailer": {"transport": "smtp", "host": "127.0.0.1", "security": "none"}}


def _command(profiles: Path | None) -> Sequence[str]:
    if profiles is not None:
        profiles.mkdir(parents=True, exist_ok=True)
        return sys.executable, str(ROOT / "benchmarks" / "profiled.py"), str(profiles.resolve())
    return (str(Path(sys.executable).with_name("sysmo")),)


def _people(database: Database, config: Config) -> None:
    """The first administrator, topics and operators; no password, since nobody signs in."""
    now = steady_clock()
    with database.transaction() as session:
        for topic, name in enumerate(words.TOPICS):
            serving = corpus.operators(topic)
            for each in serving:
                accounts.create_user(
                    session, config.mail, email=each.email, name=each.name, role=Role.OPERATOR, now=now()
                )
            topics.add_topic(
                session,
                name,
                address=corpus.topic_address(topic),
                operators=[each.email for each in serving],
                reply_address=config.mail.reply_address,
                now=now(),
            )


@contextmanager
def _own_database(url: str) -> Iterator[str]:
    """A new database on the server, dropped at the end; its URL. "" stays ""."""
    if not url:
        yield ""
        return
    name = f"sysmo_bench_{os.getpid()}_{secrets.token_hex(4)}"
    server = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


def _toml(sections: Settings, above: str = "") -> str:
    """Settings as TOML; JSON's strings, numbers, booleans and lists are TOML's, too."""
    lines = []
    for section, values in sections.items():
        plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
        if plain:
            lines.append(f"[{above}{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
        inner = {key: value for key, value in values.items() if isinstance(value, Mapping)}
        lines += [_toml(inner, f"{above}{section}.")] if inner else []
    return "\n".join(lines) + "\n"
