"""The DATA step of a dialogue in pieces, which aiosmtplib does in one.

We need the moment between the last line and the final dot (E4), and must know whether the dot
went out (E5). So this file, and no other, uses private attributes of aiosmtplib's protocol:

- `_drain_helper` waits for the socket; there is no public way to.
- `_response_pending` says that replies are to be kept. It is set when a command is written, so
  without it a relay that answers in the middle of the data, or at once after the dot, would be
  answered for by a time-out.
- `_response_waiter` tells whether such a reply is here, without waiting for one.
"""

import asyncio
from typing import cast

from aiosmtplib import SMTPResponse
from aiosmtplib.protocol import SMTPProtocol

from gateway import failpoints

_CHUNK = 256 * 1024  # octets written at a time, each within the time of a reply


def dot_stuffed(data: bytes) -> bytes:
    """Return data as it travels: a dot before each dot that begins a line, a line end at the end."""
    stuffed = data.replace(b"\r\n.", b"\r\n..")
    if data.startswith(b"."):
        stuffed = b"." + stuffed
    return stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"


async def write_all(protocol: SMTPProtocol, data: bytes, seconds: float) -> SMTPResponse | None:
    """Write all lines of a mail, without the final dot, and see them off.

    Returns the reply of a relay that could not wait for the end, else None. Raises what writing
    to a lost connection raises, and TimeoutError when the relay reads nothing for `seconds`.
    """
    transport = cast(asyncio.WriteTransport, protocol.transport)
    transport.set_write_buffer_limits(high=1)  # not 0, at which TLS transports pause for ever
    protocol._response_pending = True
    lines = memoryview(dot_stuffed(data))
    half = len(lines) // 2
    early = await _write(protocol, lines[:half], seconds)
    if early is None:
        failpoints.hit("O5")
        early = await _write(protocol, lines[half:], seconds)
    return early


async def _write(protocol: SMTPProtocol, lines: memoryview, seconds: float) -> SMTPResponse | None:
    for start in range(0, len(lines), _CHUNK):
        try:
            protocol.write(cast(bytes, lines[start : start + _CHUNK]))
            await drain(protocol, seconds)
        except (ConnectionError, TimeoutError):
            if (early := _reply_here(protocol)) is not None:  # said before it hung up
                return early
            raise
        if (early := _reply_here(protocol)) is not None:
            return early
    return None


def _reply_here(protocol: SMTPProtocol) -> SMTPResponse | None:
    waiter = protocol._response_waiter
    if waiter is None or not waiter.done() or waiter.exception() is not None:
        return None
    return waiter.result()


async def drain(protocol: SMTPProtocol, seconds: float) -> None:
    """Wait until all that was written has left this process."""
    async with asyncio.timeout(seconds):
        await protocol._drain_helper()
