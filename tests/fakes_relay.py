"""A scripted mail relay: any reply, delay or disconnect at any step; keeps all bytes.

    async with Relay({Step.RCPT: Answer("550 5.1.1 no such user")}) as relay:
        ...  # hand mail to ("127.0.0.1", relay.port)
    assert relay.received == []

For a process under test, `with in_thread(Relay()) as relay:` runs it beside. The script is a plain
attribute and may be changed while it runs.
"""

import asyncio
import base64
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

_LONGEST = 64 * 1024 * 1024


class Step(StrEnum):
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    NULL_SENDER = "null sender"  # MAIL FROM:<>, when the script has something for it
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"  # in the middle of the data
    DOT = "dot"
    RSET = "rset"


@dataclass(frozen=True)
class Answer:
    """What to do at a step. An empty `reply` is the usual one; lines are parted by newlines.

    `drop` closes without a reply, `hang_up` after it; `delay` is in seconds and comes first.
    """

    reply: str = ""
    delay: float = 0.0
    drop: bool = False
    hang_up: bool = False


@dataclass(frozen=True)
class Received:
    """A mail that was answered 250, as it was before dot-stuffing."""

    envelope_from: str
    recipients: tuple[str, ...]
    data: bytes
    connection: int
    secured: bool
    login: str


Script = Mapping[Step, Answer]


class Relay:
    """The relay. `by_recipient` holds for the steps RCPT to DOT of a mail to that address (its
    last recipient counts), `by_connection` for the first, second … connection; both win over
    `script`.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        by_recipient: Mapping[str, Script] | None = None,
        by_connection: Sequence[Script] = (),
        extensions: Sequence[str] = ("8BITMIME", "SIZE 50000000"),
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.script: Script = script or {}
        self.by_recipient = by_recipient or {}
        self.by_connection = by_connection
        self.extensions = extensions
        self.tls = tls
        self.implicit_tls = implicit_tls
        self.login = login
        self.port = 0
        self.connections = 0
        self.commands: list[str] = []
        self.received: list[Received] = []
        self.cut_off: list[bytes] = []  # what had come of a mail whose end never came
        self.changed = threading.Condition()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Relay":
        context = self.tls if self.implicit_tls else None
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=_LONGEST, ssl=context
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Received]:
        """Wait, in another thread than the relay's, until `count` mails are here."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.received) >= count, seconds), self.commands
            return list(self.received)

    async def until_idle(self) -> None:
        """Wait until no connection is open."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await _Dialogue(self, reader, writer, self.connections).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass  # also when cancelled, by the end of the test: asyncio would log it as an error
        finally:
            self._tasks.discard(task)
            writer.transport.abort()


class _HungUp(ConnectionError):
    """The script said to leave."""


class _Dialogue:
    def __init__(
        self, relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        self.relay, self.reader, self.writer, self.number = relay, reader, writer, number
        self.secured = relay.implicit_tls
        self.login = ""
        self.envelope_from = ""
        self.recipients: list[str] = []

    async def run(self) -> None:
        await self.answer(Step.GREETING, "220 relay.example ESMTP")
        while line := await self.reader.readline():
            command = line.decode("utf-8", "replace").rstrip("\r\n")
            self.relay.commands.append(command)
            match command.partition(" ")[0].upper():
                case "EHLO":
                    await self.answer(Step.EHLO, self.greeting())
                case "STARTTLS":
                    await self.start_tls()
                case "AUTH":
                    await self.sign_in(command)
                case "MAIL":
                    self.envelope_from = _address(command)
                    null = not self.envelope_from and Step.NULL_SENDER in self.relay.script
                    await self.answer(Step.NULL_SENDER if null else Step.MAIL, "250 2.1.0 ok")
                case "RCPT":
                    self.recipients.append(_address(command))
                    if not (await self.answer(Step.RCPT, "250 2.1.5 ok")).startswith("2"):
                        self.recipients.pop()
                case "DATA":
                    await self.take_data()
                case "RSET":
                    self.recipients = []
                    await self.answer(Step.RSET, "250 2.0.0 ok")
                case "QUIT":
                    await self.send("221 2.0.0 bye")
                    return
                case _:
                    await self.send("500 5.5.2 what?")

    def greeting(self) -> str:
        offers = list(self.relay.extensions)
        if self.relay.tls is not None and not self.secured:
            offers.append("STARTTLS")
        if self.relay.login is not None:
            offers.append("AUTH PLAIN LOGIN")
        lines = ["relay.example", *offers]
        return "\n".join(f"250{'-' if line is not lines[-1] else ' '}{line}" for line in lines)

    async def start_tls(self) -> None:
        if (await self.answer(Step.STARTTLS, "220 2.0.0 go ahead")).startswith("220"):
            assert self.relay.tls is not None
            await self.writer.start_tls(self.relay.tls)
            self.secured = True

    async def sign_in(self, command: str) -> None:
        given = base64.b64decode(command.split(" ")[2]).decode().split("\0")[1:]
        if (*given,) == self.relay.login:
            await self.answer(Step.AUTH, "235 2.7.0 welcome")
            self.login = given[0]
        else:
            await self.answer(Step.AUTH, "535 5.7.8 no")

    async def take_data(self) -> None:
        if not (await self.answer(Step.DATA, "354 go on")).startswith("354"):
            return
        try:
            beginning = b""
            if self.scripted(Step.BODY) is not None:
                beginning = await self.reader.readexactly(1000)
                await self.answer(Step.BODY, "")
            stuffed = beginning + await self.reader.readuntil(b"\r\n.\r\n")
        except asyncio.IncompleteReadError as error:
            self.relay.cut_off.append(error.partial)
            raise
        except ConnectionError:
            self.relay.cut_off.append(beginning)
            raise
        data = (b"\r\n" + stuffed[:-3]).replace(b"\r\n.", b"\r\n")[2:]
        await self.answer(Step.DOT, "250 2.0.0 queued", data)
        self.recipients = []

    def scripted(self, step: Step) -> Answer | None:
        scripts = [self.relay.script]
        if self.number <= len(self.relay.by_connection):
            scripts.insert(0, self.relay.by_connection[self.number - 1])
        if self.recipients and step in (Step.RCPT, Step.DATA, Step.BODY, Step.DOT):
            scripts.insert(0, self.relay.by_recipient.get(self.recipients[-1], {}))
        return next((script[step] for script in scripts if step in script), None)

    async def answer(self, step: Step, usual: str, data: bytes | None = None) -> str:
        """Do what the script says at `step`. A mail is kept before its 250 is sent, or lost."""
        scripted = self.scripted(step) or Answer()
        if scripted.delay:
            await asyncio.sleep(scripted.delay)
        reply = scripted.reply or usual
        if data is not None and reply.startswith("2"):
            self.keep(data)
        if scripted.drop:
            raise _HungUp
        if reply:
            await self.send(reply)
        if scripted.hang_up:
            await self.hang_up()
        return reply

    async def hang_up(self) -> None:
        """Close in good order: with data unread, the last reply would be lost to a reset."""
        if self.writer.can_write_eof():
            self.writer.write_eof()
            while await self.reader.read(65536):
                pass
        raise _HungUp

    def keep(self, data: bytes) -> None:
        mail = Received(
            self.envelope_from, tuple(self.recipients), data, self.number, self.secured, self.login
        )
        with self.relay.changed:
            self.relay.received.append(mail)
            self.relay.changed.notify_all()

    async def send(self, reply: str) -> None:
        self.writer.write(reply.replace("\n", "\r\n").encode() + b"\r\n")
        await self.writer.drain()


def _address(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]


@contextmanager
def in_thread(relay: Relay) -> Iterator[Relay]:
    """Run a relay in a thread of its own, for tests of another process."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(relay.__aenter__(), loop).result(10)
    try:
        yield relay
    finally:
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(relay.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
