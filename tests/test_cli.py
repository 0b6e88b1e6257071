"""The command as people and scripts use it: what it prints, on which stream, and how it ends."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.entry import hoisted, run
from gateway.db import Database
from gateway.migrations import migrate
from gateway.models.queues import Door, JournalEntry
from gateway.rules.admission import Outcome
from gateway.services import blobs, journal
from gateway.services.journal import Incoming
from tests.conftest import NOW

SYSMO = (sys.executable, "-m", "gateway")
ROOT = Path(__file__).parents[1]
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


@pytest.fixture
def empty(
    empty_database_url: str, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> Iterator[Installation]:
    """An installation whose database has no tables yet."""
    installation = Installation(tmp_path, empty_database_url, capsysbinary)
    yield installation
    installation.database.close()


@pytest.fixture
def office(empty: Installation) -> Installation:
    """An installation that is ready for use."""
    migrate(empty.database)
    return empty


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param("topic list", "topic list", id="without it"),
        pytest.param("--config a topic list", "--config a topic list", id="in front"),
        pytest.param("topic list --config a --json", "--config a topic list --json", id="behind"),
        pytest.param("topic --config=a list", "--config=a topic list", id="in one word, in the middle"),
        pytest.param("topic list --config", "--config topic list", id="its file is missing"),
        pytest.param("topic add -- --config", "topic add -- --config", id="not after a lone --"),
    ],
)
def test_hoisted(arguments: str, expected: str) -> None:
    assert hoisted(arguments.split()) == expected.split()


# Starting out


def test_a_fresh_database_asks_to_be_migrated_and_then_works(empty: Installation) -> None:
    before = empty.sysmo("topic", "list")
    assert before.status == 2
    assert "[database] url" in before.err
    assert "sysmo migrate" in before.err
    assert empty.sysmo("migrate").status == 0
    assert empty.sysmo("migrate").status == 0
    assert empty.sysmo("topic", "list", "--json").json == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        pytest.param(["nonsense"], "nonsense", id="no such command"),
        pytest.param(["topic", "list", "--nonsense"], "--nonsense", id="no such option"),
        pytest.param(["user", "add"], "EMAIL", id="an argument is missing"),
        pytest.param(["mail", "list", "--box", "side"], "side", id="no such choice"),
        pytest.param(["mail", "list", "--outcome", "lost"], "outcome", id="no such outcome"),
        pytest.param(["export", "--since", "yesterday"], "--since", id="no date"),
        pytest.param(["run", "cook"], "cook", id="no such role"),
        pytest.param(["topic", "add", " "], "name", id="a name that cannot be"),
        pytest.param(["topic", "list", "--config", "/none.toml"], "/none.toml", id="no such file"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_line(office: Installation, arguments: list[str], word: str) -> None:
    ended = office.sysmo(*arguments)
    assert ended.status == 2
    assert ended.err.startswith("sysmo: ")
    assert word in ended.err
    assert ended.err.count("\n") == 1
    assert ended.out == ""


def test_a_broken_configuration_ends_with_2_and_a_line_a_problem(office: Installation) -> None:
    office.file.write_text("[site]\nnmae = 1\n[web]\nport = -1\n")
    ended = office.sysmo("topic", "list")
    assert ended.status == 2
    assert [line.split(":")[1].strip() for line in ended.err.splitlines()] == ["[site] nmae", "[web] port"]


@pytest.mark.parametrize(
    ("command", "status"),
    [
        pytest.param("drain", 75, id="drain: a script may try again"),
        pytest.param("run", 2, id="run: nothing can start"),
        pytest.param("topic list", 2, id="a list"),
    ],
)
def test_a_database_that_is_away(office: Installation, command: str, status: int) -> None:
    office.file.write_text('[database]\nurl = "postgresql://sysmo:hunter2canary@127.0.0.1:1/none"\n')
    ended = office.sysmo(*command.split())
    assert ended.status == status
    assert ended.err.count("\n") == 1
    assert "hunter2canary" not in ended.err


# Topics and users


def test_topics_are_added_and_listed(office: Installation) -> None:
    office.sysmo("user", "add", "ana@sysmo.example", "--name", "Ana Ruiz", "--role", "operator")
    added = office.sysmo("topic", "add", "Facturación", "--operator", "ana@sysmo.example")
    assert (added.status, added.err) == (0, "")
    assert "Facturación" in added.out
    assert office.sysmo("topic", "add", "Ventas", "--address", "ventas@sysmo.example").status == 0
    assert office.sysmo("topic", "list", "--json").json == [
        {
            "type": "topic",
            "name": "Facturación",
            "address": None,
            "operators": ["ana@sysmo.example"],
            "default": True,
        },
        {
            "type": "topic",
            "name": "Ventas",
            "address": "ventas@sysmo.example",
            "operators": [],
            "default": False,
        },
    ]
    assert "ventas@sysmo.example" in office.sysmo("topic", "list").out


def test_an_unknown_operator_is_not_found(office: Installation) -> None:
    ended = office.sysmo("topic", "add", "Ventas", "--operator", "nadie@sysmo.example")
    assert (ended.status, ended.out) == (1, "")
    assert "nadie@sysmo.example" in ended.err


def test_a_user_without_password_is_sent_a_mail(office: Installation) -> None:
    added = office.sysmo("user", "add", "ana@sysmo.example", "--name", "Ana", "--role", "admin")
    assert added.status == 0
    assert added.out.count("ana@sysmo.example") == 2
    (mail,) = office.sysmo("mail", "list", "--box", "out", "--json").json
    assert (mail["to"], mail["purpose"], mail["state"]) == ("ana@sysmo.example", "reset", "queued")


def test_a_user_with_a_password_is_sent_none(office: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("caballo batería grapa\nmore\n"))
    client = ["laura@andina.example", "--name", "Laura", "--role", "client", "--password-stdin"]
    added = office.sysmo("user", "add", *client, "--company", "Andina", "--cuit", "30-99999980-4")
    assert added.status == 0
    assert office.sysmo("mail", "list", "--box", "out", "--json").json == []
    (user,) = office.sysmo("user", "list", "--json").json
    assert user.pop("created_at").endswith("Z")
    assert user == {
        "type": "user",
        "email": "laura@andina.example",
        "name": "Laura",
        "role": "client",
        "status": "active",
        "company": "30999999804",
        "phone": None,
    }


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        pytest.param(["ana", "--name", "Ana", "--role", "admin"], "email", id="no address"),
        pytest.param(["soporte@sysmo.example", "--name", "A", "--role", "client"], "email", id="ours (L7)"),
        pytest.param(["a@b.example", "--name", " ", "--role", "client"], "name", id="no name"),
        pytest.param(["a@b.example", "--name", "A", "--role", "client", "--cuit", "1"], "cuit", id="no CUIT"),
        pytest.param(
            ["a@b.example", "--name", "A", "--role", "client", "--password-stdin"], "password", id="short"
        ),
    ],
)
def test_a_user_who_cannot_be_is_refused(
    office: Installation, monkeypatch: pytest.MonkeyPatch, arguments: list[str], field: str
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("short\n"))
    ended = office.sysmo("user", "add", *arguments)
    assert ended.status == 2
    assert ended.err.startswith(f"sysmo: {field}: ")
    assert office.sysmo("user", "list", "--json").json == []


def test_users_are_reset_and_disabled(office: Installation) -> None:
    office.sysmo("user", "add", "ana@sysmo.example", "--name", "Ana", "--role", "operator")
    assert office.sysmo("user", "reset", "ANA@sysmo.example").status == 0
    assert len(office.sysmo("mail", "list", "--box", "out", "--json").json) == 2
    assert office.sysmo("user", "disable", "ana@sysmo.example").status == 0
    assert office.sysmo("user", "list", "--json").json[0]["status"] == "disabled"
    assert office.sysmo("user", "reset", "ana@sysmo.example").status == 2
    assert office.sysmo("user", "reset", "nadie@sysmo.example").status == 1
    assert office.sysmo("user", "disable", "nadie@sysmo.example").status == 1


# The ledgers


def test_mail_in_is_listed_shown_and_tried_again(office: Installation) -> None:
    failed, _waiting = office.accept(), office.accept(b"another")
    office.settle(failed, outcome=Outcome.FAILED, last_error="the reader\x1b[2J died", attempts=4)
    listed = office.sysmo("mail", "list", "--json").json
    assert [mail["outcome"] for mail in listed] == ["failed", "waiting"]
    assert office.sysmo("mail", "list", "--outcome", "failed", "--json").json == listed[:1]
    assert office.sysmo("mail", "list", "--outcome", "waiting", "--json").json == listed[1:]
    shown = office.sysmo("mail", "show", str(failed), "--json").json
    assert shown | listed[0] == shown
    assert (shown["attempts"], shown["size"]) == (4, len(RAW))
    assert "\x1b" not in office.sysmo("mail", "show", str(failed)).out
    assert office.sysmo("mail", "retry", str(failed)).status == 0
    assert office.sysmo("mail", "retry", str(failed)).status == 2
    assert [mail["outcome"] for mail in office.sysmo("mail", "list", "--json").json] == ["waiting"] * 2


def test_a_mail_is_given_out_as_it_came(office: Installation) -> None:
    assert office.sysmo("mail", "show", str(office.accept()), "--raw").printed == RAW


def test_a_stranger_cannot_draw_in_the_list(office: Installation) -> None:
    entry = office.accept()
    office.settle(entry, outcome=Outcome.HELD, from_address="a\n9  forged\x1b[2J@b.example")
    out = office.sysmo("mail", "list").out
    assert out.count("\n") == 2
    assert "\x1b" not in out


@pytest.mark.parametrize("mail_id", ["1", "out-1", "x", "-1", "out-", "9" * 30])
def test_a_mail_that_is_not_there(office: Installation, mail_id: str) -> None:
    assert office.sysmo("mail", "show", "--", mail_id).status == 1
    assert office.sysmo("mail", "retry", "--", mail_id).status == 1


# Mail from files


def test_files_are_written_down_in_the_order_given(office: Installation) -> None:
    files = [office.folder / f"{name}.eml" for name in ("b", "a")]
    for file in files:
        file.write_bytes(f"From: {file.stem}@andina.example\r\n\r\nHola\r\n".encode())
    ended = office.sysmo("ingest", *map(str, files), "--to", "Ventas@sysmo.example", "--from", "x@b.example")
    assert (ended.status, ended.err) == (0, "")
    assert "2" in ended.out
    mails = office.sysmo("mail", "list", "--json").json
    assert {(mail["door"], *mail["to"], mail["from"]) for mail in mails} == {
        ("ingest", "ventas@sysmo.example", "x@b.example")
    }
    raw = [office.sysmo("mail", "show", mail["id"], "--raw").printed for mail in mails]
    assert raw == [file.read_bytes() for file in files]


def test_a_mail_server_pipes_a_mail_and_hears_nothing(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(RAW)))
    ended = office.sysmo("ingest", "-")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert office.sysmo("mail", "show", "1", "--raw").printed == RAW


def test_a_mail_that_is_too_large_is_named_and_the_others_stay(office: Installation) -> None:
    with office.file.open("a") as file:
        file.write("[smtp]\nmax_bytes = 65536\n")
    small, large = office.folder / "small.eml", office.folder / "large.eml"
    small.write_bytes(RAW)
    large.write_bytes(RAW + b"x" * 65536)
    ended = office.sysmo("ingest", str(large), str(small))
    assert ended.status == 1
    assert str(large) in ended.err
    assert len(office.sysmo("mail", "list", "--json").json) == 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        pytest.param(["/none.eml"], "/none.eml", id="no such file"),
        pytest.param(["/"], "Maildir", id="a folder that is no Maildir"),
        pytest.param(["-", "--to", "nobody"], "--to", id="no address"),
    ],
)
def test_what_cannot_be_ingested_is_named(office: Installation, arguments: list[str], word: str) -> None:
    ended = office.sysmo("ingest", *arguments)
    assert ended.status == 2
    assert word in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("settings", "path", "status"),
    [
        pytest.param('[database]\nurl = "postgresql://u@127.0.0.1:1/x"', "-", 75, id="the database is away"),
        pytest.param('[database]\nurl = "postgresql://u@127.0.0.1:1/x"', "a.eml", 75, id="so for a file"),
        pytest.param("[site]\nnmae = 1", "-", 75, id="a mistake of ours must not send the mail back"),
        pytest.param("[site]\nnmae = 1", "a.eml", 2, id="at a prompt it is wrong usage"),
    ],
)
def test_mail_that_cannot_be_stored_now_is_to_come_again(
    office: Installation, settings: str, path: str, status: int
) -> None:
    office.file.write_text(settings)
    ended = office.sysmo("ingest", path)
    assert ended.status == status
    assert ended.err.count("\n") == 1


# Export, drain, check


def test_the_export_is_json_lines_and_since_leaves_out(office: Installation) -> None:
    office.sysmo("topic", "add", "Facturación")
    office.accept()
    exported = office.sysmo("export")
    assert exported.status == 0
    assert [line["type"] for line in exported.lines] == ["topic", "mail_in"]
    assert "Facturación" in exported.out
    local_day = (NOW - timedelta(hours=3)).date()
    assert len(office.sysmo("export", "--since", str(local_day)).lines) == 2
    assert len(office.sysmo("export", "--since", str(local_day + timedelta(days=1))).lines) == 1


def test_drain_waits_for_both_queues(office: Installation) -> None:
    assert office.sysmo("drain", "--timeout", "0").status == 0
    office.sysmo("user", "add", "ana@sysmo.example", "--name", "Ana", "--role", "operator")
    assert office.sysmo("drain", "--timeout", "0").status == 1
    entry = office.accept()
    assert "1" in office.sysmo("drain", "--timeout", "0.3").out
    office.settle(entry, outcome=Outcome.HELD)
    assert office.sysmo("drain", "--timeout", "0").status == 1


def test_check_finds_nothing_wrong_with_a_sound_installation(office: Installation) -> None:
    office.sysmo("topic", "add", "Facturación")
    ended = office.sysmo("check", "--json")
    assert ended.status == 0, ended.out
    assert ended.json["ok"] is True
    assert not [each for each in ended.json["findings"] if each["level"] == "problem"]
    assert {"books", "blobs", "database", "disk", "journal", "outbox", "topics.unserved"} <= {
        each["check"] for each in ended.json["findings"]
    }
    assert "Facturación" in office.sysmo("check").out


def test_check_names_what_is_wrong(office: Installation) -> None:
    entry = office.accept()
    office.settle(entry, outcome=Outcome.OPENED)
    ended = office.sysmo("check", "--json")
    assert ended.status == 1
    (wrong,) = [each for each in ended.json["findings"] if each["level"] == "problem"]
    assert wrong["check"] == "books.no-message"
    assert wrong["details"] == {"count": 1, "examples": [str(entry)]}
    assert "✗" in office.sysmo("check").out


def test_check_sees_settings_that_cannot_be_meant(office: Installation) -> None:
    with office.file.open("a") as file:
        file.write('[site]\nbase_url = "http://soporte.sysmo.example"\n[trust]\ndkim = false\n')
    ended = office.sysmo("check", "--json")
    assert ended.status == 1
    assert [each["check"] for each in ended.json["findings"] if each["level"] == "problem"] == [
        "settings.base_url",
        "settings.trust",
    ]


# The process itself


def test_the_language_of_the_site_is_spoken(office: Installation) -> None:
    assert "Por defecto" in office.sysmo("topic", "list").out
    with office.file.open("a") as file:
        file.write('[site]\nlanguage = "en"\n')
    assert "Default" in office.sysmo("topic", "list").out


def test_a_list_loads_no_server_and_no_migrations() -> None:
    code = (
        "import sys, gateway.cli; heavy = {'uvicorn', 'starlette', 'alembic', 'aiosmtpd', 'aiosmtplib',"
        " 'imapclient'}; sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_who_reads_only_the_first_line_of_an_export_causes_no_traceback(office: Installation) -> None:
    for number in range(20):
        office.sysmo("topic", "add", f"{number} " + "x" * 100)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as broken:
        command = [*SYSMO, "export", "--config", str(office.file)]
        done = subprocess.run(
            command, cwd=ROOT, stdout=broken, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.stderr == ""
    assert done.returncode == 1


def test_run_says_where_it_listens_and_how_to_become_administrator(
    office: Installation, free_port: Callable[[], int]
) -> None:
    smtp, web = free_port(), free_port()
    with office.file.open("a") as file:
        file.write(f"[smtp]\nport = {smtp}\n[web]\nport = {web}\n")
    command = [*SYSMO, "run", "--config", str(office.file)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    said = [process.stdout.readline() for _ in range(4)]
    assert "roles.started" in process.stderr.readline()  # from here on it listens to signals
    process.terminate()
    rest, log = process.communicate(timeout=60)
    assert f"http://127.0.0.1:{web}" in said[0]
    assert f"127.0.0.1:{smtp}" in said[1]
    assert str(office.folder / "data" / "sent") in said[2]
    assert "http://127.0.0.1:8000/instalar/" in said[3]
    assert rest == ""
    assert "Traceback" not in log
    assert process.returncode == 0, log


def test_run_names_a_port_that_is_taken(office: Installation, taken_port: int) -> None:
    with office.file.open("a") as file:
        file.write(f"[smtp]\nport = {taken_port}\n")
    command = [*SYSMO, "run", "smtp", "--config", str(office.file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "sysmo: [smtp] " in done.stderr
    assert str(taken_port) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def free_port() -> Callable[[], int]:
    def find() -> int:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port: int = listener.getsockname()[1]
            return port

    return find


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
