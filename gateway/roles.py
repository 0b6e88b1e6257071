"""Role names → "module:run"; starts, watches and stops them.

Roles are named by strings, so that a process loads only what it runs and no import points up. They
share nothing but the runtime: one process with all of them and six with one each are the same code.
"""

import asyncio
import errno
import signal
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
STOP_SECONDS = 28.0
LONGEST_PAUSE = 30.0
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
        loop.add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(_watch(runtime, name), name=name) for name in names]
    stopped = asyncio.create_task(stop.wait())
    log.info("roles.started", roles=" ".join(names))
    await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
    await _stop([stopped, *tasks])
    for task in tasks:
        if not task.cancelled() and task.done() and (error := task.exception()):
            raise error
    log.info("roles.stopped")


async def _stop(tasks: Sequence[asyncio.Task[object]]) -> None:
    """Ask all to end at once; whoever has not after the time for it is left to the end of the process."""
    for task in tasks:
        task.cancel()
    _, slow = await asyncio.wait(tasks, timeout=STOP_SECONDS)
    for task in slow:
        log.error("roles.slow_to_stop", role=task.get_name())


async def _watch(runtime: Runtime, name: str) -> None:
    """Run one role; one that fails is started again, ever more slowly, and takes no other along."""
    role = load(name)
    pause = 1.0
    while True:
        try:
            await role(runtime)
            return
        except ConfigError:
            raise
        except OSError as error:
            if error.errno not in TAKEN:
                log.exception("roles.failed", role=name)
            else:
                raise ConfigError([f"[{name}] port: {error.strerror}"]) from None
        except Exception:  # a role must not end the others
            log.exception("roles.failed", role=name)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def load(name: str) -> Role:
    """Import a role by its name."""
    module, _, function = ROLES[name].partition(":")
    role: Role = getattr(import_module(module), function)
    return role
