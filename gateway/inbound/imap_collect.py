"""One look at a folder: what is not in the journal is fetched and written down, then its source settled.

Work is chosen by UIDs not yet recorded, never by flags or dates, and no message is flagged, moved
or deleted before the commit that holds it (invariants D11, D12).
"""

import time
from collections.abc import Callable, Sequence

import structlog
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from gateway import failpoints
from gateway.config import Imap
from gateway.errors import TryLater
from gateway.inbound.envelope import envelope_of
from gateway.inbound.imap_connection import Connection, Selected, folder_url
from gateway.inbound.imap_fetch import Fetched, Fetcher, batches
from gateway.inbound.imap_source import Source
from gateway.inbound.requests import NewRequests
from gateway.inbound.space import RoomFor, has_room
from gateway.mail.peek import peek
from gateway.models.queues import Door
from gateway.rules.limits import HEADER_OCTETS
from gateway.runtime import Runtime
from gateway.services import journal, mailboxes
from gateway.services.journal import Incoming
from gateway.services.mailboxes import Cursor

log = structlog.get_logger()

WriteDown = Callable[[Sequence[Incoming]], list[int]]
"""Journals mails, all or an exception; returns their entry ids after the commit."""

SIZED_AT_ONCE = 500
"""UIDs in one FETCH of sizes, which keeps its line below 8 KiB."""

POSTPONED_SECONDS = 60.0
"""How long a mail whose sender opened too many requests is not fetched again."""

RENEWED_EVERY = mailboxes.LEASE.total_seconds() / 3


class Collector:
    """Knows, for one mailbox, how far we are and which messages would not come.

    The latter only in memory: after a restart such a message is tried three times again.
    """

    def __init__(
        self,
        runtime: Runtime,
        name: str,
        section: Imap,
        write_down: WriteDown,
        *,
        has_room: RoomFor = has_room,
    ) -> None:
        self._runtime = runtime
        self._name = name
        self._section = section
        self._write_down = write_down
        self._has_room = has_room
        self._fetcher = Fetcher(name, section, runtime.config.smtp.max_bytes, runtime.blobs)
        self._source = Source(name, section.processed)
        self._renewed = 0.0
        self._cursor = Cursor(None, 0)
        self._known_by = 0
        self._failed: dict[int, int] = {}
        self._left: set[int] = set()
        self._requests = NewRequests(runtime.db, runtime.config)
        self._postponed: dict[int, float] = {}

    def resume(self, cursor: Cursor) -> None:
        """Start from what the mailbox's row says; to be called on each connection."""
        self._cursor = cursor

    def look(self, connection: Connection, selected: Selected, *, fully: bool) -> int:
        """Take in what is new; return how many mails were written down.

        `fully`: the folder was selected just now, so a UID means what it meant when it was
        recorded, and what an earlier run recorded without settling its source is made up for.
        """
        if not self._has_room(self._runtime):
            raise TryLater("452 4.3.1 Little disk space is left")
        self._trust_uids_of(selected.uidvalidity)
        if fully:
            self._source.refused.clear()
        reached = self._cursor.last_uid
        recorded: set[int] | None = None
        undone: list[int] = []
        taken = 0
        for uids in connection.uids_above(reached, selected.exists if fully else 0):
            if not uids:
                continue
            recorded = self._recorded() if recorded is None else recorded
            if fully:
                self._source.settle(connection, [u for u in uids if u in recorded and u not in self._left])
            fresh = [uid for uid in uids if uid not in recorded]
            done = self._take(connection, fresh)
            undone += [uid for uid in fresh if uid not in done]
            taken += len(done)
            reached = uids[-1]
        self._note(min([*undone, *self._source.refused], default=reached + 1) - 1, anew=fully or taken > 0)
        return taken

    def _trust_uids_of(self, uidvalidity: int) -> None:
        """Under another UIDVALIDITY forget what was known of UIDs, and scan the folder anew."""
        if uidvalidity != self._known_by:
            self._known_by = uidvalidity
            self._failed.clear()
            self._left.clear()
            self._postponed.clear()
            self._source.refused.clear()
        if uidvalidity != self._cursor.uidvalidity:
            log.info("imap.scan", mailbox=self._name, uidvalidity=uidvalidity)
            self._cursor = Cursor(uidvalidity, 0)

    def _take(self, connection: Connection, uids: Sequence[int]) -> set[int]:
        done: set[int] = set()
        for start in range(0, len(uids), SIZED_AT_ONCE):
            some = [uid for uid in uids[start : start + SIZED_AT_ONCE] if not self._is_postponed(uid)]
            if not some:
                continue
            sizes = connection.sizes(some)
            for batch in batches(some, sizes, self._failed, most=self._fetcher.most):
                self._keep_lease()
                fetched = self._in_time(self._fetch(connection, batch, sizes))
                failpoints.hit("I1")
                if fetched:
                    self._take_in(connection, fetched)
                    done |= {each.uid for each in fetched}
        return done

    def _fetch(self, connection: Connection, batch: Sequence[int], sizes: dict[int, int]) -> list[Fetched]:
        """Fetch a batch and count what would not come. Of several none is blamed, each is tried alone."""
        alone = len(batch) == 1
        tries = self._failed.get(batch[0], 0)
        fetched: list[Fetched] = []
        try:
            fetched = self._fetcher.fetch(connection, batch, sizes, tries)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            log.warning("imap.unfetched", mailbox=self._name, mails=len(batch), error=str(error)[:200])
        finally:
            came = {each.uid for each in fetched}
            for uid in batch:
                if uid in came:
                    self._failed.pop(uid, None)
                else:
                    self._failed[uid] = tries + 1 if alone else 0
        return fetched

    def _in_time(self, fetched: Sequence[Fetched]) -> Sequence[Fetched]:
        """Leave for later what would be one request too many of its sender; it stays as it is (B5)."""
        heads = [each.content.head(HEADER_OCTETS) for each in fetched]
        seen = [(peek(head), envelope_of(head).recipients) for head in heads]
        try:
            admitted = self._requests.admitted(seen, self._runtime.now())
        except Exception:
            for each in fetched:
                each.content.discard()
            raise
        if all(admitted):
            return fetched
        later = [each for each, in_time in zip(fetched, admitted, strict=True) if not in_time]
        for each in later:
            each.content.discard()
            self._postponed[each.uid] = time.monotonic() + POSTPONED_SECONDS
        log.info("imap.postponed", mailbox=self._name, mails=len(later))
        return [each for each, in_time in zip(fetched, admitted, strict=True) if in_time]

    def _is_postponed(self, uid: int) -> bool:
        return self._postponed.get(uid, 0.0) > time.monotonic()

    def _take_in(self, connection: Connection, fetched: Sequence[Fetched]) -> None:
        """Journal, and only then mark or move. What something stands in for stays as it is."""
        began = time.monotonic()
        try:
            ids = self._write_down([self._incoming(each) for each in fetched])
        except Exception:
            for each in fetched:
                each.content.discard()
            raise
        failpoints.hit("I2")
        seconds = round(time.monotonic() - began, 3)
        for each, entry in zip(fetched, ids, strict=True):
            log.info(
                "imap.fetched",
                entry=entry,
                mailbox=self._name,
                uid=each.uid,
                octets=each.content.size,
                whole=each.whole,
                seconds=seconds,
            )
        self._left |= {each.uid for each in fetched if not each.whole}
        self._source.settle(connection, [each.uid for each in fetched if each.whole])
        failpoints.hit("I3")

    def _incoming(self, fetched: Fetched) -> Incoming:
        now = self._runtime.now()
        head = fetched.content.head(HEADER_OCTETS)
        envelope, seen = envelope_of(head), peek(head)
        return Incoming(
            door=Door.IMAP,
            content=fetched.content,
            recipients=envelope.recipients,
            received_at=min(fetched.received_at or now, now),
            message_id=seen.message_id,
            from_address=seen.from_address,
            envelope_from=envelope.sender,
            peer=self._section.host,
            mailbox=self._name,
            folder=folder_url(self._section),
            uidvalidity=self._cursor.uidvalidity,
            uid=fetched.uid,
        )

    def _recorded(self) -> set[int]:
        uidvalidity, last = self._cursor.uidvalidity or 0, self._cursor.last_uid
        with self._runtime.db.snapshot() as session:
            return journal.recorded_uids(session, self._name, folder_url(self._section), uidvalidity, last)

    def _note(self, last_uid: int, *, anew: bool) -> None:
        """Write how far we are; `anew` also when that is no further than before."""
        if not anew and last_uid == self._cursor.last_uid:
            self._keep_lease()
            return
        runtime, problem = self._runtime, self._source.problem
        self._cursor = Cursor(self._cursor.uidvalidity, last_uid)
        self._failed = {uid: tries for uid, tries in self._failed.items() if uid > last_uid}
        self._left = {uid for uid in self._left if uid > last_uid}
        self._postponed = {uid: until for uid, until in self._postponed.items() if uid > last_uid}
        with runtime.db.transaction() as session:
            mailboxes.polled(
                session, self._name, self._cursor, error=problem, worker=runtime.worker, now=runtime.now()
            )
        self._renewed = time.monotonic()

    def _keep_lease(self) -> None:
        """Before each step of any length. StaleLease ends the work when another process has it."""
        if time.monotonic() - self._renewed < RENEWED_EVERY:
            return
        runtime = self._runtime
        with runtime.db.transaction() as session:
            mailboxes.renew(session, self._name, worker=runtime.worker, now=runtime.now())
        self._renewed = time.monotonic()
