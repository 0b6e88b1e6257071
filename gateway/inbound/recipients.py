"""Answers RCPT: recipients of ours in normal form, the word for why not for all others (B1, B4).

Nobody may write to anybody else through us, our own mail servers no more than strangers: we take
mail for ourselves and relay none.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import structlog

from gateway.config import Mail
from gateway.db import Database
from gateway.errors import MailRefused, TryLater
from gateway.inbound.bounds import SlidingWindow
from gateway.inbound.peers import Peer
from gateway.mail.addresses import normal_form
from gateway.models.people import TokenPurpose
from gateway.rules import limits
from gateway.services import entrance
from gateway.services.entrance import POSTMASTER, Ours

log = structlog.get_logger()

T = TypeVar("T")

UNKNOWN = "550 5.1.1 No such recipient here"
ELSEWHERE = "550 5.7.1 We take no mail for others"
TOO_MANY_GUESSES = "451 4.7.1 Too many unknown recipients, try again later"

PATIENCE_SECONDS = 60.0
"""How long the database may take to answer; a client waits five minutes (RFC 5321, 4.5.3.2)."""

REMEMBERED_SECONDS = 5.0
"""How long an address found may be taken for ours without asking. One not found is asked for anew."""


class Recipients:
    """Which addresses are ours, and how often a peer guessed at tokens that never were."""

    def __init__(self, db: Database, mail: Mail) -> None:
        self._db = db
        self._mail = mail
        self._ours = Ours(frozenset(), frozenset())
        self._asked: float | None = None
        self._guesses = SlidingWindow(limits.TOKEN_GUESSES)

    async def admit(self, written: str, peer: Peer, *, now: float) -> str:
        """Return the normal form of a recipient of ours; MailRefused or TryLater for any other.

        `now` is in monotonic seconds. A token is asked for by its hash each time; plain addresses are
        few, so all are asked for at once.
        """
        remembered = self._asked is not None and now - self._asked < REMEMBERED_SECONDS
        if remembered and written in self._ours.addresses:  # in normal form already, as most are
            return written
        if written.lower() == POSTMASTER:
            written += "@" + self._mail.address.rpartition("@")[2]
        address = None if written.startswith("@") else normal_form(written)  # no source routes
        if address is not None:
            if remembered and address in self._ours.addresses:
                return address
            token = entrance.token_in(self._mail, address)
            if token is not None:
                return await self._admit_token(address, *token, peer, now=now)
        self._ours, self._asked = await self._ask(self._look), now
        if address in self._ours.addresses:
            return address
        log.info("smtp.not_ours", peer=peer.address, recipient=entrance.shown(self._mail, written))
        raise MailRefused(UNKNOWN if self._would_be_ours(address or written) else ELSEWHERE)

    def _would_be_ours(self, address: str) -> bool:
        """Whether it is in a domain of ours, the local part whatever it is, quoted addresses included."""
        local, _, domain = address.rpartition("@")
        return bool(local) and not local.startswith("@") and domain.lower() in self._ours.domains

    async def _admit_token(
        self, address: str, purpose: TokenPurpose, token: str, peer: Peer, *, now: float
    ) -> str:
        """Take an address with a token that was issued; a stranger may guess only so often (T3)."""
        if not peer.listed and self._guesses.is_full(peer.group, now=now):
            raise TryLater(TOO_MANY_GUESSES)
        if await self._ask(self._was_issued, purpose, token):
            return address
        self._guesses.add(peer.group, now=now)
        raise MailRefused(UNKNOWN)

    async def _ask(self, question: Callable[..., T], *arguments: object) -> T:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._db.in_thread(question, *arguments)

    def _look(self) -> Ours:
        with self._db.snapshot() as session:
            return entrance.ours(session, self._mail)

    def _was_issued(self, purpose: TokenPurpose, token: str) -> bool:
        with self._db.snapshot() as session:
            return entrance.was_issued(session, purpose, token)
