"""A process dies where a test says, and nowhere else."""

import os
import signal
import subprocess
import sys

import pytest

SCRIPT = """
from gateway import failpoints
for number in range(1, 4):
    failpoints.hit("S4")
    failpoints.hit("S5")
    print(number, flush=True)
"""


@pytest.mark.parametrize(
    ("wanted", "status", "printed"),
    [
        pytest.param("", 0, ["1", "2", "3"], id="no failpoint"),
        pytest.param("S9", 0, ["1", "2", "3"], id="one that is never reached"),
        pytest.param("S4", -signal.SIGKILL, [], id="the first time"),
        pytest.param("S5:3", -signal.SIGKILL, ["1", "2"], id="the third time"),
    ],
)
def test_hit(wanted: str, status: int, printed: list[str]) -> None:
    environment = {**os.environ, "SYSMO_FAILPOINT": wanted}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode().split()) == (status, printed)
