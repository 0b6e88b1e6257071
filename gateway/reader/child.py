"""The process in which mails are read: eats hostile bytes, answers with plain data, owns nothing.

Run as `python -m gateway.reader.child` with pipes for standard input and output. It gets a
`Surroundings`, says that it is ready, then answers one mail after the other. It ends when its parent
does (end of input), after a mail that made it big, and by the kernel's hand during one that uses up
its time (invariants D7).
"""

from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

from gateway.mail.dns_records import TxtRecords
from gateway.mail.interpret import read
from gateway.mail.reading import Arrival, Reading, Surroundings
from gateway.reader import confinement, protocol
from gateway.rules import limits

BIG = 150 * limits.MIB  # resident octets after which a fresh process is cheaper than this one

Read = Callable[[bytes, Arrival, Surroundings], Reading]


def serve(reads: Read, *, processor_seconds: int = limits.READING_CPU_SECONDS) -> None:
    """Answer mails with `reads` until the input ends. The limits hold from here on."""
    requests, answers = confinement.pipes()
    confinement.limit_process(limits.READING_OCTETS)
    first = confinement.receive(requests)
    if first is None:
        return
    surroundings = protocol.rebuild(Surroundings, *first)
    confinement.send(answers, "ready")
    while (request := confinement.receive(requests)) is not None:
        header, raw = request
        confinement.limit_time(processor_seconds)
        if not _answer(answers, reads, header, raw, surroundings):
            return


def _answer(answers: BinaryIO, reads: Read, header: Any, raw: bytes, surroundings: Surroundings) -> bool:
    """Read one mail and say what came of it; return whether this process can go on."""
    try:
        arrival = protocol.rebuild(Arrival, header, b"")
        reading, octets = protocol.plain(reads(raw, arrival, surroundings))
    except MemoryError:
        confinement.send(answers, {"failed": "memory", "ends": True})
        return False
    except Exception as error:  # the name of a class tells no secret of a mail, its text might
        confinement.send(answers, {"failed": f"raised {type(error).__name__}", "ends": False})
        return True
    ends = confinement.resident() > BIG
    confinement.send(answers, {"reading": reading, "ends": ends}, octets)
    return not ends


if __name__ == "__main__":
    serve(partial(read, resolve=TxtRecords()))
