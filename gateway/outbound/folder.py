"""Mail out into a folder, for a machine without a smarthost: one `.eml` file each."""

import asyncio
import itertools
import os
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from gateway.mail.one_line import one_line
from gateway.outbound.delivery import Deferred, Delivery, Parcel, Sent

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9@.+-]")
_NAME_LENGTH = 100  # characters of an address in a file name


class Folder:
    """A directory that takes every mail. A file is there whole or not at all."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count(1)  # parts mails of one moment, and keeps them in order

    async def deliver(self, parcel: Parcel, *, before_dot: Callable[[], Awaitable[bool]]) -> Delivery:
        """Write one mail, with its envelope in two header lines on top. Same promises as a smarthost."""
        if not await before_dot():
            return Deferred("lease lost")
        moment = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
        recipient = _NOT_IN_A_NAME.sub("_", parcel.recipient)[:_NAME_LENGTH]
        name = f"{moment}-{next(self._numbers):06d}-{recipient}.eml"
        try:
            await asyncio.to_thread(_write, self._directory / name, _with_envelope(parcel))
        except OSError as error:
            return Deferred(one_line(str(error), 500))
        return Sent(name)

    async def close(self) -> None:
        """Nothing is held open."""


def _with_envelope(parcel: Parcel) -> bytes:
    sender, recipient = (one_line(each, 320) for each in (parcel.envelope_from, parcel.recipient))
    return f"Return-Path: <{sender}>\r\nX-Envelope-To: <{recipient}>\r\n".encode() + parcel.data


def _write(path: Path, data: bytes) -> None:
    """Synced before it gets its name, and the name synced, too, so that a power cut undoes no `Sent`."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
