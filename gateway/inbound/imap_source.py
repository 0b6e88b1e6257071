"""What becomes of a message in its mailbox once it is in the journal: marked as seen, or moved.

Never before the commit, and EXPUNGE is never sent: it would remove what others have marked
(invariants D11).
"""

from collections.abc import Sequence

import structlog
from imapclient import DELETED, SEEN
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from gateway.inbound.imap_connection import Connection

log = structlog.get_logger()

AT_ONCE = 200
"""UIDs in one command, which keeps its line below 8 KiB."""


class Source:
    """Deals with messages of one folder; remembers those the server refused, to try them again."""

    def __init__(self, name: str, processed: str) -> None:
        self._name = name
        self._processed = processed
        self.refused: dict[int, str] = {}

    @property
    def problem(self) -> str | None:
        """What a person should know: why recorded mail stays where it was."""
        return next(iter(self.refused.values()), None)

    def settle(self, connection: Connection, uids: Sequence[int]) -> None:
        """Mark or move messages that are recorded. A refusal keeps nobody from fetching on."""
        for start in range(0, len(uids), AT_ONCE):
            some = uids[start : start + AT_ONCE]
            try:
                if self._processed:
                    _move(connection, some, self._processed)
                else:
                    connection.client.add_flags(some, [SEEN], silent=True)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                log.warning("imap.unmarked", mailbox=self._name, mails=len(some), error=str(error)[:200])
                self.refused |= dict.fromkeys(some, f"mail is taken in, but not marked or moved: {error}")


def _move(connection: Connection, uids: Sequence[int], folder: str) -> None:
    """Move as well as the server can. Without UIDPLUS the originals stay, marked as deleted."""
    client = connection.client
    may_move = client.has_capability("MOVE")
    transfer = client.move if may_move else client.copy
    try:
        transfer(uids, folder)
    except IMAPClientError as error:
        if "[TRYCREATE]" not in str(error).upper():
            raise
        client.create_folder(folder)
        transfer(uids, folder)
    if may_move:
        return
    client.add_flags(uids, [DELETED], silent=True)
    if client.has_capability("UIDPLUS"):
        client.uid_expunge(uids)
