"""The clock that leases are measured with, and the name that says whether a worker is gone (O12, E4)."""

import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gateway.db import Database
from gateway.runtime import Runtime, is_dead, steady_clock, time_of, worker_name
from tests.factories import AT

NAME_ITSELF = "from gateway.runtime import worker_name; print(worker_name(), flush=True); "


def test_the_clock_goes_on_from_where_it_began_whatever_the_wall_says() -> None:
    clock = steady_clock(AT)
    first, second = clock(), clock()
    assert AT <= first <= second < AT + timedelta(hours=1)
    assert first.tzinfo is UTC


def test_without_a_beginning_the_clock_says_what_the_wall_says() -> None:
    before = datetime.now(UTC)
    now = steady_clock()()
    assert now >= before
    assert now.utcoffset() == timedelta(0)


def test_all_who_share_a_database_have_its_time(database: Database) -> None:
    def wall() -> datetime:
        if database.is_sqlite:
            return datetime.now(UTC)
        with database.engine.connect() as connection:
            now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now

    before = wall()
    told = time_of(database)
    assert before <= told <= wall()
    assert told.tzinfo is UTC


def test_who_runs_is_not_dead() -> None:
    assert worker_name() == worker_name()
    assert worker_name().startswith(f"{socket.gethostname()}/{os.getpid()}/")
    assert not is_dead(worker_name())


def test_a_process_that_was_killed_is_dead_and_one_that_is_stopped_is_not() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", NAME_ITSELF + "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        name = process.stdout.readline().decode().strip()
        process.send_signal(signal.SIGSTOP)
        assert not is_dead(name)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_dead(name), "also while nobody has waited for it"
    assert is_dead(name)


@pytest.mark.parametrize(
    ("worker", "dead"),
    [
        pytest.param(f"{socket.gethostname()}/{os.getpid()}/1", True, id="an earlier process with our pid"),
        pytest.param(f"elsewhere/{os.getpid()}/1", False, id="another machine's, of which we know nothing"),
        pytest.param("a name", False, id="no name of ours"),
        pytest.param(f"{socket.gethostname()}/x/1", False, id="no pid"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_is_dead(worker: str, dead: bool) -> None:
    assert is_dead(worker) is dead


def test_the_folder_of_blobs_is_the_configured_one(runtime: Runtime, tmp_path: Path) -> None:
    assert runtime.blobs == tmp_path / "blobs"
