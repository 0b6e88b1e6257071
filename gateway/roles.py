"""Role names → "module:run"; starts, watches and stops them.

Roles are named by strings, so that a process loads only what it runs and no import points up. They
share nothing but the runtime: one process with all of them and six with one each are the same code.
"""

import asyncio
import errno
import gc
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module

import structlog

from gateway.config import Config
from gateway.errors import ConfigError
from gateway.runtime import Runtime
from gateway.startup import open_runtime

log = structlog.get_logger()

ROLES = {
    "smtp": "gateway.inbound.smtp:run",
    "imap": "gateway.inbound.imap:run",
    "processor": "gateway.inbound.processor:run",
    "mailer": "gateway.outbound.mailer:run",
    "scheduler": "gateway.outbound.scheduler:run",
    "web": "webui.app:run",
}
STOP_SECONDS = 27.0
LAST_SECONDS = 29.5
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
YOUNG_OBJECTS = 20_000
TAKEN = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES)

Role = Callable[[Runtime], Awaitable[None]]


def run_roles(config: Config, names: Sequence[str]) -> None:
    """Run the named roles, or all, until SIGTERM or SIGINT; ConfigError when one cannot start."""
    wanted = chosen(config, names)
    runtime = open_runtime(config)
    try:
        asyncio.run(_run(runtime, wanted))
    finally:
        runtime.db.close()


def chosen(config: Config, names: Sequence[str]) -> list[str]:
    """Return which roles to run; without names all that have something to do."""
    unknown = [name for name in names if name not in ROLES]
    if unknown:
        raise ConfigError([f"run: unknown role {unknown[0]}; there are: {' '.join(ROLES)}"])
    idle = {"smtp": not config.smtp.enabled, "imap": not config.imap}
    return list(dict.fromkeys(names)) or [name for name in ROLES if not idle.get(name, False)]


async def _run(runtime: Runtime, names: Sequence[str]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _asked_to_stop, stop)
    for name in names:
        load(name)
    settle_memory()
    tasks = [asyncio.create_task(_watch(runtime, name), name=name) for name in names]
    stopped = asyncio.create_task(stop.wait())
    log.info("roles.started", roles=" ".join(names))
    await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
    await _stop([stopped, *tasks])
    for task in tasks:
        if not task.cancelled() and task.done() and (error := task.exception()):
            raise error
    log.info("roles.stopped")


def _asked_to_stop(stop: asyncio.Event) -> None:
    """From here on there are thirty seconds (O7), even if a thread never ends: a kill loses no mail."""
    if not stop.is_set():
        stop.set()
        last_resort = threading.Timer(LAST_SECONDS, os._exit, [1])
        last_resort.daemon = True
        last_resort.start()


def settle_memory() -> None:
    """What is imported stays: the collector need not look at it again each time a mail made some garbage.

    Measured: applying a mail takes a tenth less.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


async def _stop(tasks: Sequence[asyncio.Task[object]]) -> None:
    """Ask all to end at once; whoever has not after the time for it ends with the process."""
    for task in tasks:
        task.cancel()
    _, slow = await asyncio.wait(tasks, timeout=STOP_SECONDS)
    for task in slow:
        log.error("roles.slow_to_stop", role=task.get_name())


async def _watch(runtime: Runtime, name: str) -> None:
    """Run one role; one that fails is started again, ever more slowly, and takes no other along.

    Only at the first start a mistake of the configuration is told to whoever starts us: later on a
    key that cannot be read, or a port still held, may pass, and the other roles have work to do.
    """
    role, pause, first = load(name), FIRST_PAUSE, True
    while True:
        began = time.monotonic()
        try:
            await role(runtime)
            log.error("roles.ended", role=name)  # none does by itself
        except ConfigError as error:
            if first:
                raise
            log.error("roles.failed", role=name, error=str(error))
        except Exception as error:  # a role must not end the others
            if first and isinstance(error, OSError) and _is_about_a_port(error):
                raise ConfigError([f"[{name}] port: {error.strerror}"]) from None
            log.exception("roles.failed", role=name)
        first = False
        pause = FIRST_PAUSE if time.monotonic() - began > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
        await asyncio.sleep(pause)


def _is_about_a_port(error: OSError) -> bool:
    """A file that may not be opened has the same number, and a name."""
    return error.errno in TAKEN and error.filename is None


def load(name: str) -> Role:
    """Import a role by its name."""
    module, _, function = ROLES[name].partition(":")
    role: Role = getattr(import_module(module), function)
    return role
