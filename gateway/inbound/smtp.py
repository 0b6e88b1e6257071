"""The SMTP listener: takes mail for our own addresses, on our own event loop.

A 250 is a promise: it is given after the journal entry is committed (invariants D1). On SIGTERM
newcomers hear a 421, a mail on its way is finished, and all is over within 30 s (O7).
"""

import asyncio
import logging
import ssl
from contextlib import suppress
from functools import partial
from pathlib import Path

import structlog

from gateway import tokens
from gateway.config import Smtp
from gateway.errors import ConfigError
from gateway.inbound import smtp_replies
from gateway.inbound.bounds import Disk, Places, SlidingWindow
from gateway.inbound.journal_writer import JournalWriter
from gateway.inbound.peers import Network, Peer, identify, parse_networks
from gateway.inbound.recipients import Recipients
from gateway.inbound.requests import NewRequests
from gateway.inbound.smtp_lobby import Lobby
from gateway.inbound.smtp_session import SmtpSession
from gateway.rules import limits
from gateway.runtime import Runtime
from gateway.services import entrance

log = structlog.get_logger()

BACKLOG = 512
"""Connections the kernel keeps for us while the loop is busy; beyond it they time out unheard."""


async def run(runtime: Runtime) -> None:
    """Serve until cancelled."""
    async with JournalWriter(runtime) as writer:
        server = await listen(open_lobby(runtime, writer), runtime.config.smtp)
        log.info("smtp.listening", host=server.host, port=server.port)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await server.stop()


def open_lobby(runtime: Runtime, writer: JournalWriter) -> Lobby:
    """Gather what the connections share; ConfigError when the certificate cannot be used."""
    config = runtime.config
    return Lobby(
        hostname=config.smtp.hostname or config.mail.message_id_domain,
        own_loop=tokens.loop_mark(runtime.secret, config.mail.message_id_domain),
        max_bytes=config.smtp.max_bytes,
        spools=runtime.blobs,
        recipients=Recipients(runtime.db, config.mail),
        requests=NewRequests(runtime.db, config),
        disk=Disk(*_folders(runtime)),
        places=Places(limits.DATA_MESSAGES, limits.DATA_OCTETS),
        messages=SlidingWindow(limits.Rate(config.smtp.per_minute, limits.PER_PEER.period)),
        append=writer.append,
        now=runtime.now,
        shown=partial(entrance.shown, config.mail),
        tls=tls_context(config.smtp),
    )


async def listen(lobby: Lobby, section: Smtp) -> "Server":
    """Open the port; ConfigError when that cannot be. Port 0 takes any free one."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # the library logs lines of the dialogue
    server = Server(lobby, parse_networks(section.trusted_peers))
    try:
        await server.open(section.host, section.port)
    except OSError as error:
        where = f"[smtp] host, port: cannot listen on {section.host}:{section.port}"
        raise ConfigError([f"{where}: {error.strerror}"]) from None
    return server


class Server:
    """The open port and the connections that came through it."""

    def __init__(self, lobby: Lobby, listed: tuple[Network, ...]) -> None:
        self._lobby = lobby
        self._listed = listed
        self._sessions: set[SmtpSession] = set()
        self._empty = asyncio.Event()
        self._leaving = False
        self._server: asyncio.Server | None = None
        self.host = ""
        self.port = 0

    async def open(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Newcomer(self), host, port, backlog=BACKLOG)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    def admit(self, transport: asyncio.Transport) -> None:
        """Begin a dialogue with whoever connected, or send them away."""
        name = transport.get_extra_info("peername")
        if name is None:  # gone already
            transport.abort()
            return
        peer = identify(name[0], self._listed)
        refusal = self._refusal(peer)
        if refusal is not None:
            log.info("smtp.turned_away", peer=peer.address, reply=refusal)
            transport.write(refusal.encode("ascii") + b"\r\n")
            transport.close()
            return
        session = SmtpSession(self._lobby, peer)
        self._sessions.add(session)
        self._empty.clear()
        transport.set_protocol(session)
        session.connection_made(transport)
        assert session.task is not None  # noqa: S101  made just now
        session.task.add_done_callback(lambda task: self._gone(session, task))

    def _refusal(self, peer: Peer) -> str | None:
        if self._leaving:
            return smtp_replies.SHUTTING_DOWN
        same = sum(session.peer.group == peer.group for session in self._sessions)
        full = len(self._sessions) >= limits.CONNECTIONS
        if full or (same >= limits.CONNECTIONS_PER_PEER and not peer.listed):
            return smtp_replies.TOO_MANY_CONNECTIONS
        return None

    def _gone(self, session: SmtpSession, task: "asyncio.Task[None]") -> None:
        self._sessions.discard(session)
        if not self._sessions:
            self._empty.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.info("smtp.lost", peer=session.peer.address, error=type(error).__name__)

    async def stop(self) -> None:
        """Turn newcomers away, wait for the mails on their way, close."""
        self._leaving = True
        for session in list(self._sessions):
            session.leave()
        await self._emptied(self._lobby.timers.shutdown)
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            if isinstance(session.transport, asyncio.Transport):
                session.transport.abort()
        await self._emptied(1)  # so that each throws its spool away

    async def _emptied(self, seconds: float) -> None:
        if self._sessions:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._empty.wait()


class _Newcomer(asyncio.Protocol):
    """A connection nobody has looked at yet."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  TCP gives no other
        self._server.admit(transport)


def tls_context(section: Smtp) -> ssl.SSLContext | None:
    """Return what STARTTLS needs, None without a certificate; ConfigError when it cannot be used."""
    if section.tls_cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(section.tls_cert, section.tls_key)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError([f"[smtp] tls_cert, tls_key: {error.strerror or error}"]) from None
    return context


def _folders(runtime: Runtime) -> list[Path]:
    """Where accepted mail comes to lie: the blobs, and the database when it is a file."""
    file = runtime.db.engine.url.database if runtime.db.is_sqlite else None
    return [runtime.blobs, *([Path(file).parent] if file else [])]
