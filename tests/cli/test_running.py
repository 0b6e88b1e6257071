"""`sysmo run` as the process it is."""

import socket
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.cli.installation import ROOT, SYSMO, Installation


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
    assert f"http://127.0.0.1:{web}/instalar/" in said[3]
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
