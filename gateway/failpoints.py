"""Named places where a test may end the program, as a power cut would.

`SYSMO_FAILPOINT=S4` kills the process the first time S4 is reached, `S4:3` the third time. The
names and their places stand in docs/architecture.md. Without the variable a call costs one
comparison.
"""

import os
import signal

_wanted, _, _count = os.environ.get("SYSMO_FAILPOINT", "").partition(":")
_remaining = int(_count or 1)


def hit(name: str) -> None:
    """Die here by SIGKILL if a test asked for it."""
    global _remaining  # noqa: PLW0603  a process has one death
    if name != _wanted:
        return
    _remaining -= 1
    if _remaining <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
