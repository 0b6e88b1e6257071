"""Loop: claim due rows of the outbox → mark transmitting → send, outside any transaction → settle.

One lane sends, or a few side by side, each over a connection of its own (`[mailer] connections`):
the more there are, the more mails a crash finds on the wire, and those of people go twice (E5).
Between two mails a lane needs one transaction: it settles the last and marks the next, in one commit.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from gateway import failpoints
from gateway.config import Mailer as MailerSection
from gateway.config import secret_of
from gateway.errors import ConfigError, NotFound, StaleLease
from gateway.mail.compose import assemble
from gateway.mail.signing import is_usable_key, sign
from gateway.models.queues import OutboxItem
from gateway.outbound.delivery import Broken, Deferred, Delivery, Parcel, Refused, Sent, Transport, Unclear
from gateway.outbound.folder import Folder
from gateway.outbound.relay_connection import RelaySettings, Security
from gateway.outbound.smarthost import Smarthost
from gateway.runtime import Runtime, is_dead
from gateway.services import blobs, leases, outbox
from gateway.services.outbox import Claimed

log = structlog.get_logger()

T = TypeVar("T")

BATCH = 16
STOP_SECONDS = 20.0
POLL_SECONDS = 1.0
PAUSE_SECONDS = 5.0
LEASE_SHARE = 4
"""A lease older than a quarter of its life is asked for in the database before the final dot."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Whose DKIM signature goes in front of our mail."""

    domain: str
    selector: str
    private_key: bytes

    def of(self, data: bytes, at: datetime) -> bytes:
        """The signature of a mail, the same for every attempt since its time is the mail's (E3)."""
        return sign(
            data,
            domain=self.domain,
            selector=self.selector,
            private_key=self.private_key,
            at=int(at.timestamp()),
        )


async def run(runtime: Runtime) -> None:
    """The mailer role: sends until cancelled, then finishes what is on the wire."""
    section = runtime.config.mailer
    hostname = runtime.config.mail.message_id_domain

    def transport() -> Transport:
        return open_transport(section, hostname=hostname)

    await Mailer(runtime, transport, signature=read_signature(section)).run()


def open_transport(section: MailerSection, *, hostname: str) -> Transport:
    """Return the way out that the configuration names; `hostname` is what we say in EHLO."""
    if section.transport == "folder":
        return Folder(section.folder)
    return Smarthost(relay_settings(section, hostname=hostname))


def relay_settings(section: MailerSection, *, hostname: str) -> RelaySettings:
    """Return where the relay is; `hostname` is what we say in EHLO."""
    return RelaySettings(
        host=section.host,
        port=section.port,
        local_hostname=hostname,
        security=Security(section.security),
        username=section.username,
        password=secret_of(section.password, section.password_file),
        timeout=section.timeout_seconds,
        trusted=section.ca_file,
    )


def read_signature(section: MailerSection) -> Signature | None:
    """Return what to sign with, or None when our mail is signed by the relay or not at all."""
    if section.dkim_key is None:
        return None
    try:
        key = section.dkim_key.read_bytes()
    except OSError as error:
        raise ConfigError([f"[mailer] dkim_key: {section.dkim_key}: {error.strerror}"]) from None
    if not is_usable_key(key):
        raise ConfigError([f"[mailer] dkim_key: {section.dkim_key} is no RSA key in PEM form"])
    return Signature(section.dkim_domain, section.dkim_selector, key)


class Mailer:
    """The loop that claims, and its lanes."""

    def __init__(
        self, runtime: Runtime, make_transport: Callable[[], Transport], *, signature: Signature | None = None
    ) -> None:
        self._runtime = runtime
        self._make_transport = make_transport
        self._signature = signature
        self._lanes = runtime.config.mailer.connections
        self._lasting = timedelta(seconds=runtime.config.mailer.lease_seconds)
        self._line: asyncio.Queue[Claimed | None] = asyncio.Queue()  # None: the lane may end

    async def run(self) -> None:
        """Work until cancelled, then finish what is on the wire and give back the rest."""
        lanes = [asyncio.create_task(self._lane(), name=f"mailer-lane-{number}") for number in range(self._lanes)]
        try:
            await self._feed()
        finally:
            await self._give_back()
            for _ in lanes:
                self._line.put_nowait(None)
            await asyncio.wait(lanes, timeout=STOP_SECONDS)
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def _feed(self) -> None:
        """Keep the line filled. A database that is away pauses the sending and nothing more (O11)."""
        await self._insist(self._release_dead)
        while True:
            claimed = await self._insist(self._claim) if self._line.qsize() < self._lanes else []
            for each in claimed:
                self._line.put_nowait(each)
            if not claimed:
                await self._runtime.wakeup.wait("outbox", seconds=POLL_SECONDS)

    async def _lane(self) -> None:
        """Send one mail after the other; `done` is the last one, settled together with the next's mark."""
        transport = self._make_transport()
        done: tuple[Claimed, Delivery] | None = None
        try:
            while True:
                if done is not None and self._line.empty():
                    await self._insist(self._turn, done, None)  # nobody waits, so settle now
                    done = None
                claimed = await self._line.get()
                parcel = await self._insist(self._turn, done, claimed)
                done = None
                if claimed is None:
                    return
                if parcel is not None:
                    done = claimed, await self._deliver(transport, claimed, parcel)
                    if isinstance(done[1], Broken):
                        await self._give_back()
        finally:
            await transport.close()

    async def _deliver(self, transport: Transport, claimed: Claimed, parcel: Parcel) -> Delivery:
        since = self._runtime.now()

        async def still_ours() -> bool:
            """Asked before the final dot: a process stopped for long may have lost its lease (E4)."""
            if self._runtime.now() - since < self._lasting / LEASE_SHARE:
                return True
            return await self._runtime.db.in_thread(self._holds, claimed)

        try:
            return await transport.deliver(parcel, before_dot=still_ours)
        except DBAPIError as error:
            return Deferred(f"the database is away: {type(error).__name__}")

    def _turn(self, done: tuple[Claimed, Delivery] | None, claimed: Claimed | None) -> Parcel | None:
        """In one commit settle what was sent and mark what comes next; return its bytes, if it may go."""
        runtime = self._runtime
        refusal: str | None = "nothing"
        with runtime.db.transaction() as session:
            if done is not None:
                self._settle(session, *done)
            if claimed is not None:
                until = runtime.now() + self._lasting
                refusal = outbox.transmitting(session, claimed, until=until)
        if done is not None:
            failpoints.hit("O8")
            runtime.wakeup.ring_from_thread("outbox")  # the next mail of that line may go now
        if claimed is None or refusal is not None:
            if claimed is not None:
                log.info("mail.not_sent", mail=claimed.id, reason=refusal)
            return None
        return self._parcel(claimed)

    def _parcel(self, claimed: Claimed) -> Parcel | None:
        """Join the pieces to the bytes that every attempt sends (E3)."""
        runtime = self._runtime
        try:
            with runtime.db.snapshot() as session:
                data = assemble(claimed.composed, lambda sha256: blobs.read(session, runtime.blobs, sha256))
        except NotFound as error:
            with runtime.db.transaction() as session:
                outbox.failed(session, claimed, f"an attachment is lost: {error}", now=runtime.now())
            return None
        if self._signature is not None:
            at = int(claimed.created_at.timestamp())
            key = self._signature
            data = (
                sign(data, domain=key.domain, selector=key.selector, private_key=key.private_key, at=at)
                + data
            )
        return Parcel(claimed.envelope_from, claimed.recipient, data)

    def _settle(self, session: Session, claimed: Claimed, delivery: Delivery) -> None:
        now, chance = self._runtime.now(), random.random()  # noqa: S311  spreads retries, no secret
        try:
            match delivery:
                case Sent():
                    outbox.sent(session, claimed, now=now)
                case Deferred(reply):
                    outbox.deferred(session, claimed, reply, now=now, chance=chance)
                case Unclear(reply):
                    outbox.unclear(session, claimed, reply, now=now, chance=chance)
                case Refused(reply):
                    outbox.failed(session, claimed, reply, now=now)
                case Broken(reply):
                    outbox.relay_refuses(session, claimed, reply, now=now)
                    log.error("mailer.relay_refuses_us", reply=reply)
        except StaleLease:
            log.warning("mailer.lease_lost", mail=claimed.id)
            return
        log.info(
            "mail.handed_over",
            mail=claimed.id,
            ticket=claimed.ticket_id,
            result=type(delivery).__name__.lower(),
            attempt=claimed.attempts,
            reply=delivery.reply,
        )

    def _claim(self) -> list[Claimed]:
        runtime = self._runtime
        with runtime.db.transaction() as session:
            claimed = outbox.claim(
                session, worker=runtime.worker, lasting=self._lasting, limit=BATCH, now=runtime.now()
            )
        if claimed:
            failpoints.hit("O1")
        return claimed

    def _holds(self, claimed: Claimed) -> bool:
        with self._runtime.db.snapshot() as session:
            return leases.holds(session, OutboxItem, claimed.id, claimed.fence, now=self._runtime.now())

    def _release_dead(self) -> None:
        with self._runtime.db.transaction() as session:
            outbox.release_dead(session, is_dead)

    async def _give_back(self) -> None:
        """Let go of what stands in line untried."""
        untried: list[Claimed] = []
        with suppress(asyncio.QueueEmpty):
            while True:
                untried += [each for each in [self._line.get_nowait()] if each is not None]
        if untried:
            with suppress(DBAPIError):  # their leases end by themselves
                await self._runtime.db.in_thread(self._return, untried)

    def _return(self, untried: list[Claimed]) -> None:
        with self._runtime.db.transaction() as session:
            for each in untried:
                outbox.give_back(session, each)

    async def _insist(self, work: Callable[..., T], *arguments: object) -> T:
        """Do database work, again and again while the database is away: a result may not be lost."""
        while True:
            try:
                return await self._runtime.db.in_thread(work, *arguments)
            except DBAPIError as error:
                log.error("mailer.database", error=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311  no secret
