"""Splitting an mbox into its mails, line by line, so that its size does not matter.

The format has no standard, only habits (RFC 4155, appendix A). Quoting is undone as mboxrd has it:
`>From ` and `>>From ` lose one `>`. An mbox that quoted otherwise differs by that one character.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

FROM = b"From "
PIECE = 64 * 1024
"""Octets of a line read at once: a line without end is still mail."""

_QUOTED_FROM = re.compile(rb">{1,100}From ")
_FIELD = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_BLANK = (b"\n", b"\r\n")


class _Growing:
    """A mail as it is read; what is over the limit is not kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._most:
            self._pieces.clear()
        elif piece:
            self._pieces.append(piece)

    def data(self) -> bytes | None:
        return b"".join(self._pieces) if self._size <= self._most else None


def split(stream: BinaryIO, *, most: int) -> Iterator[bytes | None]:
    """Yield each mail of an mbox; None for one of more than `most` octets.

    A mail begins at a From_ line that follows an empty line and is followed by a header field: not
    all programs quote, and a sentence may begin with "From ". The empty line is the format's.
    """
    mail: _Growing | None = None
    blank = separator = b""  # lines of which the next one tells whose they are
    for line, starts in _lines(stream):
        if separator:
            if mail is None or _FIELD.match(line):
                if mail is not None:
                    yield mail.data()
                mail = _Growing(most)
            else:
                mail.write(blank + separator)
            blank = separator = b""
        if starts and line.startswith(FROM) and (mail is None or blank):
            separator = line
            continue
        mail = mail or _Growing(most)
        mail.write(blank)
        blank = line if starts and line in _BLANK else b""
        if not blank:
            mail.write(line[1:] if starts and _QUOTED_FROM.match(line) else line)
    if mail is not None:
        mail.write(blank + separator if separator else b"")
        yield mail.data()


def _lines(stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Lines, long ones in pieces, and whether each piece begins its line."""
    starts = True
    while piece := stream.readline(PIECE):
        yield piece, starts
        starts = piece.endswith(b"\n")
