"""The file door: mail in single files, mbox, Maildir, or on standard input as a mail server pipes it.

It is the administrator's own act: the size limit holds, the rates do not. The bytes stay as they
are found, line endings included, and go into the journal in the order given.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from gateway.errors import Invalid, TryLater
from gateway.inbound.envelope import envelope_of
from gateway.inbound.journal_writer import JournalWriter
from gateway.inbound.mbox import FROM, split
from gateway.inbound.space import RoomFor, has_room
from gateway.mail.peek import peek
from gateway.models.queues import Door
from gateway.rules.limits import HEADER_OCTETS, MIB
from gateway.runtime import Runtime
from gateway.services.blobs import content_of
from gateway.services.journal import Incoming

STDIN = "-"
TOGETHER_MAILS = 100
TOGETHER_OCTETS = 8 * MIB

_MAILDIR_TIME = re.compile(r"(\d{1,12})(?:\.M(\d{1,6})(?!\d))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class FoundMail:
    """A mail and, for people, where it was found. `data` is None where it is larger than allowed."""

    label: str
    data: bytes | None


@dataclass(frozen=True, slots=True)
class IngestResult:
    """The journal entries made, in order, and the labels of mails that were too large."""

    entries: tuple[int, ...]
    too_large: tuple[str, ...]


async def ingest(
    runtime: Runtime,
    writer: JournalWriter,
    mails: Iterable[FoundMail],
    *,
    to: tuple[str, ...] = (),
    sender: str | None = None,
    told: Callable[[int], None] = lambda count: None,
    has_room: RoomFor = has_room,
) -> IngestResult:
    """Write mails down, many to a commit. `told` hears how many were dealt with, as it goes.

    Recipients and envelope sender are what is given, else what the headers say of the delivery.
    TryLater when it could not be stored; what was stored before stays, and repeats itself
    harmlessly when all is given again (invariants E1).
    """
    entries: list[int] = []
    too_large: list[str] = []
    waiting = iter(mails)
    while batch := await asyncio.to_thread(_next_batch, waiting):
        if not has_room(runtime):
            raise TryLater("452 4.3.1 Little disk space is left")
        too_large += [mail.label for mail in batch if mail.data is None]
        incoming = [
            _incoming(runtime, mail.data, to=to, sender=sender) for mail in batch if mail.data is not None
        ]
        try:
            entries += await asyncio.gather(*(writer.append(each) for each in incoming))
        except Exception as error:
            raise TryLater from error
        told(len(batch))
    return IngestResult(tuple(entries), tuple(too_large))


def find_mails(paths: Iterable[str], *, stdin: BinaryIO, most: int) -> Iterator[FoundMail]:
    """Yield the mails of all paths, in the order given; "-" is one mail on `stdin`.

    Invalid at once, before any mail is taken, when a path cannot be read or is a folder but no Maildir.
    """
    named = list(paths)
    for name in named:
        if name != STDIN:
            _check(Path(name))
    return chain.from_iterable(
        _piped(stdin, most) if name == STDIN else mails_of(Path(name), most=most) for name in named
    )


def mails_of(path: Path, *, most: int) -> Iterator[FoundMail]:
    """Yield the mails of a Maildir, an mbox or a file of one mail, told apart by what they are."""
    if path.is_dir():
        for file in _maildir_files(path):
            with _open_in_maildir(file) as stream:
                yield FoundMail(str(file), _limited(stream, most))
        return
    with path.open("rb") as stream:
        is_mbox = stream.read(len(FROM)) == FROM
        stream.seek(0)
        if is_mbox:
            for number, mail in enumerate(split(stream, most=most), 1):
                yield FoundMail(f"{path}, mail {number}", mail)
            return
        data = _limited(stream, most)
    if data != b"":  # else an mbox that was emptied
        yield FoundMail(str(path), data)


def _next_batch(mails: Iterator[FoundMail]) -> list[FoundMail]:
    batch: list[FoundMail] = []
    octets = 0
    for mail in mails:
        batch.append(mail)
        octets += len(mail.data or b"")
        if len(batch) == TOGETHER_MAILS or octets >= TOGETHER_OCTETS:
            break
    return batch


def _incoming(runtime: Runtime, data: bytes, *, to: tuple[str, ...], sender: str | None) -> Incoming:
    head = data[:HEADER_OCTETS]
    envelope, seen = envelope_of(head), peek(head)
    return Incoming(
        door=Door.INGEST,
        content=content_of(data),
        recipients=to or envelope.recipients,
        received_at=runtime.now(),
        message_id=seen.message_id,
        from_address=seen.from_address,
        envelope_from=sender if sender is not None else envelope.sender,
        listed_peer=True,
    )


def _check(path: Path) -> None:
    try:
        if not path.is_dir():
            path.open("rb").close()
        elif not (path / "cur").is_dir() or not (path / "new").is_dir():
            raise Invalid("path", f"{path}: a folder, but no Maildir: it lacks cur or new")
    except OSError as error:
        raise Invalid("path", f"{path}: {error.strerror}") from None


def _piped(stream: BinaryIO, most: int) -> Iterator[FoundMail]:
    """One mail, whatever lines it has inside. A From_ line in front is the pipe's, not the mail's."""
    data = _limited(stream, most)
    if data is not None and data.startswith(FROM):
        data = data.partition(b"\n")[2]
    if data == b"":
        raise Invalid("path", "there is no e-mail on standard input")
    yield FoundMail("standard input", data)


def _limited(stream: BinaryIO, most: int) -> bytes | None:
    data = stream.read(most + 1)
    return data if len(data) <= most else None


def _maildir_files(path: Path) -> list[Path]:
    """Files of `new` and `cur` in order of arrival, which is how their names begin."""
    found = [
        file
        for folder in (path / "new", path / "cur")
        for file in folder.iterdir()
        if not file.name.startswith(".")
    ]
    return sorted(found, key=_arrival)


def _arrival(file: Path) -> tuple[int, int, str]:
    name = _MAILDIR_TIME.match(file.name)
    return (int(name[1]), int(name[2] or 0), file.name) if name else (0, 0, file.name)


def _open_in_maildir(file: Path) -> BinaryIO:
    """Open a mail that another program may have renamed meanwhile, as reading or flagging it does."""
    unique = file.name.partition(":")[0]
    try:
        return file.open("rb")
    except FileNotFoundError:
        for other in (file.parent.parent / "cur").iterdir():
            if other.name.partition(":")[0] == unique:
                return other.open("rb")
        raise Invalid("path", f"{file}: gone while it was to be read") from None
