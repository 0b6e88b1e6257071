"""A real listener on a port of its own, and a client that says exactly what a test wants said."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Self

from sqlalchemy import select

from gateway.inbound.journal_writer import JournalWriter
from gateway.inbound.smtp import Server, listen, open_lobby
from gateway.models.columns import table_of
from gateway.models.queues import JournalEntry
from gateway.runtime import Runtime
from gateway.services import blobs

STRANGER = '[smtp]\nport = 0\ntrusted_peers = []\n[mail]\naddress = "soporte@example.com"\n'
"""Nobody is listed, so the test is an unknown server of the Internet."""

LISTED = STRANGER.replace("[]", '["127.0.0.1"]')
"""The test is a mail server of ours."""

GREETED = ("EHLO client.example",)
ADDRESSED = (*GREETED, "MAIL FROM:<laura@andina.example>", "RCPT TO:<soporte@example.com>")
MAIL = b"From: laura@andina.example\r\nSubject: hola\r\nMessage-ID: <1@andina.example>\r\n\r\nBuen dia.\r\n"


class Dialogue:
    """One connection to a listener; `heard` is the last reply, "" when the listener closed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.heard = ""

    @classmethod
    async def begin(cls, port: int) -> Self:
        """Connect and hear the greeting."""
        dialogue = cls(*await asyncio.open_connection("127.0.0.1", port))
        await dialogue.hear()
        return dialogue

    async def hear(self) -> str:
        """Return the next reply, its lines joined by newlines; "" at the end of the connection."""
        lines: list[str] = []
        async with asyncio.timeout(20):
            while not lines or lines[-1][3:4] == "-":
                try:
                    line = await self._reader.readline()
                except ConnectionError:
                    line = b""
                if not line:
                    break
                lines.append(line.decode().rstrip("\r\n"))
        self.heard = "\n".join(lines)
        return self.heard

    async def send(self, octets: bytes) -> None:
        self._writer.write(octets)
        await self._writer.drain()

    async def say(self, *commands: str | bytes) -> str:
        """Say commands one by one and return the reply to the last."""
        for command in commands:
            await self.send((command.encode() if isinstance(command, str) else command) + b"\r\n")
            await self.hear()
        return self.heard

    async def deliver(self, octets: bytes = MAIL, *commands: str) -> str:
        """Deliver a mail, octets as they travel, and return the reply to its end."""
        await self.say(*(commands or ADDRESSED), "DATA")
        if self.heard.startswith("354"):
            await self.send(octets + b".\r\n")
            await self.hear()
        return self.heard

    async def start_tls(self, context: ssl.SSLContext) -> None:
        await self._writer.start_tls(context, server_hostname="127.0.0.1")

    async def close(self) -> None:
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


@asynccontextmanager
async def listening(runtime: Runtime, **changes: Any) -> AsyncIterator[Server]:
    """Run a listener whose lobby differs from the usual one by `changes`."""
    async with JournalWriter(runtime) as writer:
        lobby = open_lobby(runtime, writer)
        server = await listen(replace(lobby, **changes), runtime.config.smtp)
        try:
            yield server
        finally:
            await server.stop()


@asynccontextmanager
async def talking(runtime: Runtime, **changes: Any) -> AsyncIterator[Dialogue]:
    """Run a listener and begin one dialogue with it."""
    async with listening(runtime, **changes) as server, await Dialogue.begin(server.port) as client:
        yield client


def journalled(runtime: Runtime) -> list[JournalEntry]:
    """Every entry of the journal, oldest first."""
    with runtime.db.snapshot() as session:
        query = select(JournalEntry).order_by(table_of(JournalEntry).c.id)
        entries = list(session.execute(query).scalars())
        session.expunge_all()
    return entries


def octets_of(runtime: Runtime, entry: JournalEntry) -> bytes:
    """The mail behind an entry."""
    with runtime.db.snapshot() as session:
        return blobs.read(session, runtime.blobs, entry.sha256)


def spooled(runtime: Runtime) -> list[str]:
    """Names of the temporary files left of mails on their way."""
    folder = runtime.blobs / "tmp"
    return [path.name for path in folder.iterdir()] if folder.exists() else []
