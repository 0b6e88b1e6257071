"""Where the configuration is, what wrong usage says, and how a command ends."""

import os
import subprocess
import sys

import pytest

from gateway.cli.entry import hoisted
from tests.cli.installation import ROOT, SYSMO, Installation


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
