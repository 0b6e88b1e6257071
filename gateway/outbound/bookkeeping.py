"""What the mailer writes down: which rows it holds, which it is sending, what came of each.

All of it blocks and runs in worker threads; gateway/outbound/mailer does the sending.
"""

import random
from datetime import timedelta

import structlog
from sqlmodel import Session

from gateway import failpoints
from gateway.db import is_away
from gateway.errors import NotFound, StaleLease
from gateway.mail.compose import Composed, assemble
from gateway.models.queues import OutboxItem
from gateway.outbound.delivery import Broken, Deferred, Delivery, Parcel, Refused, Sent, Unclear
from gateway.outbound.equipment import Signature
from gateway.runtime import Runtime, is_dead
from gateway.services import blobs, leases, outbox, settings, undelivered
from gateway.services.desk import open_desk
from gateway.services.outbox import Claimed

log = structlog.get_logger()

Done = tuple[Claimed, Delivery]

BATCH = 16


class Bookkeeper:
    """The database as the mailer uses it. A lease is `lasting` long."""

    def __init__(self, runtime: Runtime, signature: Signature | None) -> None:
        self._runtime = runtime
        self._signature = signature
        self._desk = open_desk(runtime.config, runtime.secret)
        self.lasting = timedelta(seconds=runtime.config.mailer.lease_seconds)

    def claim(self) -> list[Claimed]:
        runtime = self._runtime
        with runtime.db.transaction() as session:
            claimed = outbox.claim(
                session, worker=runtime.worker, lasting=self.lasting, limit=BATCH, now=runtime.now()
            )
        if claimed:
            failpoints.hit("O1")
        return claimed

    def renew(self, claimed: Claimed) -> bool:
        until = self._runtime.now() + self.lasting
        with self._runtime.db.transaction() as session:
            return leases.renew(session, OutboxItem, claimed.id, claimed.fence, until=until)

    def release_former(self) -> None:
        with self._runtime.db.transaction() as session:
            outbox.release_former(session, self._runtime.worker, is_dead)

    def release(self) -> None:
        with self._runtime.db.transaction() as session:
            outbox.release(session, self._runtime.worker)

    def give_back(self, untried: list[Claimed]) -> None:
        with self._runtime.db.transaction() as session:
            for each in untried:
                outbox.give_back(session, each)

    def turn(self, done: Done | None, claimed: Claimed | None) -> Parcel | None:
        """In one commit settle what was sent and mark what comes next; return its bytes, if it may go."""
        runtime = self._runtime
        refusal = None
        with runtime.db.transaction() as session:
            if done is not None:
                self._settle(session, *done)
            if claimed is not None:
                refusal = outbox.transmitting(session, claimed, until=runtime.now() + self.lasting)
            if claimed is not None and refusal == outbox.NOT_ALLOWED:
                outbox.show_withheld(session, claimed, now=runtime.now())
        if done is not None:
            failpoints.hit("O8")
        if claimed is None:
            return None
        if refusal is not None:
            log.info("mail.not_sent", mail=claimed.id, reason=refusal)
            return None
        return self._parcel(claimed)

    def _parcel(self, claimed: Claimed) -> Parcel | None:
        """Join the pieces to the bytes that every attempt sends (E3); None when they are not to be had."""
        try:
            data = self._assembled(claimed.composed)
            if self._signature is not None:
                data = self._signature.of(data, claimed.created_at) + data
        except Exception as error:
            if is_away(error):
                raise
            self._give_up(claimed, error)
            return None
        house = self._runtime.config.mail.address
        return Parcel(claimed.envelope_from, claimed.recipient, data, otherwise_from=house)

    def _assembled(self, composed: Composed) -> bytes:
        if not composed.parts:
            return composed.head
        runtime = self._runtime
        with runtime.db.snapshot() as session:
            return assemble(composed, lambda sha256: blobs.read(session, runtime.blobs, sha256))

    def _give_up(self, claimed: Claimed, error: Exception) -> None:
        """An attachment that is lost ends a mail; a disk, or a bug, may be better another time."""
        with self._runtime.db.transaction() as session:
            if isinstance(error, NotFound):
                self._settle(session, claimed, Refused(f"an attachment is lost: {error}"))
            else:
                log.exception("mailer.failed", mail=claimed.id)
                self._settle(session, claimed, Deferred(f"it could not be read: {type(error).__name__}"))

    def _settle(self, session: Session, claimed: Claimed, delivery: Delivery) -> None:
        now, chance = self._runtime.now(), random.random()  # noqa: S311  spreads retries, no secret
        ended = False
        try:
            match delivery:
                case Sent():
                    outbox.sent(session, claimed, now=now)
                case Deferred(reply):
                    ended = outbox.deferred(session, claimed, reply, now=now, chance=chance)
                case Unclear(reply):
                    ended = outbox.unclear(session, claimed, reply, now=now, chance=chance)
                case Refused(reply):
                    ended = outbox.failed(session, claimed, reply, now=now)
                case Broken(reply):
                    ended = outbox.relay_refuses(session, claimed, reply, now=now)
                    log.error("mailer.relay_refuses_us", reply=reply)
            if ended:
                self._undelivered(session, claimed, delivery)
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

    def _undelivered(self, session: Session, claimed: Claimed, delivery: Delivery) -> None:
        """A mail failed for good, and whoever wrote it hears of it. A reply of SMTP puts it on their side."""
        undelivered.settle(
            session,
            settings.current(session, self._desk),
            claimed.id,
            status=None,
            words=delivery.reply,
            hard=isinstance(delivery, Refused) and delivery.reply.startswith("5"),
            now=self._runtime.now(),
        )
