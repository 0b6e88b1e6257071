"""A scripted IMAP server: enough of RFC 3501 for a poller, and every way of going wrong on demand.

It runs in threads on the loopback, records every command, and answers the truth unless a fault was
scripted for that command. A fault gets the bytes of the true answer and does with them as it likes.
"""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from tests.certificates import server_context
from tests.imap_faults import Fault, HangUp, accept

CAPABILITIES = ("IMAP4rev1", "IDLE", "MOVE", "UIDPLUS")
PASSWORD = "clave-secreta"


@dataclass
class Message:
    uid: int
    data: bytes
    at: datetime
    flags: set[str] = field(default_factory=set)


@dataclass
class Folder:
    uidvalidity: int = 1
    uidnext: int = 1
    messages: list[Message] = field(default_factory=list)


@dataclass
class Script:
    pattern: re.Pattern[str]
    faults: list[Fault]
    forever: bool


class FakeImap:
    """The server. `deliver` puts mail in; `fault` scripts what goes wrong; `commands` is what was asked."""

    def __init__(self, *, certificate: Path | None = None) -> None:
        self.capabilities = CAPABILITIES
        self.folders = {"INBOX": Folder()}
        self.commands: list[str] = []
        self.heard = threading.Condition(threading.RLock())
        self._scripts: list[Script] = []
        self._sessions: set[Session] = set()
        self._tls = server_context(certificate) if certificate is not None else None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # wakes who waits in accept; closing alone does not
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.disconnect_all()

    @property
    def inbox(self) -> Folder:
        return self.folders["INBOX"]

    def deliver(self, data: bytes, *, uid: int | None = None, at: datetime | None = None) -> int:
        """Put a mail into INBOX and tell who idles; return its UID."""
        with self.heard:
            inbox = self.inbox
            message = Message(uid or inbox.uidnext, data, at or datetime(2026, 5, 11, 20, 40, tzinfo=UTC))
            inbox.uidnext = max(inbox.uidnext, message.uid + 1)
            inbox.messages.append(message)
            for session in self._sessions:
                if session.idling:
                    session.send(b"* %d EXISTS\r\n" % len(inbox.messages))
            return message.uid

    def fault(self, pattern: str, *faults: Fault, forever: bool = False) -> None:
        """The next commands that match go wrong, in this order; `forever` repeats the last."""
        self._scripts.append(Script(re.compile(pattern), list(faults), forever))

    def asked(self, pattern: str) -> list[str]:
        """The commands so far that match."""
        with self.heard:
            return [command for command in self.commands if re.search(pattern, command)]

    def wait_until(self, true: Callable[[], bool], seconds: float = 20) -> None:
        """Wait until something is true; looked at after every command and twice a second."""
        with self.heard:
            for _ in range(int(seconds * 2)):
                if self.heard.wait_for(true, 0.5):
                    return
        raise AssertionError(f"never came true; commands: {self.commands[-20:]}")

    def disconnect_all(self) -> None:
        for session in list(self._sessions):
            session.end()

    def fault_for(self, command: str) -> Fault:
        with self.heard:
            for script in self._scripts:
                if script.faults and script.pattern.search(command):
                    return script.faults[0] if _is_last(script) else script.faults.pop(0)
        return accept

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(HangUp, OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            session = Session(self, connection)
            self._sessions.add(session)
            try:
                session.serve()
            finally:
                self._sessions.discard(session)
                session.end()


class Session:
    """One connection."""

    def __init__(self, server: FakeImap, connection: socket.socket) -> None:
        self.server = server
        self.tag = ""
        self.command = ""
        self.idling = False
        self._socket = connection
        self._file = connection.makefile("rb")
        self._folder = Folder()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def end(self) -> None:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def wait_for_hang_up(self) -> None:
        while self._file.readline():
            pass
        raise HangUp

    def serve(self) -> None:
        self.send(b"* OK ready\r\n")
        for line in self._file:
            self.tag, _, self.command = line.decode("utf-8", "replace").strip().partition(" ")
            with self.server.heard:
                self.server.commands.append(self.command)
                answer = b"".join(self._answer(self.command))
                told = len(self._folder.messages)
                self.server.heard.notify_all()
            self.server.fault_for(self.command)(self, answer)
            if self.command == "IDLE":
                self._idle(told)

    def _idle(self, told: int) -> None:
        with self.server.heard:
            if len(self._folder.messages) > told:
                self.send(b"* %d EXISTS\r\n" % len(self._folder.messages))
            self.idling = True
        line = self._file.readline()
        self.idling = False
        if line.strip() != b"DONE":
            raise HangUp
        self.command = "DONE"
        self.server.fault_for("DONE")(self, f"{self.tag} OK Idle completed\r\n".encode())

    def _answer(self, command: str) -> Iterator[bytes]:
        verb, _, rest = command.removeprefix("UID ").partition(" ")
        by_uid = command.startswith("UID ")
        match verb.upper():
            case "CAPABILITY":
                yield f"* CAPABILITY {' '.join(self.server.capabilities)}\r\n".encode()
            case "LOGIN" if PASSWORD not in rest:
                yield f"{self.tag} NO [AUTHENTICATIONFAILED] no\r\n".encode()
                return
            case "SELECT":
                yield from self._select(rest)
            case "SEARCH":
                uids = [each.uid for each in self._chosen(rest.removeprefix("UID "), by_uid=True)]
                yield f"* SEARCH {' '.join(map(str, uids))}".rstrip().encode() + b"\r\n"
            case "FETCH":
                yield from self._fetch(*rest.split(" ", 1), by_uid=by_uid)
            case "STORE":
                numbers, _, flags = rest.partition(" ")
                for each in self._chosen(numbers, by_uid=by_uid):
                    each.flags |= set(re.findall(r"\\\w+", flags))
            case "COPY" | "MOVE":
                numbers, _, name = rest.partition(" ")
                if not self._transfer(verb, numbers, name.strip('"')):
                    yield f"{self.tag} NO [TRYCREATE] no such folder\r\n".encode()
                    return
            case "CREATE":
                self.server.folders[rest.strip('"')] = Folder()
            case "EXPUNGE":
                going = self._chosen(rest or "1:*", by_uid=by_uid)
                self._remove([each for each in going if "\\Deleted" in each.flags])
            case "IDLE":
                yield b"+ idling\r\n"
                return
        yield f"{self.tag} OK done\r\n".encode()

    def _select(self, rest: str) -> Iterator[bytes]:
        self._folder = self.server.folders[rest.strip('"')]
        yield f"* {len(self._folder.messages)} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen)\r\n".encode()
        yield f"* OK [UIDVALIDITY {self._folder.uidvalidity}] valid\r\n".encode()
        yield f"* OK [UIDNEXT {self._folder.uidnext}] next\r\n".encode()

    def _chosen(self, numbers: str, *, by_uid: bool) -> list[Message]:
        """Messages of a sequence set, in order. As the standard has it, n:* always names the last."""
        messages = sorted(self._folder.messages, key=lambda each: each.uid)
        by_number = {each.uid if by_uid else place: each for place, each in enumerate(messages, 1)}
        last = max(by_number, default=0)
        chosen = set()
        for part in numbers.split(","):
            low, _, high = part.partition(":")
            ends = sorted(last if end == "*" else int(end) for end in (low, high or low))
            chosen |= {number for number in by_number if ends[0] <= number <= ends[1]}
        return [by_number[number] for number in sorted(chosen)]

    def _fetch(self, numbers: str, items: str, *, by_uid: bool) -> Iterator[bytes]:
        messages = sorted(self._folder.messages, key=lambda each: each.uid)
        for each in self._chosen(numbers, by_uid=by_uid):
            parts = [b"UID %d" % each.uid]
            if "RFC822.SIZE" in items:
                parts.append(b"RFC822.SIZE %d" % len(each.data))
            if "INTERNALDATE" in items:
                parts.append(each.at.strftime('INTERNALDATE "%d-%b-%Y %H:%M:%S +0000"').encode())
            body = re.search(r"BODY\.PEEK(\[(?:HEADER)?\])(?:<(\d+)\.(\d+)>)?", items)
            if body:
                parts.append(_part(each.data, body))
            yield b"* %d FETCH (%b)\r\n" % (messages.index(each) + 1, b" ".join(parts))

    def _transfer(self, verb: str, numbers: str, name: str) -> bool:
        target = self.server.folders.get(name)
        if target is None:
            return False
        going = self._chosen(numbers, by_uid=True)
        for each in going:
            target.messages.append(Message(target.uidnext, each.data, each.at, set(each.flags)))
            target.uidnext += 1
        if verb == "MOVE":
            self._remove(going)
        return True

    def _remove(self, going: list[Message]) -> None:
        self._folder.messages = [each for each in self._folder.messages if each not in going]


def _part(data: bytes, asked: re.Match[str]) -> bytes:
    section, offset, octets = asked.groups()
    if section == "[HEADER]":
        data = data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    start = ""
    if offset is not None:
        data = data[int(offset) : int(offset) + int(octets)]
        start = f"<{offset}>"
    return f"BODY{section}{start} {{{len(data)}}}\r\n".encode() + data


def _is_last(script: Script) -> bool:
    return script.forever and len(script.faults) == 1
