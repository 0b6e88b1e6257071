"""The octets between DATA and the final dot → a Spool, a few large chunks at a time.

Whatever goes wrong with a mail, it is read to its true end before anybody is told: a reply in the
middle would make the rest of it read as commands.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TypeVar

from gateway.errors import MailRefused
from gateway.inbound.smtp_replies import TOO_BIG
from gateway.services.blobs import SMALL, Content, Spool

T = TypeVar("T")

END = b"\r\n.\r\n"
BROKEN_LINES = "550 5.5.2 Lines must end in CR LF, and no NUL may be in them"


class WireText:
    """DATA as it travels → the mail: doubled dots undone, wrong line ends noticed (RFC 5321, 4.5.2).

    A line end or a doubled dot may be cut by a chunk's end, so up to two octets are held back. The
    line end of the DATA command itself counts as the one before the first line.
    """

    def __init__(self) -> None:
        self._held = b"\r\n"
        self._borrowed = 2  # octets of that first line end, which are no part of the mail
        self.broken = False
        """A bare CR, a bare LF or a NUL was seen: other programs might see other lines than we do (B3)."""

    def feed(self, chunk: bytes) -> bytes:
        text = self._held + chunk
        held = 2 if text.endswith(b"\r\n") else 1 if text.endswith(b"\r") else 0
        text, self._held = text[: len(text) - held], text[len(text) - held :]
        line_ends = text.count(b"\r\n")
        if text.count(b"\r") != line_ends or text.count(b"\n") != line_ends or b"\0" in text:
            self.broken = True
        return self._own(text.replace(b"\r\n.", b"\r\n"))

    def finish(self) -> bytes:
        """Return what was held back: the last line end."""
        return self._own(self._held)

    def _own(self, text: bytes) -> bytes:
        if not self._borrowed:
            return text
        borrowed = min(self._borrowed, len(text))
        self._borrowed -= borrowed
        return text[borrowed:]


async def wire_chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield DATA up to the line end before the final dot. Only CR LF . CR LF ends it (B3)."""
    first = await reader.readexactly(3)  # never fewer: a dot and a line end
    if first == END[2:]:
        return
    yield first
    # A search for the whole end does not see one that begins in `first`; then go line by line.
    separator = b"\r\n" if b"\r" in first else END
    tail = first
    while True:
        try:
            chunk = await reader.readuntil(separator)
        except asyncio.LimitOverrunError as found:
            chunk = await reader.readexactly(found.consumed)
        tail = (tail + chunk[-len(END) :])[-len(END) :]
        if tail == END:
            yield chunk[:-3]  # shorter when the dot stood in `first`: it goes like any doubled one
            return
        yield chunk


async def receive(
    reader: asyncio.StreamReader,
    spool: Spool,
    *,
    max_bytes: int,
    strict: bool,
    progress: Callable[[], None],
) -> Content:
    """Read a mail to its end and return its content; then only raise what was wrong with it.

    MailRefused: too big, or with `strict` its lines are broken. Anything else comes from the disk.
    `progress` is called for each chunk.
    """
    text = WireText()
    failure: Exception | None = None
    async for chunk in wire_chunks(reader):
        progress()
        if failure is None:
            failure = await _store(spool, text, text.feed(chunk), max_bytes=max_bytes, strict=strict)
    failure = failure or await _store(spool, text, text.finish(), max_bytes=max_bytes, strict=strict)
    if failure is not None:
        raise failure
    return spool.finish() if spool.size <= SMALL else await to_the_end(spool.finish)


async def _store(
    spool: Spool, text: WireText, octets: bytes, *, max_bytes: int, strict: bool
) -> Exception | None:
    """Write to the spool; return why the mail cannot be taken, its spool emptied by then."""
    try:
        if strict and text.broken:
            raise MailRefused(BROKEN_LINES)
        if spool.size + len(octets) > max_bytes:
            raise MailRefused(TOO_BIG)
        if spool.size + len(octets) <= SMALL:
            spool.write(octets)
        else:
            await to_the_end(spool.write, octets)
    except Exception as error:
        with suppress(OSError):  # a full disk may refuse the rest of a file when it is closed
            spool.discard()
        return error
    return None


async def to_the_end(work: Callable[..., T], *arguments: object) -> T:
    """Run file work in a thread and see it end even when cancelled.

    Otherwise the thread would go on writing to a spool that is thrown away meanwhile.
    """
    future = asyncio.get_running_loop().run_in_executor(None, work, *arguments)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([future])
        raise
