"""The client that brings mails to a listener, in a process of its own: 20 connections, many mails each.

`python -m benchmarks.load PORT MANIFEST CONNECTIONS MARK`. A manifest has a line of JSON for each
mail: sender, recipient, file. Everything is in memory before the clock starts. MARK goes into a
trace line on top, so that the same mail brought again is another one.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import say


@dataclass(frozen=True, slots=True)
class Mail:
    """Octets as they travel, without the final dot."""

    sender: str
    recipient: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Brought:
    """When the first command and the last reply were, in seconds since the epoch, and our own work."""

    began: float
    ended: float
    busy: float  # share of one processor


async def bring(port: int, mails: Iterable[Mail], connections: int) -> Brought:
    """Bring all mails, each answered 250, over so many connections; RuntimeError on any other reply."""
    lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]
    for reader, writer in lines:
        await _reply(reader)
        await _ask(reader, writer, b"EHLO load.example")
    waiting = iter(mails)
    began, worked = time.time(), time.process_time()
    await asyncio.gather(*(_one_line(reader, writer, waiting) for reader, writer in lines))
    ended, worked = time.time(), time.process_time() - worked
    for reader, writer in lines:
        await _ask(reader, writer, b"QUIT")
        writer.close()
    return Brought(began, ended, worked / (ended - began))


async def _one_line(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mails: Iterator[Mail]
) -> None:
    for mail in mails:
        await _ask(reader, writer, f"MAIL FROM:<{mail.sender}> SIZE={len(mail.data)}".encode())
        await _ask(reader, writer, f"RCPT TO:<{mail.recipient}>".encode())
        await _ask(reader, writer, b"DATA", expected=b"354")
        writer.write(mail.data)
        await writer.drain()
        await _ask(reader, writer, b".")


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: bytes, expected: bytes = b"2"
) -> None:
    writer.write(words + b"\r\n")
    reply = await _reply(reader)
    if not reply.startswith(expected):
        raise RuntimeError(f"{words[:80]!r} was answered {reply!r}")


async def _reply(reader: asyncio.StreamReader) -> bytes:
    while (line := await reader.readline())[3:4] == b"-":
        pass
    return line


def read_manifest(manifest: Path, mark: str) -> list[Mail]:
    """Return the mails of a manifest, marked and dot-stuffed."""
    mails = []
    for number, line in enumerate(manifest.read_text(encoding="utf-8").splitlines()):
        entry = json.loads(line)
        trace = f"Received: from load.example by edge.example with ESMTP id {mark}.{number}\r\n".encode()
        data = (manifest.parent / entry["file"]).read_bytes().replace(b"\r\n.", b"\r\n..")
        mails.append(Mail(entry["sender"], entry["recipient"], trace + data))
    return mails


if __name__ == "__main__":
    brought = asyncio.run(
        bring(int(sys.argv[1]), read_manifest(Path(sys.argv[2]), sys.argv[4]), int(sys.argv[3]))
    )
    say(began=brought.began, ended=brought.ended, busy=brought.busy)
