"""`intake`: mails a second answered 250 over 20 connections, beside a bare aiosmtpd that discards.

Ours runs its smtp role alone. Both listen all the time and get the same mails from the same client,
in turns; each round the mails bear another trace line, or ours would find their blobs there already.
"""

import tempfile
from pathlib import Path

from benchmarks import manifest, processes
from benchmarks.figures import Figure, middle, tell
from benchmarks.installation import installation
from benchmarks.scope import Scope
from benchmarks.wire import plain_route

CONNECTIONS = 20


def measure(scope: Scope) -> list[Figure]:
    rounds = []
    with (
        tempfile.TemporaryDirectory(prefix="sysmo-bench-") as folder,
        installation({}, database=scope.database, profiles=scope.profiles_of("intake")) as ours,
        processes.helper("discard") as bare,
    ):
        letters = scope.letters()
        mails = manifest.write(Path(folder) / "mails", ((each, plain_route(each)) for each in letters))
        bare_port = bare.hear()["port"]
        with ours.running("smtp") as running:
            port = running.smtp_port()
            for number in range(scope.rounds):
                theirs = _rate(bare_port, mails, f"bare-{number}", len(letters))
                rounds.append((_rate(port, mails, f"ours-{number}", len(letters)), theirs))
    return [middle(rounds, "intake", "mails/s")]


def _rate(port: int, mails: Path, mark: str, count: int) -> float:
    brought = processes.ask("load", port, mails, CONNECTIONS, mark)
    tell("intake", f"{mark}: the client was busy for {brought['busy']:.0%} of the time")
    rate: float = count / (brought["ended"] - brought["began"])
    return rate
