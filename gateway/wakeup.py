"""A word from whoever made work to whoever does it. It saves waiting and is never needed for truth.

Every loop also looks by itself now and then, so a lost word costs seconds, not mail.
"""

import asyncio


class Wakeup:
    """Named bells on one event loop; a ring from another thread goes through `ring_from_thread`."""

    def __init__(self) -> None:
        self._bells: dict[str, asyncio.Event] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def ring(self, name: str) -> None:
        """Wake the loop that waits on `name`, now or when it comes to wait."""
        self._bell(name).set()

    def ring_from_thread(self, name: str) -> None:
        """The same from a worker thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.ring, name)

    async def wait(self, name: str, *, seconds: float) -> None:
        """Return when the bell rang or the time is over."""
        self._loop = asyncio.get_running_loop()
        bell = self._bell(name)
        try:
            async with asyncio.timeout(seconds):
                await bell.wait()
        except TimeoutError:
            pass
        bell.clear()

    def _bell(self, name: str) -> asyncio.Event:
        return self._bells.setdefault(name, asyncio.Event())
