"""How much a run of the benchmarks measures, and on what."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks import corpus
from benchmarks.corpus import Letter

ROUNDS = 5
REQUESTS = 1_000_000
DATA = Path("data-bench")


@dataclass(frozen=True, slots=True)
class Scope:
    """What the command line asked for. Fewer mails are for a quick look: such figures wander."""

    mails: int = corpus.COUNT
    rounds: int = ROUNDS
    pushes: int = 30
    idle_seconds: float = 10.0
    large_octets: int = 25_000_000
    database: str = ""
    profiles: Path | None = None
    requests: int = REQUESTS
    data: Path = DATA  # where databases of so many requests are kept for the next run

    def letters(self) -> list[Letter]:
        return corpus.make(self.mails)

    def profiles_of(self, name: str) -> Path | None:
        return self.profiles / name if self.profiles is not None else None
