"""What is said in a connection: the commands, and what each asks before it says yes (invariants B1)."""

import asyncio
import time
from typing import Any

import structlog

from gateway import failpoints
from gateway.errors import MailRefused, TryLater
from gateway.inbound.smtp_connection import SmtpConnection
from gateway.inbound.smtp_delivery import keep_mail, read_mail
from gateway.inbound.smtp_lobby import Transaction
from gateway.inbound.smtp_syntax import declared_size, parse_path
from gateway.rules import limits

log = structlog.get_logger()


class SmtpSession(SmtpConnection):
    """The dialogue. Its methods are named as the library looks them up."""

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
        self._set_rset_state()  # type: ignore[no-untyped-call]
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
        if transaction.named >= limits.RECIPIENTS:
            raise TryLater("452 4.5.3 Too many recipients")
        address = await self._lobby.recipients.admit(path.address, self.peer, now=time.monotonic())
        transaction.named += 1
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
        self._busy = True
        try:
            reply = await self._take_mail()
            await self.push(reply)
            if reply.startswith("250"):
                failpoints.hit("S6")
        finally:
            self._set_post_data_state()  # type: ignore[no-untyped-call]
            self._busy = False
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
            recipients=" ".join(map(self._lobby.shown, self._transaction.recipients)),
            size=content.size,
            ms=round((time.monotonic() - began) * 1000),
        )
        return f"250 2.0.0 Kept as {entry}"

    async def _invite(self) -> None:
        await self.push("354 End with a dot on a line of its own")

    async def smtp_RSET(self, arg: str | None) -> None:  # noqa: N802
        self._set_rset_state()  # type: ignore[no-untyped-call]
        await self.push("250 2.0.0 Begin anew")

    async def smtp_VRFY(self, arg: str | None) -> None:  # noqa: N802
        await self.push("252 2.0.0 Write to them and see")

    async def smtp_EXPN(self, arg: str | None) -> None:  # noqa: N802
        raise MailRefused("502 5.5.1 EXPN is not offered")

    async def smtp_AUTH(self, arg: str | None) -> None:  # noqa: N802
        raise MailRefused("502 5.5.1 AUTH is not offered")

    async def smtp_HELP(self, arg: str | None) -> None:  # noqa: N802
        await self.push("214 2.0.0 See RFC 5321")
