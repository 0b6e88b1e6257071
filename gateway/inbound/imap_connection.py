"""One connection to a mail server: sign in, select the folder, list, fetch, wait.

TLS is verified and never downgraded; without it only this machine is spoken to (invariants O2).
Nothing here decides; whatever goes wrong is raised, and the poller starts afresh.
"""

import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, LoginError, ProtocolError

from gateway.config import Imap, secret_of
from gateway.errors import SysmoError

LISTED = 50_000
"""UIDs asked for in one SEARCH: its answer is one line, of which imaplib takes 1,000,000 octets."""

TEMPORARY = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]", "[CONTACTADMIN]")
"""Codes of a refused LOGIN that do not speak of the password (RFC 5530)."""


class WrongPassword(SysmoError):
    """The server does not take our name or password; to be tried rarely, or it locks the account."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. IDLE is left after each of `idle_steps` in turn, to look whether something was missed.

    The first is short: what arrives while IDLE begins is announced in the same breath as the
    server's go-ahead, where imapclient does not see it. The last is far below the 29 minutes after
    which servers may hang up (RFC 2177).
    """

    connect: float = 15
    read: float = 60
    idle_steps: tuple[float, ...] = (0.5, 5, 60)
    full_look: float = 300
    journal: float = 60
    held_elsewhere: float = 10


@dataclass(frozen=True, slots=True)
class Selected:
    """What SELECT said of the folder."""

    uidvalidity: int
    exists: int


def folder_url(section: Imap) -> str:
    """Name account and folder (RFC 5092), without the port: UIDs mean something only within both."""
    user, folder = quote(section.username, safe="@"), quote(section.folder, safe="/")
    return f"imap://{user}@{section.host.lower()}/{folder}"[:500]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine for certain, so that mail may be read without TLS."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host.lower() == "localhost"


class Connection:
    """Connected from the start. Used by one thread; only `cut` may come from another."""

    def __init__(self, section: Imap, timing: Timing) -> None:
        self._section = section
        context = ssl.create_default_context(cafile=section.ca_file) if section.security != "none" else None
        self.client = IMAPClient(
            section.host,
            section.port,
            ssl=section.security == "tls",
            ssl_context=context,
            timeout=SocketTimeout(connect=timing.connect, read=timing.read),
        )
        self.client.normalise_times = False  # else they come in local time, without saying so
        self._socket: socket.socket = self.client.socket()
        self._context = context
        self.can_idle = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def sign_in(self) -> None:
        """Send name and password, under TLS where it is wanted. WrongPassword when they are refused."""
        if self._section.security == "starttls":
            self.client.starttls(self._context)
            self._socket = self.client.socket()
        password = secret_of(self._section.password, self._section.password_file)
        try:
            self.client.login(self._section.username, password)
        except LoginError as error:
            if isinstance(error.__context__, IMAPClientAbortError):
                raise error.__context__ from None
            if any(code in str(error).upper() for code in TEMPORARY):
                raise ProtocolError("the server signs nobody in at the moment") from None
            raise WrongPassword("the server refused our user name or password") from None
        self.can_idle = self._section.idle and self.client.has_capability("IDLE")

    def close(self) -> None:
        """Hang up without LOGOUT, which would wait for a server that may be gone."""
        with contextlib.suppress(OSError):
            self.client.shutdown()

    def cut(self) -> None:
        """End whatever the other thread waits for: to it the server has hung up."""
        with contextlib.suppress(OSError):
            # below TLS: its own shutdown would take the session away under the reading thread
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def select(self) -> Selected:
        """Select the folder; to be done now and then, since UIDVALIDITY is only told here."""
        answer = self.client.select_folder(self._section.folder)
        if b"UIDVALIDITY" not in answer:
            raise ProtocolError("the folder has no UIDVALIDITY")
        return Selected(answer[b"UIDVALIDITY"], answer[b"EXISTS"])

    def uids_above(self, last: int, exists: int, *, listed: int = LISTED) -> Iterator[list[int]]:
        """The UIDs above a number, ascending, in lists of at most about `listed`."""
        low = last + 1
        for high in self._borders(exists, listed):
            if high >= low:
                yield sorted(uid for uid in self.client.search(f"UID {low}:{high}") if low <= uid <= high)
                low = high + 1
        # n:* names the last message even where its UID is below n (RFC 3501, section 6.4.8)
        yield sorted(uid for uid in self.client.search(f"UID {low}:*") if uid >= low)

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """RFC822.SIZE of each; a message that just went is left out."""
        answer = self.client.fetch(uids, ["RFC822.SIZE"])
        found = {uid: answer[uid].get(b"RFC822.SIZE") for uid in answer}
        return {uid: size for uid, size in found.items() if isinstance(size, int)}

    def fetch(self, uids: Sequence[int], part: str) -> dict[int, dict[bytes, Any]]:
        """Fetch one part of some messages and when they came in; never marks them as read."""
        answer: dict[int, dict[bytes, Any]] = self.client.fetch(uids, ["INTERNALDATE", part])
        return answer

    def told_of_more(self) -> bool:
        """Whether a server mentioned new mail in passing since this was last asked.

        Servers announce what arrives during a command at its end, and once. imapclient keeps that
        to itself, so imaplib is asked; else the mail would wait until IDLE is left.
        """
        return bool(self.client._imap.response("EXISTS")[1] != [None])

    def idle(self, seconds: float) -> None:
        """Wait for the server to say anything.

        What it says does not matter, since the folder is looked at next anyway. That a server has
        hung up `idle_check` keeps to itself: it returns nothing, at once; `idle_done` raises it.
        """
        began = time.monotonic()
        self.client.idle()
        said = self.client.idle_check(timeout=seconds)
        self.client.idle_done()
        if not said and time.monotonic() - began < seconds / 2:
            self.client.noop()

    def _borders(self, exists: int, listed: int) -> list[int]:
        """Every `listed`-th UID of a large folder. UIDs stay true while messages come and go."""
        numbers = range(listed, exists + 1, listed)
        if not numbers:
            return []
        self.client.use_uid = False
        try:
            answer = self.client.fetch(list(numbers), ["UID"])
        finally:
            self.client.use_uid = True
        return sorted(item[b"UID"] for item in answer.values() if b"UID" in item)
