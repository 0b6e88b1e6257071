"""`pipeline`: mails a second from SMTP to committed ticket and queued notices, beside parsing alone.

Ours runs smtp and processor in one process. Threads come in three waves, each brought when the one
before is settled: requests; the operators' first answers, to the reply address in their notice; the
rest, to the reply addresses in what those caused. The waves' times are added, the pauses are not.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import ledger, manifest, processes
from benchmarks.corpus import Letter
from benchmarks.figures import Figure, middle, tell
from benchmarks.installation import Installation, installation
from benchmarks.scope import Scope
from benchmarks.wire import Route, plain_route

CONNECTIONS = 20
ROUNDS = 3
"""At most: a round of this one is long, and its reference steady."""
EFFECT = {"opened", "appended"}


def measure(scope: Scope) -> list[Figure]:
    rounds = []
    for _ in range(min(scope.rounds, ROUNDS)):
        with (
            tempfile.TemporaryDirectory(prefix="sysmo-bench-") as name,
            installation({}, database=scope.database, profiles=scope.profiles_of("pipeline")) as ours,
        ):
            rate = len(letters := scope.letters()) / _seconds(ours, letters, Path(name))
            alone = processes.ask("parsing", name)
            rounds.append((rate, alone["count"] / alone["seconds"]))
    return [middle(rounds, "pipeline", "mails/s")]


def _seconds(ours: Installation, letters: list[Letter], folder: Path) -> float:
    """Bring all letters in; return how long they took."""
    seconds = 0.0
    with ours.running("smtp", "processor") as running:
        port = running.smtp_port()
        for number, wave in enumerate(_waves(letters)):
            mails = manifest.write(folder / str(number), zip(wave, _routes(ours, wave), strict=True))
            brought = processes.ask("load", port, mails, CONNECTIONS, f"wave-{number}")
            ledger.wait_for_none(ours, ledger.unsettled)
            with ours.database.snapshot() as session:
                took = ledger.last_settled(session) - brought["began"]
            in_door = brought["ended"] - brought["began"]
            tell("pipeline", f"{len(wave)} mails in {took:.2f} s, answered 250 in {in_door:.2f} s")
            seconds += took
    _check(ours, letters)
    return seconds


def _waves(letters: list[Letter]) -> list[list[Letter]]:
    waves: tuple[list[Letter], ...] = ([], [], [])
    for letter in letters:
        waves[min(letter.place, 2)].append(letter)
    return [wave for wave in waves if wave]


def _routes(ours: Installation, wave: list[Letter]) -> Iterator[Route]:
    """Requests go to their topic, answers to the reply address of the mail they answer."""
    with ours.database.snapshot() as session:
        known = ledger.answers(session)
    for letter in wave:
        opening = letter
        while opening.answers is not None:
            opening = opening.answers
        yield known[opening.writer.email, letter.writer.email] if letter.place else plain_route(letter)


def _check(ours: Installation, letters: list[Letter]) -> None:
    """RuntimeError unless every thread is a request and every other mail an answer to it."""
    with ours.database.snapshot() as session:
        found, queued = ledger.outcomes(session), ledger.states(session)
    tell("pipeline", f"in: {found}, out: {queued}")
    opened = sum(letter.place == 0 for letter in letters)
    if found.get("opened") != opened or sum(found[each] for each in EFFECT & found.keys()) != len(letters):
        raise RuntimeError(f"mails that had another outcome than they should: {found}")
