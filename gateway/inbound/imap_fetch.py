"""Getting messages out of a folder: small ones many at a time, large ones piece by piece.

A message that is too large, or that never comes, is not skipped: something stands in for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.config import Imap
from gateway.inbound import stand_in
from gateway.inbound.imap_connection import Connection
from gateway.rules.limits import HEADER_OCTETS, MIB
from gateway.services.blobs import Content, Spool, content_of

LARGE = MIB
"""From here on a message is fetched alone, in pieces of this many octets."""

BATCH_OCTETS = 4 * MIB
BATCH_MESSAGES = 100
TRIES = 3
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message on its way to the journal. `whole` is false where something stands in for it."""

    uid: int
    content: Content
    received_at: datetime | None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Fetcher:
    """What fetching needs to know besides the messages; `name` is the mailbox's."""

    name: str
    section: Imap
    most: int
    blobs: Path

    def fetch(
        self, connection: Connection, uids: Sequence[int], sizes: Mapping[int, int], tries: int
    ) -> list[Fetched]:
        """Fetch a batch as `batches` made it. `tries` is how often a lone message failed before.

        A message that is missing from the result did not come.
        """
        if len(uids) > 1:
            return _small(connection, uids)
        (uid,) = uids
        size = sizes.get(uid)
        if tries >= TRIES:
            # the header too may be what breaks the server, so it is asked for only once
            head = _header(connection, uid) if tries == TRIES else b""
            words = stand_in.unreadable(head, mailbox=self.name, folder=self.section.folder)
            return [Fetched(uid, content_of(words), None, whole=False)]
        if size is not None and size > self.most:
            return [self._too_large(connection, uid, size)]
        if size is not None and size < LARGE:
            return _small(connection, uids)
        return self._in_pieces(connection, uid, size or 0)

    def _in_pieces(self, connection: Connection, uid: int, size: int) -> list[Fetched]:
        """Sizes that servers tell are not always true: the end is where a piece comes short."""
        spool = Spool(self.blobs)
        received_at: object = None
        try:
            while True:
                part = f"BODY.PEEK[]<{spool.size}.{LARGE}>"
                item = connection.fetch([uid], part).get(uid, {})
                piece = item.get(b"BODY[]<%d>" % spool.size)
                if piece is None and spool.size == 0:
                    spool.discard()
                    return []
                received_at = item.get(b"INTERNALDATE", received_at)
                spool.write(piece or b"")
                if spool.size > self.most:
                    spool.discard()
                    return [self._too_large(connection, uid, max(size, spool.size))]
                if not piece or (len(piece) < LARGE and spool.size >= size):
                    return [Fetched(uid, spool.finish(), _moment(received_at))]
        except BaseException:
            spool.discard()
            raise

    def _too_large(self, connection: Connection, uid: int, size: int) -> Fetched:
        words = stand_in.too_large(
            _header(connection, uid),
            size=size,
            most=self.most,
            mailbox=self.name,
            folder=self.section.folder,
        )
        return Fetched(uid, content_of(words), None, whole=False)


def batches(
    uids: Iterable[int], sizes: Mapping[int, int], failed: Mapping[int, int], *, most: int
) -> Iterator[tuple[int, ...]]:
    """Group UIDs for fetching: small messages together, large ones and those over `most` octets alone.

    Those that failed before come alone and last, the most stubborn at the very end, so that one
    poisonous message holds up no other (invariants O8).
    """
    small = min(LARGE, most + 1)
    together: list[int] = []
    octets = 0
    stubborn = []
    for uid in uids:
        size = sizes.get(uid, LARGE)
        if uid in failed:
            stubborn.append(uid)
            continue
        if together and (size >= small or octets + size > BATCH_OCTETS or len(together) == BATCH_MESSAGES):
            yield tuple(together)
            together, octets = [], 0
        if size >= small:
            yield (uid,)
            continue
        together.append(uid)
        octets += size
    if together:
        yield tuple(together)
    for uid in sorted(stubborn, key=lambda each: (failed[each], each)):
        yield (uid,)


def _small(connection: Connection, uids: Sequence[int]) -> list[Fetched]:
    answer = connection.fetch(uids, "BODY.PEEK[]")
    return [
        Fetched(uid, content_of(item[b"BODY[]"]), _moment(item.get(b"INTERNALDATE")))
        for uid, item in answer.items()
        if isinstance(item.get(b"BODY[]"), bytes)
    ]


def _header(connection: Connection, uid: int) -> bytes:
    item = connection.fetch([uid], f"BODY.PEEK[HEADER]<0.{HEADER_OCTETS}>").get(uid, {})
    head = item.get(b"BODY[HEADER]<0>")
    return head if isinstance(head, bytes) else b""


def _moment(value: object) -> datetime | None:
    """INTERNALDATE, unless a server makes it up."""
    if not isinstance(value, datetime) or value.tzinfo is None or value.year < _EARLIEST.year:
        return None
    return value.astimezone(UTC)
