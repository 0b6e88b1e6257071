"""Reads mails in child processes with a time, a processor and a memory limit (invariants D7)."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gateway
from gateway.errors import SysmoError
from gateway.mail.reading import Arrival, Reading, Surroundings
from gateway.reader import protocol
from gateway.rules import limits

_ROOT = Path(gateway.__file__).parent.parent
_START_SECONDS = 30
_END_SECONDS = 2
_IDLE_SECONDS = 180
_BUFFER = limits.MIB
_LONGEST_ANSWER = 160 * limits.MIB  # a 35 MiB mail, decoded, and what of it was too long to show once more

NO_CHILD = "no-child"
"""The reason when no child could be started: for want of memory or processes, by no fault of the mail."""

Mail = tuple[bytes, Arrival]


class ReadingFailed(SysmoError):
    """A mail could not be read. `reason`: timeout, processor-time, memory, killed, "raised …", …"""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Reader:
    """Reads mails in fresh interpreters, started when there is something to read.

    A child that hangs, dies or grows costs the mail it was reading and no other: the next ones go
    to a new child. `child_module` is run with -m; tests give one that misbehaves.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        *,
        children: int = 1,
        child_module: str = "gateway.reader.child",
        wall_seconds: float = limits.READING_WALL_SECONDS,
        idle_seconds: float = _IDLE_SECONDS,
    ) -> None:
        self._children = [
            _Child(surroundings, child_module, wall_seconds, idle_seconds) for _ in range(children)
        ]
        # The one used last comes first, so that the others may grow idle and end.
        self._free: asyncio.LifoQueue[_Child] = asyncio.LifoQueue()
        for child in self._children:
            self._free.put_nowait(child)

    async def read(self, raw: bytes, arrival: Arrival) -> Reading:
        """Read one mail. Raises ReadingFailed."""
        (result,) = await self.read_many([(raw, arrival)])
        if isinstance(result, ReadingFailed):
            raise result
        return result

    async def read_many(self, mails: Sequence[Mail]) -> list[Reading | ReadingFailed]:
        """Read mails, each with its own result, in their order; a child is never kept waiting."""
        share = -(-len(mails) // len(self._children)) or 1
        shares = [mails[start : start + share] for start in range(0, len(mails), share)]
        results = await asyncio.gather(*map(self._read_share, shares))
        return [result for each in results for result in each]

    async def close(self) -> None:
        """End the children."""
        await asyncio.gather(*(child.end() for child in self._children))

    async def _read_share(self, mails: Sequence[Mail]) -> list[Reading | ReadingFailed]:
        child = await self._free.get()
        try:
            return await child.read(mails)
        finally:
            self._free.put_nowait(child)


class _Child:
    """One child process: started when needed, replaced when it fails, ended when idle."""

    def __init__(
        self, surroundings: Surroundings, module: str, wall_seconds: float, idle_seconds: float
    ) -> None:
        self._surroundings = surroundings
        self._module = module
        self._wall_seconds = wall_seconds
        self._idle_seconds = idle_seconds
        self._process: asyncio.subprocess.Process | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def read(self, mails: Sequence[Mail]) -> list[Reading | ReadingFailed]:
        if self._idle is not None:
            self._idle.cancel()
        results: list[Reading | ReadingFailed] = []
        while len(results) < len(mails):
            results += await self._converse(mails[len(results) :])
        self._idle = asyncio.get_running_loop().call_later(self._idle_seconds, self._let_go)
        return results

    async def _converse(self, mails: Sequence[Mail]) -> list[Reading | ReadingFailed]:
        """Read mails until the first that ends the child; at least one. Those behind it are untouched."""
        results: list[Reading | ReadingFailed] = []
        try:
            process = await self._started()
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            return [ReadingFailed(NO_CHILD)]
        sending = asyncio.create_task(_send_all(process, mails))
        all_read = False
        try:
            for _ in mails:
                result, ends = await self._result(process)
                results.append(result)
                if ends:
                    break
            else:
                all_read = True
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            if not all_read:  # also when cancelled: answers to come would be taken for other mails'
                await self._kill()
        return results

    async def _result(self, process: asyncio.subprocess.Process) -> tuple[Reading | ReadingFailed, bool]:
        """Wait for the next answer; return it and whether the child has to go."""
        try:
            async with asyncio.timeout(self._wall_seconds):
                header, octets = await _receive(process)
            if "failed" in header:
                return ReadingFailed(str(header["failed"])[:100]), bool(header["ends"])
            return protocol.rebuild(Reading, header["reading"], octets), bool(header["ends"])
        except TimeoutError:
            return ReadingFailed("timeout"), True
        except asyncio.IncompleteReadError:
            return ReadingFailed(await _cause_of_death(process)), True
        except (ValueError, KeyError, TypeError):  # no answer that our own code gives
            return ReadingFailed("nonsense"), True

    async def _started(self) -> asyncio.subprocess.Process:
        """Return the running child, a new one if there is none."""
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # a traceback may quote the mail
            limit=_BUFFER,
            cwd=_ROOT,
            env={"PYTHONPATH": str(_ROOT), "LANG": "C.UTF-8"},  # no secret of ours
            start_new_session=True,  # Ctrl-C is for the parent, which lets it finish
        )
        try:
            await _send(process, *protocol.plain(self._surroundings))
            async with asyncio.timeout(_START_SECONDS):
                await _receive(process)
        except BaseException:  # also when cancelled: its greeting would be taken for the first answer
            await self._kill()
            raise
        return process

    def _let_go(self) -> None:
        """Let an idle child end, so that it holds no memory: it does at the end of its input."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None

    async def end(self) -> None:
        """End the child in good order, or after two seconds without."""
        if self._idle is not None:
            self._idle.cancel()
        process = self._process
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
        except TimeoutError:
            await self._kill()
        self._process = None

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()


async def _send_all(process: asyncio.subprocess.Process, mails: Sequence[Mail]) -> None:
    """Hand mails over as fast as the pipe takes them, so that the next one waits at the child's door."""
    for raw, arrival in mails:
        header, _ = protocol.plain(arrival)
        await _send(process, header, raw)


async def _send(process: asyncio.subprocess.Process, header: object, octets: bytes) -> None:
    if process.stdin is None:
        raise OSError("no pipe")
    process.stdin.writelines(protocol.frame(header, octets))
    await process.stdin.drain()


async def _receive(process: asyncio.subprocess.Process) -> tuple[Any, bytes]:
    """Return the next frame. Raises IncompleteReadError when the child is gone, ValueError if it raves."""
    if process.stdout is None:
        raise OSError("no pipe")
    said, beside = protocol.PREFIX.unpack(await process.stdout.readexactly(protocol.PREFIX.size))
    if said + beside > _LONGEST_ANSWER:
        raise ValueError("answer too long")
    header = protocol.parsed(await process.stdout.readexactly(said))
    return header, await process.stdout.readexactly(beside)


async def _cause_of_death(process: asyncio.subprocess.Process) -> str:
    try:
        async with asyncio.timeout(_END_SECONDS):
            code = await process.wait()
    except TimeoutError:
        return "fell silent"
    if code == -signal.SIGXCPU:
        return "processor-time"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
