"""Has thumbnails drawn in a child process with time and memory caps, one at a time; keeps the last ones."""

import contextlib
import subprocess
import sys
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import gateway
from gateway.reader import protocol
from gateway.rules import limits

_ROOT = Path(gateway.__file__).parent.parent
_START_SECONDS = 30
_IDLE_SECONDS = 120
_KEPT_OCTETS = 16 * limits.MIB
_KEPT_FAILURE = 200  # what remembering a failure counts as

NO_CHILD = "no-child"


class Kept:
    """Thumbnails by the SHA-256 of their picture, the last used ones within a bound; failures, too."""

    def __init__(self, octets: int = _KEPT_OCTETS) -> None:
        self._bound = octets
        self._held = 0
        self._pictures: OrderedDict[str, bytes | None] = OrderedDict()
        self._turn = threading.Lock()

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._pictures

    def get(self, sha256: str) -> bytes | None:
        """Return a thumbnail, None if it failed or is not kept."""
        with self._turn:
            if sha256 not in self._pictures:
                return None
            self._pictures.move_to_end(sha256)
            return self._pictures[sha256]

    def put(self, sha256: str, picture: bytes | None) -> None:
        with self._turn:
            if sha256 in self._pictures:
                return
            self._pictures[sha256] = picture
            self._held += _weight(picture)
            while self._held > self._bound:
                self._held -= _weight(self._pictures.popitem(last=False)[1])


class Thumbnails:
    """Draws thumbnails in a fresh interpreter, started when the first one is asked for, ended when idle.

    A picture that hangs, kills or swells the child costs its own thumbnail and no other. All of it
    blocks: to be called in a thread. `child_module` is run with -m; tests give one that misbehaves.
    """

    def __init__(
        self,
        *,
        child_module: str = "gateway.reader.picture_child",
        wall_seconds: float = limits.PICTURE_WALL_SECONDS,
        idle_seconds: float = _IDLE_SECONDS,
    ) -> None:
        self.kept = Kept()
        self._module = child_module
        self._wall_seconds = wall_seconds
        self._idle_seconds = idle_seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._idle: threading.Timer | None = None
        self._turn = threading.Lock()

    def draw(self, sha256: str, raw: bytes) -> str:
        """Draw a thumbnail and keep it; "", or why there is none: timeout, memory, died, a class of error, …

        That there is none is kept as well, unless no child could be started.
        """
        with self._turn:
            if self._idle is not None:
                self._idle.cancel()
            try:
                drawn, failed = self._ask(raw)
            finally:
                self._idle = threading.Timer(self._idle_seconds, self.close)
                self._idle.daemon = True
                self._idle.start()
        if failed != NO_CHILD:
            self.kept.put(sha256, drawn)
        return failed

    def close(self) -> None:
        """End the child; it is started again when it is needed."""
        with self._turn:
            if self._idle is not None:
                self._idle.cancel()
            self._end()

    def _ask(self, raw: bytes) -> tuple[bytes | None, str]:
        try:
            child = self._started()
        except (OSError, EOFError, ValueError):
            self._end()
            return None, NO_CHILD
        try:
            with _Watch(child, self._wall_seconds) as watch:
                _send(child, raw)
                header, drawn = _receive(child)
            failed, ends = str(header["failed"])[:100], bool(header["ends"])
        except (OSError, EOFError):
            self._end()
            return None, "timeout" if watch.barked else "died"
        except (ValueError, KeyError, TypeError):  # no answer that our own code gives
            self._end()
            return None, "nonsense"
        if ends:
            self._end()
        return (None, failed) if failed else (drawn, "")

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
        self._child = child = subprocess.Popen(  # noqa: S603  our own module, in our own interpreter
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={"PYTHONPATH": str(_ROOT), "LANG": "C.UTF-8"},  # no secret of ours
            start_new_session=True,
        )
        with _Watch(child, _START_SECONDS):
            _receive(child)
        return child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what it was not given any more
                    pipe.close()


class _Watch:
    """Kills a child that takes too long, which ends whoever reads from it."""

    def __init__(self, child: "subprocess.Popen[bytes]", seconds: float) -> None:
        self.barked = False
        self._child = child
        self._timer = threading.Timer(seconds, self._bark)
        self._timer.daemon = True

    def __enter__(self) -> "_Watch":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _bark(self) -> None:
        self.barked = True
        self._child.kill()


def _weight(picture: bytes | None) -> int:
    return _KEPT_FAILURE + len(picture or b"")


def _send(child: "subprocess.Popen[bytes]", raw: bytes) -> None:
    if child.stdin is None:
        raise OSError("no pipe")
    for piece in protocol.frame({}, raw):
        child.stdin.write(piece)
    child.stdin.flush()


def _receive(child: "subprocess.Popen[bytes]") -> tuple[Any, bytes]:
    """Return the next frame. Raises EOFError when the child is gone, ValueError if it raves."""
    said, beside = protocol.PREFIX.unpack(_exactly(child, protocol.PREFIX.size))
    if said + beside > 2 * limits.THUMBNAIL_OCTETS:
        raise ValueError("answer too long")
    return protocol.parsed(_exactly(child, said)), _exactly(child, beside)


def _exactly(child: "subprocess.Popen[bytes]", octets: int) -> bytes:
    read = child.stdout.read(octets) if child.stdout is not None else b""
    if len(read) < octets:
        raise EOFError
    return read
