"""One SMTP delivery to the relay → Sent, Deferred, Refused, Unclear or Broken (invariants E6)."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPServerDisconnected, SMTPStatus

from gateway import failpoints
from gateway.outbound import data_stream
from gateway.outbound.delivery import (
    Broken,
    Deferred,
    Delivery,
    Parcel,
    Refused,
    Step,
    Unclear,
    judge,
    judge_final,
    worded,
)
from gateway.outbound.relay_connection import (
    RelaySettings,
    Unfit,
    is_certificate_problem,
    open_connection,
)

_QUIT_SECONDS = 2.0
_NOT_IN_A_PATH = re.compile(r"[\x00-\x1f\x7f<>]")


class Smarthost:
    """A connection to the relay, opened when needed and kept for the mails that follow.

    One delivery at a time: who wants to send in parallel makes several.
    """

    def __init__(self, settings: RelaySettings) -> None:
        self._settings = settings
        self._client: SMTP | None = None
        self._step = Step.OPENING
        self._takes_null = True  # the null sender, until the relay refuses it and takes another
        self._unfinished = False  # a transaction was begun and not ended: RSET before the next
        self._idle_timer: asyncio.TimerHandle | None = None

    async def deliver(self, parcel: Parcel, *, before_dot: Callable[[], Awaitable[bool]]) -> Delivery:
        """Send one mail. `before_dot` says whether the lease is still ours (E4); if not, the
        connection is cut without the final dot, so nothing is sent.

        Raises only what `before_dot` raises, and cancellation; both cut the connection, too.
        """
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._step = Step.OPENING
        try:
            return await self._transaction(parcel, before_dot)
        except BaseException as error:
            self._cut()
            delivery = self._judge_failure(error)
            if delivery is None:
                raise
            return delivery
        finally:
            if self._client is not None:
                self._idle_timer = asyncio.get_running_loop().call_later(self._settings.idle, self._cut)

    async def close(self) -> None:
        """Take leave of the relay, if connected."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            try:
                await client.quit(timeout=_QUIT_SECONDS)
            except (SMTPException, OSError):
                client.close()

    async def _transaction(self, parcel: Parcel, before_dot: Callable[[], Awaitable[bool]]) -> Delivery:
        if (refusal := await self._begin(parcel)) is not None:
            return refusal
        failpoints.hit("O3")
        if (refusal := await self._ask(Step.RCPT, b"RCPT", b"TO:" + _path(parcel.recipient))) is not None:
            return refusal
        failpoints.hit("O4")
        if (refusal := await self._ask(Step.DATA, b"DATA")) is not None:
            return refusal
        return await self._content(parcel.data, before_dot)

    async def _content(self, data: bytes, before_dot: Callable[[], Awaitable[bool]]) -> Delivery:
        protocol = self._opened().protocol
        if protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        early = await data_stream.write_all(protocol, data, self._settings.timeout)
        if early is not None:
            self._cut()
            return judge(Step.DATA, early.code, early.message) or Deferred("a reply before the end of data")
        if not await before_dot():
            self._cut()
            return Deferred("lease lost")
        protocol.write(b".\r\n")
        self._step = Step.DOT
        await data_stream.drain(protocol, self._settings.timeout)
        failpoints.hit("O6")
        reply = await protocol.read_response(self._settings.final_timeout)
        failpoints.hit("O7")
        self._unfinished = False
        return judge_final(reply.code, reply.message)

    async def _begin(self, parcel: Parcel) -> Delivery | None:
        """Connect and say MAIL.

        A relay may have closed a kept connection meanwhile, or say 421 after so many mails: that
        is no fault of this one, which then goes over a fresh connection.
        """
        if self._client is not None and self._client.is_connected:
            with suppress(SMTPServerDisconnected):
                refusal = await self._mail(parcel)
                if self._client.is_connected:
                    return refusal
        self._cut()
        self._client = await open_connection(self._settings)
        return await self._mail(parcel)

    async def _mail(self, parcel: Parcel) -> Delivery | None:
        client = self._opened()
        if (hopeless := _hopeless(parcel, client.esmtp_extensions)) is not None:
            return hopeless
        if self._unfinished and (await client.execute_command(b"RSET")).code != SMTPStatus.completed:
            raise SMTPServerDisconnected("RSET failed")
        failpoints.hit("O2")
        options = []
        if "size" in client.esmtp_extensions:
            options.append(b"SIZE=%d" % len(parcel.data))
        if not _is_ascii(parcel):
            options.append(b"SMTPUTF8")
        self._unfinished = True
        if parcel.envelope_from or not parcel.otherwise_from:
            return await self._ask(Step.MAIL, b"MAIL", b"FROM:" + _path(parcel.envelope_from), *options)
        if self._takes_null:
            refused = await self._ask(Step.MAIL, b"MAIL", b"FROM:<>", *options)
            if not isinstance(refused, Broken):
                return refused
        taken = await self._ask(Step.MAIL, b"MAIL", b"FROM:" + _path(parcel.otherwise_from), *options)
        self._takes_null = self._takes_null and taken is not None  # refused both, it refuses us
        return taken

    async def _ask(self, step: Step, *words: bytes) -> Delivery | None:
        self._step = step
        reply = await self._opened().execute_command(*words)
        return judge(step, reply.code, reply.message)

    def _opened(self) -> SMTP:
        if self._client is None:
            raise SMTPServerDisconnected("Connection lost")
        return self._client

    def _cut(self) -> None:
        """Drop the connection as it is: what is not complete is not sent."""
        client, self._client = self._client, None
        self._unfinished = False
        if client is not None:
            if isinstance(client.transport, asyncio.WriteTransport):
                client.transport.abort()
            client.close()

    def _judge_failure(self, error: BaseException) -> Delivery | None:
        """Return what an exception means, or None for one that is not of the dialogue."""
        if isinstance(error, Unfit):
            return Broken(worded(str(error)))
        if is_certificate_problem(error):
            return Broken(worded(f"the relay's certificate cannot be trusted: {error}"))
        if isinstance(error, SMTPResponseException) and self._step is Step.DOT:
            return judge_final(error.code, error.message)
        if isinstance(error, SMTPResponseException):
            return judge(self._step, error.code, error.message) or Deferred(worded(str(error)))
        if isinstance(error, SMTPException | OSError):
            words = worded(f"{self._step}: {str(error) or type(error).__name__}")
            return Unclear(words) if self._step is Step.DOT else Deferred(words)
        return None


def _hopeless(parcel: Parcel, extensions: Mapping[str, str]) -> Refused | None:
    """Return why a mail need not even be tried with this relay, or None."""
    if not parcel.recipient or _NOT_IN_A_PATH.search(parcel.envelope_from + parcel.recipient):
        return Refused("not an address that SMTP can carry")
    if not _is_ascii(parcel) and "smtputf8" not in extensions:
        return Refused("the relay does not take addresses outside ASCII (SMTPUTF8)")
    limit = extensions.get("size", "")
    if limit.isdecimal() and 0 < int(limit) < len(parcel.data):
        return Refused(f"larger than the {limit} octets the relay takes")
    return None


def _is_ascii(parcel: Parcel) -> bool:
    return parcel.envelope_from.isascii() and parcel.recipient.isascii()


def _path(address: str) -> bytes:
    return b"<" + address.encode() + b">"
