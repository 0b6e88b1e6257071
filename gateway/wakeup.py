"""A word from whoever made work to whoever does it. It saves waiting and is never needed for truth.

Every loop also looks by itself now and then, so a lost word costs seconds, not mail.
"""

import asyncio
from contextlib import suppress


class Wakeup:
    """Named bells on one event loop."""

    def __init__(self) -> None:
        self._bells: dict[str, asyncio.Event] = {}

    def ring(self, name: str) -> None:
        """Wake the loop that waits on `name`, now or when it comes to wait."""
        self._bell(name).set()

    async def wait(self, name: str, *, seconds: float) -> None:
        """Return when the bell rang or the time is over."""
        bell = self._bell(name)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await bell.wait()
            bell.clear()

    def _bell(self, name: str) -> asyncio.Event:
        return self._bells.setdefault(name, asyncio.Event())
