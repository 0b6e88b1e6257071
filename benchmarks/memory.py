"""`memory`: resident MB of the whole of `sysmo run`, the reading child included.

Idle is the larger of two: some seconds after the start, and after some mails, with the child still
there. The peak is of ten mails of 25 MB that come in at once. The references are the promises.
"""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from benchmarks import ledger, manifest, processes
from benchmarks.corpus import SCREENSHOT, Attached, Letter
from benchmarks.figures import Figure, tell
from benchmarks.installation import Installation, installation, relay_settings
from benchmarks.scope import Scope
from benchmarks.wire import plain_route

IDLE_MB = 150.0
PEAK_MB = 512.0
MB = 1_000_000
HANDLED = 20
AT_ONCE = 10
SAMPLE_SECONDS = 0.05
BASE64 = 57 / 78
"""Octets of a file in those of a mail: lines of 76 letters and their ends."""


def measure(scope: Scope) -> list[Figure]:
    settings = relay_settings()
    requests = [each for each in scope.letters() if each.place == 0]
    small, large = requests[:HANDLED], requests[HANDLED : HANDLED + AT_ONCE]
    with (
        tempfile.TemporaryDirectory(prefix="sysmo-bench-") as name,
        processes.helper("discard") as relay,
        installation(settings, database=scope.database) as ours,
        ours.running(relay_port=relay.hear()["port"]) as running,
    ):
        folder, port, process = Path(name), running.smtp_port(), psutil.Process(running.process.pid)
        time.sleep(scope.idle_seconds)
        fresh = resident(process)
        _bring(ours, folder / "small", port, small)
        time.sleep(scope.idle_seconds)
        used = resident(process)
        with peak(process) as most:
            _bring(ours, folder / "large", port, [_with_large_file(each, scope) for each in large])
        after = resident(process)
    tell("memory", f"{fresh:.0f} MB at first, {used:.0f} after {HANDLED} mails, {after:.0f} after the peak")
    return [
        Figure("memory", max(fresh, used), "MB", IDLE_MB),
        Figure("memory-peak", max(most), "MB", PEAK_MB),
    ]


def resident(process: psutil.Process) -> float:
    """MB resident of a process and all below it; what they share counts for each of them."""
    octets = 0
    for each in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            octets += each.memory_info().rss
    return octets / MB


@contextmanager
def peak(process: psutil.Process) -> Iterator[list[float]]:
    """What was resident, moment by moment, while the body ran."""
    samples = [resident(process)]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(SAMPLE_SECONDS):
            samples.append(resident(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield samples
    finally:
        over.set()
        watcher.join()


def _bring(ours: Installation, folder: Path, port: int, letters: list[Letter]) -> None:
    """Bring mails over a connection each, all at once, and wait until every notice of them is out."""
    mails = manifest.write(folder, ((each, plain_route(each)) for each in letters))
    processes.ask("load", port, mails, len(letters), "memory")
    ledger.wait_for_none(ours, ledger.unsettled)
    ledger.wait_for_none(ours, ledger.unsent)


def _with_large_file(letter: Letter, scope: Scope) -> Letter:
    file = Attached(SCREENSHOT, "Captura grande.png", int(scope.large_octets * BASE64), letter.thread)
    return replace(letter, files=(file,))
