"""What a child that eats hostile bytes does to itself, and how it is spoken to: limits and frames (D7)."""

import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

from gateway.reader import protocol


def pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return where requests come from and answers go to.

    What a library prints must not end up between our frames.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer, answers


def limit_process(octets: int) -> None:
    """Bound memory, forbid writing files and leaving a core.

    Memory is bounded as data: address space also counts libraries and stacks that cost nothing.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (octets, octets))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def close_the_doors() -> None:
    """Open nothing any more: no file, no connection, no further process. What is imported is imported."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def limit_time(seconds: int) -> None:
    """Give the next request its seconds of processor time; the kernel kills us when they are over."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(time.process_time()) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def resident() -> int:
    """Return the octets of memory held now; where the system does not tell, the most ever held."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return pages * resource.getpagesize()


def receive(requests: BinaryIO) -> tuple[Any, bytes] | None:
    """Return the next frame, None at the end of input."""
    prefix = requests.read(protocol.PREFIX.size)
    if len(prefix) < protocol.PREFIX.size:
        return None
    said, beside = protocol.PREFIX.unpack(prefix)
    header = requests.read(said)
    octets = requests.read(beside)
    return (protocol.parsed(header), octets) if len(header) + len(octets) == said + beside else None


def send(answers: BinaryIO, header: object, octets: bytes = b"") -> None:
    """Write one frame."""
    for piece in protocol.frame(header, octets):
        answers.write(piece)
    answers.flush()
