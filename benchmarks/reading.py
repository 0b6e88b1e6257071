"""`read`: mails a second read in full in one process, beside mail-parser alone on the same mails.

In full is all that the product's reading child does: every part decoded, quotes, kind, verdict (the DNS
aside, which no benchmark should ask), clues, commands, HTML cleaned. Counted is processor time, for one
process alone that is what passes, and another program beside it changes nothing.
"""

import time
from collections.abc import Callable, Sequence

import mailparser

from benchmarks.figures import Figure, middle
from benchmarks.scope import Scope
from benchmarks.wire import plain_route, render
from gateway.mail.interpret import read
from gateway.mail.reading import Arrival, Surroundings

SURROUNDINGS = Surroundings(
    "example.com", "soporte+{token}@example.com", "here", authserv_ids=("mx.example.com",), dkim=True
)


def measure(scope: Scope) -> list[Figure]:
    mails = [render(letter, plain_route(letter)) for letter in scope.letters()]
    rounds = [(_rate(_read, mails), _rate(mailparser.parse_from_bytes, mails)) for _ in range(scope.rounds)]
    return [middle(rounds, "read", "mails/s")]


def _read(raw: bytes) -> None:
    arrival = Arrival("smtp", "ana@empresa0.example", ("tema0@example.com",), listed_peer=True)
    if read(raw, arrival, SURROUNDINGS).unreadable:
        raise RuntimeError("a mail of the corpus that cannot be read")


def _rate(reader: Callable[[bytes], object], mails: Sequence[bytes]) -> float:
    began = time.process_time()
    for mail in mails:
        reader(mail)
    return len(mails) / (time.process_time() - began)
