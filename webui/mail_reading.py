"""What held mail says, read in a child process (D7): for a page, and its subjects for the list."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from anyio import CapacityLimiter

from gateway.mail.reading import Arrival, Reading
from gateway.reader.reader import Reader, ReadingFailed
from gateway.services.desk import Desk

AT_ONCE = 2
"""Each child may take half a gigabyte."""

SUBJECTS_SECONDS = 4.0
SUBJECTS_KEPT = 2000

Mail = tuple[bytes, Arrival]


class MailReading:
    """Reads for the pages. A child lives as long as the page is made: such pages are rare."""

    def __init__(self, desk: Desk) -> None:
        self._surroundings = desk.surroundings()
        self._limit = CapacityLimiter(AT_ONCE)
        self._subjects: dict[int, str] = {}

    async def whole(self, raw: bytes, arrival: Arrival) -> Reading | None:
        """Return all that is understood of a mail; None when it does harm."""
        async with self._limit:
            reader = Reader(self._surroundings)
            try:
                return await reader.read(raw, arrival)
            except ReadingFailed:
                return None
            finally:
                await reader.close()

    async def subjects(self, heads: Mapping[int, Mail]) -> Mapping[int, str]:
        """Return the subjects of mails by their ids, from their beginnings, as far as it goes quickly.

        Mail never changes, so what was read once is known.
        """
        new = {key: mail for key, mail in heads.items() if key not in self._subjects}
        if new:
            await self._learn(new)
        return {key: self._subjects[key] for key in heads if key in self._subjects}

    async def _learn(self, heads: Mapping[int, Mail]) -> None:
        if len(self._subjects) > SUBJECTS_KEPT:
            self._subjects.clear()
        async with self._limit:
            reader = Reader(replace(self._surroundings, dkim=False))  # a subject is worth no look at the DNS
            try:
                async with asyncio.timeout(SUBJECTS_SECONDS):
                    for key, (head, arrival) in heads.items():
                        self._subjects[key] = (await reader.read(head, arrival)).subject
            except (ReadingFailed, TimeoutError):
                return  # the rest another time; the list works without
            finally:
                await reader.close()
