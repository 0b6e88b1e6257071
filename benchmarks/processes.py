"""Programs of a benchmark in processes of their own: ours, and those beside it.

Each gets what it needs as arguments and says on its standard output, a JSON object a line, what
there is to know: `{"port": …}` when it listens.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 40.0


class Helper:
    """A running module of this package."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def hear(self) -> Any:
        """Return the next object it says; RuntimeError when it ends without one."""
        assert self.process.stdout is not None  # noqa: S101  it is a pipe, see `helper`
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args!r} ended with {self.process.wait()}")
        return json.loads(line)


@contextmanager
def helper(module: str, *arguments: object) -> Iterator[Helper]:
    """Run `python -m benchmarks.MODULE ARGUMENTS`, to be ended at the end."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603  our own
    try:
        yield Helper(process)
    finally:
        end(process)


def ask(module: str, *arguments: object) -> Any:
    """Run a module of this package that says one thing and ends; return what it said."""
    with helper(module, *arguments) as asked:
        return asked.hear()


def say(**words: Any) -> None:
    """What such a module says."""
    print(json.dumps(words), flush=True)


def end(process: "subprocess.Popen[Any]") -> None:
    """Ask a process to end, and see that it does."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def environment() -> dict[str, str]:
    """The environment without settings of ours: the configuration of a benchmark is its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SYSMO_")}
