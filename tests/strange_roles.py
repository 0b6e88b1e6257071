"""Roles that misbehave, for tests of what runs them. Named in `gateway.roles.ROLES` by the test."""

import asyncio
import errno
import threading
from contextlib import suppress
from pathlib import Path

from gateway.errors import ConfigError
from gateway.runtime import Runtime

STARTS: list[str] = []
"""Each start of a role, in order; a test empties it."""


async def steady(_: Runtime) -> None:
    STARTS.append("steady")
    await asyncio.Event().wait()


async def failing(_: Runtime) -> None:
    STARTS.append("failing")
    raise LookupError("a bug")


async def ending(_: Runtime) -> None:
    STARTS.append("ending")


async def misconfigured(_: Runtime) -> None:
    raise ConfigError(["[mailer] dkim_key: no such file"])


async def port_in_use(_: Runtime) -> None:
    raise OSError(errno.EADDRINUSE, "address already in use")


async def later_misconfigured(_: Runtime) -> None:
    """Works at first; at its second start the port is held, at its third the key is gone."""
    STARTS.append("later_misconfigured")
    match STARTS.count("later_misconfigured"):
        case 1:
            raise LookupError("a bug")
        case 2:
            raise OSError(errno.EADDRINUSE, "address already in use")
        case 3:
            raise ConfigError(["[mailer] dkim_key: no such file"])
    await asyncio.Event().wait()


async def without_a_file(_: Runtime) -> None:
    STARTS.append("without_a_file")
    raise PermissionError(errno.EACCES, "Permission denied", str(Path("/srv/secret")))


async def stubborn(_: Runtime) -> None:
    """Cannot be cancelled."""
    print("stubborn", flush=True)  # the test waits for it
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


async def with_a_thread_that_never_ends(_: Runtime) -> None:
    threading.Thread(target=threading.Event().wait).start()
    print("thread", flush=True)
    await asyncio.Event().wait()
