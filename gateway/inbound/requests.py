"""Whether mails that would open requests may come in now, or are left for later (B5).

A mail to a reply or bounce address is about a request there is, and under no rate of these.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from gateway.config import Config
from gateway.db import Database
from gateway.inbound.recipients import PATIENCE_SECONDS
from gateway.mail.peek import Peek
from gateway.services import entrance, rates

Seen = tuple[Peek, Sequence[str]]
"""What a door sees of a mail, and its recipients."""


class NewRequests:
    """Asks how much room there is for their senders.

    What may be vouched for by a signature, if we look at those, is not counted with its domain: a flood
    of forged mail keeps no other mail of it away.
    """

    def __init__(self, db: Database, config: Config) -> None:
        self._db = db
        self._mail = config.mail
        self._dkim = config.trust.dkim

    async def has_room(self, seen: Peek, recipients: Sequence[str], *, now: datetime) -> bool:
        """Whether one mail may come in."""
        if not self._opens(seen, recipients):
            return True
        async with asyncio.timeout(PATIENCE_SECONDS):
            (admitted,) = await self._db.in_thread(self.admitted, [(seen, recipients)], now)
            return bool(admitted)

    def admitted(self, mails: Sequence[Seen], now: datetime) -> list[bool]:
        """Say for each mail whether it may come in; all of them at once."""
        opening = {str(seen.from_address) for seen, recipients in mails if self._opens(seen, recipients)}
        if not opening:
            return [True] * len(mails)
        with self._db.snapshot() as session:
            room = rates.room(session, opening, now=now)
        return [
            not self._opens(seen, recipients)
            or room.take(str(seen.from_address), vouched=seen.signed and self._dkim)
            for seen, recipients in mails
        ]

    def _opens(self, seen: Peek, recipients: Sequence[str]) -> bool:
        about_one = any(entrance.token_in(self._mail, each) for each in recipients)
        return seen.from_address is not None and not about_one
