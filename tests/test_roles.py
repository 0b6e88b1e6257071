"""Roles are chosen, started, watched and stopped; one that fails takes no other along (O7)."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import roles
from gateway.config import Config
from gateway.errors import ConfigError
from gateway.roles import ROLES, chosen, load
from gateway.runtime import Runtime
from tests import strange_roles
from tests.processes import Installation

Strange = Callable[..., None]

MAILBOX = {"host": "imap.example", "username": "soporte", "password": "secreto"}


@pytest.fixture
def strange(monkeypatch: pytest.MonkeyPatch) -> Strange:
    """Let names of roles stand for strange ones, which are tried again at once."""
    strange_roles.STARTS.clear()
    monkeypatch.setattr(roles, "FIRST_PAUSE", 0.001)

    def replace(**names: str) -> None:
        for name, function in names.items():
            monkeypatch.setitem(ROLES, name, f"tests.strange_roles:{function}")

    return replace


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """The real process, on SQLite: which database it is makes no difference here."""
    return Installation(tmp_path / "installation", f"sqlite:///{tmp_path}/sysmo.db")


async def until_started(name: str, times: int) -> None:
    async with asyncio.timeout(30):
        while strange_roles.STARTS.count(name) < times:
            await asyncio.sleep(0.001)


async def stop(task: "asyncio.Task[None]") -> None:
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("names", "settings", "expected"),
    [
        pytest.param([], {}, ["smtp", "processor", "mailer", "scheduler", "web"], id="all with work to do"),
        pytest.param(
            [],
            {"smtp": {"enabled": False}, "imap": {"a": MAILBOX}},
            ["imap", "processor", "mailer", "scheduler", "web"],
            id="no listener, a mailbox",
        ),
        pytest.param(["mailer", "smtp", "mailer"], {}, ["mailer", "smtp"], id="those named, once each"),
        pytest.param(["imap"], {}, ["imap"], id="one named, though it has nothing to do"),
    ],
)
def test_chosen(names: list[str], settings: dict, expected: list[str]) -> None:
    assert chosen(Config(**settings), names) == expected


def test_an_unknown_role_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="unknown role smpt; there are: smtp imap processor"):
        chosen(Config(), ["smtp", "smpt"])


@pytest.mark.parametrize("name", ROLES)
def test_every_role_can_be_loaded(name: str) -> None:
    assert asyncio.iscoroutinefunction(load(name))


@pytest.mark.parametrize("function", ["failing", "ending", "without_a_file"])
async def test_a_role_that_fails_is_started_again_and_takes_no_other_along(
    runtime: Runtime, strange: Strange, function: str
) -> None:
    strange(smtp=function, web="steady")
    task = asyncio.create_task(roles._run(runtime, ["smtp", "web"]))
    await until_started(function, 4)
    await stop(task)
    assert strange_roles.STARTS.count("steady") == 1


@pytest.mark.parametrize(
    ("function", "line"),
    [
        pytest.param("misconfigured", "[mailer] dkim_key: no such file", id="what it says itself"),
        pytest.param("port_in_use", "[smtp] port: address already in use", id="a port in use"),
    ],
)
async def test_a_role_that_cannot_start_as_configured_stops_all(
    runtime: Runtime, strange: Strange, function: str, line: str
) -> None:
    strange(smtp=function, web="steady")
    with pytest.raises(ConfigError) as caught:
        await roles._run(runtime, ["smtp", "web"])
    assert caught.value.problems == [line]


async def test_once_it_has_run_a_role_is_never_a_reason_to_stop_the_others(
    runtime: Runtime, strange: Strange
) -> None:
    strange(smtp="later_misconfigured", web="steady")
    task = asyncio.create_task(roles._run(runtime, ["smtp", "web"]))
    await until_started("later_misconfigured", 4)
    await stop(task)


@pytest.mark.parametrize("role", ["smtp", "web"])
def test_a_port_in_use_is_one_line_that_names_it(installation: Installation, role: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        installation.configure(**{role: {"port": taken.getsockname()[1]}})
        done = installation.command("run", role)
    assert done.returncode == 2
    (line,) = done.stderr.decode().strip().splitlines()[-1:]
    assert line.count(f"[{role}]") == 1
    assert "in use" in line


def test_an_unknown_role_is_a_wrong_use(installation: Installation) -> None:
    done = installation.command("run", "smpt")
    assert (done.returncode, done.stderr.decode().count("\n")) == (2, 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_in_good_order(installation: Installation, number: signal.Signals) -> None:
    with installation.start() as process:
        process.port("smtp")
        process.port("web")
        process.signal(number)
        process.wait_for("roles.stopped")
        assert process._process.wait(30) == 0


@pytest.mark.parametrize("function", ["stubborn", "with_a_thread_that_never_ends"])
def test_what_does_not_end_is_ended(tmp_path: Path, function: str) -> None:
    script = (
        "import sys\n"
        "from gateway import roles\n"
        "from gateway.config import Config\n"
        "from gateway.db import Database\n"
        "from gateway.runtime import Runtime\n"
        f"roles.ROLES['web'] = 'tests.strange_roles:{function}'\n"
        "roles.STOP_SECONDS, roles.LAST_SECONDS = 0.1, 0.3\n"
        "config = Config()\n"
        "roles.open_runtime = lambda config: Runtime(\n"
        "    config=config, db=Database('sqlite:///' + sys.argv[1]), secret=b'x')\n"
        "roles.run_roles(config, ['web'])\n"
    )
    root = Path(roles.__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "a.db")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        assert process.wait(30) in (0, 1)
