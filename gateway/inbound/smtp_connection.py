"""One connection of the listener: aiosmtpd's, with every limit of our own (invariants B1, B2, D8).

The library keeps the command loop and STARTTLS. Ours are the time a peer has, the count of its
errors, enhanced codes in every reply, and the rule that any exception is a 451 with a fixed text.
The library's version is pinned, since some of what is overridden has an underscore.
"""

import asyncio
import math
from collections import defaultdict
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope

from gateway.errors import MailRefused, TryLater
from gateway.inbound import smtp_replies
from gateway.inbound.peers import Peer
from gateway.inbound.smtp_lobby import Lobby, Transaction
from gateway.rules import limits

log = structlog.get_logger()

COMMAND_OCTETS = 1024
"""RFC 5321 asks for 512, and for more with each extension."""

CALLS = {"*": 100, "MAIL": 10_000, "RCPT": 100_000, "DATA": 10_000, "RSET": 10_000}
"""How often a command may come in one connection, which a busy server keeps open for many mails."""


class SmtpConnection(SMTP):
    """How a connection is held: its time, its errors, its end. What is said in it: SmtpSession."""

    line_length_limit = limits.LINE_OCTETS  # how much is read at once; a line of a mail may be longer

    def __init__(self, lobby: Lobby, peer: Peer) -> None:
        self.command_size_limits = defaultdict(lambda: COMMAND_OCTETS)  # the library shares one with all
        self.peer = peer
        self._lobby = lobby
        self._transaction = Transaction()
        self._active = 0.0  # when the peer last did something; times of the event loop
        self._deadline = math.inf  # of the transaction
        self._errors = 0
        self._busy = False  # with a mail on its way
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
        """The dialogue; None before the connection is made."""
        return self._handler_coroutine

    # Its end

    def leave(self) -> None:
        """End the connection: now, or as soon as the mail on its way is answered (O7)."""
        self._leaving = True
        if not self._busy:
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

    # Its time. The library sets a timer anew for each command; here a moment is noted instead, and one
    # timer looks at it now and then.

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
        """What every line of the log says of a mail."""
        return {"peer": self.peer.address, "sender": self._lobby.shown(self._transaction.sender or "")}

    async def _unknown(self, arg: str | None) -> None:
        raise MailRefused("500 5.5.1 Command not known")


class _Commands(dict[str, Any]):
    """Commands by name. The library hangs up on the fifth unknown one; to us it is an error as others."""

    def __init__(self, known: dict[str, Any], unknown: Any) -> None:
        super().__init__(known)
        self._unknown = unknown

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, self._unknown)
