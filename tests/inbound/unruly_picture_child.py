"""A picture child that misbehaves as the first word it is given tells it to. For tests only."""

import os
import signal
import socket
import subprocess
import sys
import time

from gateway.reader.picture_child import serve, thumbnail


def misdraw(raw: bytes) -> bytes:
    match raw.split()[0]:
        case b"hang":
            time.sleep(3600)
        case b"spin":
            while True:
                pass
        case b"devour":
            hoard = [bytearray(64 * 1024 * 1024) for _ in range(64)]
            return bytes(hoard[0])
        case b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"rave":
            os.write(3, b"\xff" * 4096)
        case b"flood":
            return b"x" * 4_000_000
        case b"open":
            with open("/etc/hostname", "rb") as file:  # noqa: PTH123
                return file.read()
        case b"connect":
            with socket.socket() as each:
                return repr(each).encode()
        case b"start":
            return subprocess.check_output([sys.executable, "-V"])
        case b"environment":
            return "\n".join(f"{name}={value}" for name, value in os.environ.items()).encode()
    return thumbnail(raw)


if __name__ == "__main__":
    serve(misdraw, processor_seconds=1)
