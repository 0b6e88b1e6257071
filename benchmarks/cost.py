"""`cost`: what hostile mail costs. Twice the mail, at most 2.5 times the work; and none takes a second (B7).

Counted is processor time, the least of several turns: what is quadratic stays so, what was busy does not.
The reference is the limit, so a ratio over 1 breaks the promise.
"""

import time

from benchmarks.figures import Figure
from benchmarks.hostile import DOUBLED, HOSTILE
from benchmarks.scope import Scope
from gateway.mail.interpret import read
from gateway.mail.reading import Arrival, Surroundings

SURROUNDINGS = Surroundings(
    "example.com", "soporte+{token}@example.com", "here", authserv_ids=("mx.example.com",), dkim=True
)
ARRIVAL = Arrival("imap", "", ("soporte@example.com",), listed_peer=False)
MOST_TIMES = 2.5
MOST_SECONDS = 1.0
TURNS = 20


def measure(scope: Scope) -> list[Figure]:
    """Return a figure for each doubled input, and one for the slowest hostile mail of each kind."""
    doubled = [
        Figure(f"cost: twice the {name}", _times(make(size), make(2 * size)), "times", MOST_TIMES)
        for name, (make, size) in DOUBLED.items()
    ]
    hostile = [
        Figure(f"cost: {name}", min(_seconds(raw) for _ in range(scope.rounds)), "s", MOST_SECONDS)
        for name, (raw, _) in HOSTILE.items()
    ]
    return doubled + hostile


def _times(single: bytes, double: bytes) -> float:
    """Return how many times as much the double costs; more turns only while it looks bad."""
    least, least_double = _seconds(single), _seconds(double)
    for turn in range(TURNS):
        least, least_double = min(least, _seconds(single)), min(least_double, _seconds(double))
        if turn >= 2 and least_double < MOST_TIMES * least:
            break
    return least_double / least


def _seconds(raw: bytes) -> float:
    began = time.process_time()
    read(raw, ARRIVAL, SURROUNDINGS, resolve=_nobody)
    return time.process_time() - began


def _nobody(_name: str, _seconds: float) -> None:
    """Take the place of the DNS, whose cost is bounded elsewhere and which no benchmark should ask."""
