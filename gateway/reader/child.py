"""The process in which mails are read: eats hostile bytes, answers with plain data, owns nothing.

Run as `python -m gateway.reader.child` with pipes for standard input and output. It gets a
`Surroundings`, says that it is ready, then answers one mail after the other. It ends when its parent
does (end of input), after a mail that made it big, and by the kernel's hand during one that uses up
its time (invariants D7).
"""

import os
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from gateway.mail.dns_records import TxtRecords
from gateway.mail.interpret import read
from gateway.mail.reading import Arrival, Reading, Surroundings
from gateway.reader import protocol
from gateway.rules import limits

BIG = 150 * limits.MIB  # resident octets after which a fresh process is cheaper than this one

Read = Callable[[bytes, Arrival, Surroundings], Reading]


def serve(reads: Read, *, processor_seconds: int = limits.READING_CPU_SECONDS) -> None:
    """Answer mails with `reads` until the input ends. The limits hold from here on."""
    requests = sys.stdin.buffer
    # What a library prints must not end up between our frames.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _limit_process()
    first = _receive(requests)
    if first is None:
        return
    surroundings = protocol.rebuild(Surroundings, *first)
    _send(answers, "ready")
    while (request := _receive(requests)) is not None:
        header, raw = request
        _limit_time(processor_seconds)
        if not _answer(answers, reads, header, raw, surroundings):
            return


def _answer(answers: BinaryIO, reads: Read, header: Any, raw: bytes, surroundings: Surroundings) -> bool:
    """Read one mail and say what came of it; return whether this process can go on."""
    try:
        arrival = protocol.rebuild(Arrival, header, b"")
        reading, octets = protocol.plain(reads(raw, arrival, surroundings))
    except MemoryError:
        _send(answers, {"failed": "memory", "ends": True})
        return False
    except Exception as error:  # the name of a class tells no secret of a mail, its text might
        _send(answers, {"failed": f"raised {type(error).__name__}", "ends": False})
        return True
    ends = _resident() > BIG
    _send(answers, {"reading": reading, "ends": ends}, octets)
    return not ends


def _limit_process() -> None:
    """Bound memory, forbid writing files and leaving a core.

    Memory is bounded as data: address space also counts libraries and stacks that cost nothing.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (limits.READING_OCTETS, limits.READING_OCTETS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: int) -> None:
    """Give the next mail its seconds of processor time; the kernel kills us when they are over."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(time.process_time()) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _resident() -> int:
    """Return the octets of memory held now; where the system does not tell, the most ever held."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return pages * resource.getpagesize()


def _receive(requests: BinaryIO) -> tuple[Any, bytes] | None:
    """Return the next frame, None at the end of input."""
    prefix = requests.read(protocol.PREFIX.size)
    if len(prefix) < protocol.PREFIX.size:
        return None
    said, beside = protocol.PREFIX.unpack(prefix)
    header = requests.read(said)
    octets = requests.read(beside)
    return (protocol.parsed(header), octets) if len(header) + len(octets) == said + beside else None


def _send(answers: BinaryIO, header: object, octets: bytes = b"") -> None:
    for piece in protocol.frame(header, octets):
        answers.write(piece)
    answers.flush()


if __name__ == "__main__":
    serve(partial(read, resolve=TxtRecords()))
