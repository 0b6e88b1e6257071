"""One connection of the listener: aiosmtpd's dialogue with limits and replies of our own.

From the library (its version is pinned, since some of what is overridden has an underscore) come
the command loop, STARTTLS and the idle timer. Ours are MAIL, RCPT and DATA, enhanced codes, the
count of errors, and the rule that any exception is a 451 with a fixed text (B1, B2, D8).
"""

import asyncio
import math
import time
from collections import defaultdict
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope

from gateway import failpoints
from gateway.errors import MailRefused, TryLater
from gateway.inbound import smtp_replies
from gateway.inbound.peers import Peer
from gateway.inbound.smtp_delivery import keep_mail, read_mail
from gateway.inbound.smtp_lobby import Lobby, Transaction
from gateway.inbound.smtp_syntax import declared_size, parse_path
from gateway.rules import limits

log = structlog.get_logger()

COMMAND_OCTETS = 1024
"""RFC 5321 asks for 512, and for more with each extension."""

CALLS = {"*": 100, "MAIL": 10_000, "RCPT": 100_000, "DATA": 10_000, "RSET": 10_000}
"""How often a command may come in one connection, which a busy server keeps open for many mails."""


class SmtpSession(SMTP):
    """One connection, from the greeting to its end. `task` is its dialogue."""

    line_length_limit = limits.LINE_OCTETS  # how much is read at once; a line of a mail may be longer

    def __init__(self, lobby: Lobby, peer: Peer) -> None:
        self.command_size_limits = defaultdict(lambda: COMMAND_OCTETS)  # the library shares one with all
        self.peer = peer
        self._lobby = lobby
        self._transaction = Transaction()
        self._active = 0.0  # when the peer last did something; times of the event loop
        self._deadline = math.inf  # of the transaction
        self._errors = 0
        self._in_data = False
        self._leaving = False
        super().__init__(
            None,
            data_size_limit=lobby.max_bytes,
            enable_SMTPUTF8=True,
            hostname=lobby.hostname,
            ident="ESMTP",
            tls_context=lobby.tls,
            timeout=lobby.timers.idle,
            command_call_limit=CALLS,
            loop=asyncio.get_running_loop(),
        )
        self._smtp_methods = _Commands(self._smtp_methods, self._unknown)

    @property
    def task(self) -> "asyncio.Task[None] | None":
        return self._handler_coroutine

    # Its end

    def leave(self) -> None:
        """End the connection: now, or as soon as the mail on its way is answered (O7)."""
        self._leaving = True
        if not self._in_data:
            self.hang_up(smtp_replies.SHUTTING_DOWN)

    def hang_up(self, reply: str) -> None:
        """Say a last word and close, even on a peer that does not read it."""
        transport = self.transport
        if not isinstance(transport, asyncio.Transport) or transport.is_closing():
            return
        log.info("smtp.closed", peer=self.peer.address, reply=reply)
        transport.write(reply.encode("ascii") + b"\r\n")
        transport.close()
        self.loop.call_later(self._lobby.timers.goodbye, transport.abort)
        if self.task is not None:
            self.task.cancel()

    # Its time. The library sets a timer anew for each command; that is most of the work of a command,
    # so here a moment is noted, and one timer looks at it now and then.

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Note that the peer did something: a command, or octets of a mail."""
        self._active = self.loop.time()
        if self._timeout_handle is None:
            self._look_again(self._lobby.timers.idle)

    def _timeout_cb(self) -> None:
        """Close when the peer is idle, or its transaction too long; else look again when it may be."""
        rest = min(self._active + self._lobby.timers.idle, self._deadline) - self.loop.time()
        if rest <= 0:
            self.hang_up(smtp_replies.TOO_SLOW)
        else:
            self._look_again(rest)

    def _look_again(self, seconds: float) -> None:
        # Never later than a transaction that begins in the meantime may have to end.
        seconds = min(seconds, self._lobby.timers.transaction)
        self._timeout_handle = self.loop.call_later(seconds, self._timeout_cb)

    def _stop_the_clock(self) -> None:
        """The peer waits for us now; what we do has budgets of its own (D9)."""
        self._active = self._deadline = math.inf

    def _create_envelope(self) -> Envelope:
        """Begin anew. Called at the start, on HELO, RSET and STARTTLS, and after DATA."""
        self._transaction = Transaction()
        self._deadline = math.inf
        return super()._create_envelope()

    # Replies

    async def push(self, status: str | bytes) -> None:
        """Send a reply; the twentieth that is an error is the last."""
        reply = smtp_replies.enhanced(status if isinstance(status, str) else status.decode())
        if smtp_replies.is_protocol_error(reply):
            self._errors += 1
            if self._errors >= limits.PROTOCOL_ERRORS:
                self.hang_up(smtp_replies.TOO_MANY_ERRORS)
                return
        await self._send(reply)

    async def _send(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode("ascii", "replace"))
        await self._writer.drain()

    async def handle_exception(self, error: Exception) -> str:
        """Return the reply for what a command raised; the log tells a bug by its kind and place."""
        if isinstance(error, MailRefused | TryLater):
            log.info("smtp.refused", **self._seen(), reply=error.reply)
            return error.reply
        place = smtp_replies.place_of(error)
        log.error("smtp.failed", **self._seen(), error=type(error).__name__, place=place)
        return smtp_replies.FAILED

    def _seen(self) -> dict[str, Any]:
        return {"peer": self.peer.address, "sender": self._transaction.sender}

    # Commands, named as the library looks them up

    async def smtp_HELO(self, hostname: str | None) -> None:  # noqa: N802
        await self._greet(hostname)

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802
        tls = self._lobby.tls is not None and self._tls_protocol is None
        await self._greet(
            hostname,
            f"SIZE {self._lobby.max_bytes}",
            "8BITMIME",
            "SMTPUTF8",
            "PIPELINING",
            *(["STARTTLS"] if tls else []),
            "ENHANCEDSTATUSCODES",
        )

    async def _greet(self, hostname: str | None, *offers: str) -> None:
        if not hostname:
            raise MailRefused("501 5.5.4 Say who you are")
        self._set_rset_state()
        session: Any = self.session
        session.host_name, session.extended_smtp = hostname, bool(offers)
        *lines, last = self.hostname, *offers
        # This reply has no enhanced code (RFC 2034, 3), so it does not pass through `push`.
        await self._send(*(f"250-{line}" for line in lines), f"250 {last}")

    async def smtp_STARTTLS(self, arg: str | None) -> None:  # noqa: N802
        if self._tls_protocol is not None:
            raise MailRefused("503 5.5.1 TLS is on already")
        await super().smtp_STARTTLS(arg or "")

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if await self.check_helo_needed():
            return
        if self._transaction.sender is not None:
            raise MailRefused("503 5.5.1 One sender at a time")
        path = parse_path(arg, "FROM:")
        if path is None:
            raise MailRefused("501 5.1.7 Sender not understood")
        declared = declared_size(path.parameters, max_bytes=self._lobby.max_bytes)
        if await self._lobby.disk.is_low():
            raise TryLater("452 4.3.1 Too little disk space, try again later")
        self._count_message()
        self._transaction = Transaction(path.address, declared=declared)
        self._deadline = self.loop.time() + self._lobby.timers.transaction
        await self.push("250 2.1.0 Sender taken")

    def _count_message(self) -> None:
        if self.peer.listed:
            return
        moment = time.monotonic()
        if self._lobby.messages.is_full(self.peer.group, now=moment):
            raise TryLater("451 4.7.1 Too many messages, try again later")
        self._lobby.messages.add(self.peer.group, now=moment)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        transaction = self._transaction
        if transaction.sender is None:
            raise MailRefused("503 5.5.1 MAIL comes first")
        path = parse_path(arg, "TO:")
        if path is None or not path.address:
            raise MailRefused("501 5.1.3 Recipient not understood")
        if path.parameters:
            raise MailRefused("555 5.5.4 Parameter of RCPT not offered")
        if len(transaction.recipients) >= limits.RECIPIENTS:
            raise TryLater("452 4.5.3 Too many recipients")
        address = await self._lobby.recipients.admit(path.address, self.peer, now=time.monotonic())
        if address not in transaction.recipients:
            transaction.recipients.append(address)
        await self.push("250 2.1.5 Recipient taken")

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        if self._transaction.sender is None:
            raise MailRefused("503 5.5.1 MAIL comes first")
        if not self._transaction.recipients:
            raise MailRefused("554 5.5.1 No recipient was taken")
        if arg:
            raise MailRefused("501 5.5.4 DATA stands alone")
        self._in_data = True
        try:
            await self.push(await self._take_mail())
            failpoints.hit("S6")
        finally:
            self._set_post_data_state()
            self._in_data = False
            self._reset_timeout()
            if self._leaving:
                self.leave()

    async def _take_mail(self) -> str:
        """Read a mail and write it down; return the reply, which no failure comes before (B1)."""
        began = time.monotonic()
        try:
            content = await read_mail(
                self._lobby,
                self._transaction,
                self._reader,
                strict=not self.peer.listed,
                invite=self._invite,
                progress=self._reset_timeout,
            )
            self._stop_the_clock()
            entry = await keep_mail(self._lobby, self._transaction, self.peer, content)
        except (asyncio.CancelledError, ConnectionError):
            log.info("smtp.interrupted", **self._seen())
            raise
        except Exception as error:
            return await self.handle_exception(error)
        log.info(
            "smtp.accepted",
            entry=entry,
            **self._seen(),
            recipients=" ".join(map(self._lobby.recipients.shown, self._transaction.recipients)),
            size=content.size,
            ms=round((time.monotonic() - began) * 1000),
        )
        return f"250 2.0.0 Kept as {entry}"

    async def _invite(self) -> None:
        await self.push("354 End with a dot on a line of its own")

    async def smtp_RSET(self, arg: str | None) -> None:  # noqa: N802
        self._set_rset_state()
        await self.push("250 2.0.0 Begin anew")

    async def smtp_VRFY(self, arg: str | None) -> None:  # noqa: N802
        await self.push("252 2.0.0 Write to them and see")

    async def smtp_EXPN(self, arg: str | None) -> None:  # noqa: N802
        raise MailRefused("502 5.5.1 EXPN is not offered")

    async def smtp_AUTH(self, arg: str | None) -> None:  # noqa: N802
        raise MailRefused("502 5.5.1 AUTH is not offered")

    async def smtp_HELP(self, arg: str | None) -> None:  # noqa: N802
        await self.push("214 2.0.0 See RFC 5321")

    async def _unknown(self, arg: str | None) -> None:
        raise MailRefused("500 5.5.1 Command not known")


class _Commands(dict[str, Any]):
    """Commands by name. The library hangs up on the fifth unknown one; to us it is an error as others."""

    def __init__(self, known: dict[str, Any], unknown: Any) -> None:
        super().__init__(known)
        self._unknown = unknown

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, self._unknown)
