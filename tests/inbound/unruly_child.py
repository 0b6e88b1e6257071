"""A reader child that misbehaves as the first word of a mail tells it to. For tests of the reader only."""

import os
import signal
import sys
import time

from gateway.mail.interpret import read
from gateway.mail.reading import Arrival, Reading, Surroundings
from gateway.reader.child import serve


def misread(raw: bytes, arrival: Arrival, surroundings: Surroundings) -> Reading:
    match raw.split()[0]:
        case b"hang":
            time.sleep(3600)
        case b"spin":
            while True:
                pass
        case b"devour":
            hoard = [bytearray(64 * 1024 * 1024) for _ in range(64)]
            return read(bytes(hoard[0]), arrival, surroundings)
        case b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"leave":
            sys.exit(3)
        case b"raise":
            raise LookupError("secret words of a mail")
        case b"rave":
            os.write(3, b"\xff" * 4096)
        case b"environment":
            raise LookupError if os.environ.get("SYSMO_SECRET") else StopIteration
        case b"write":
            raise PermissionError if _cannot_write() else StopIteration
    return read(raw, arrival, surroundings)


def _cannot_write() -> bool:
    file = os.open(".", os.O_TMPFILE | os.O_RDWR)
    try:
        os.write(file, b"x")
    except OSError:
        return True
    return False


if __name__ == "__main__":
    serve(misread, processor_seconds=1)
