"""An address field (RFC 5322, 3.4) taken apart into pieces; what they mean is decided elsewhere."""

import re
from collections.abc import Iterator
from enum import StrEnum

_PIECE = re.compile(r'\s+|[^\s"(),:;<>\\]+|.', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_IN_COMMENT = re.compile(r"\\.|[()]", re.DOTALL)
_AT_DOMAIN = re.compile(r'@[^\s"(),:;<>\\]+')


class Piece(StrEnum):
    """What a piece is; the letters spell the grammar of a field."""

    WORD = "W"
    QUOTED = "Q"
    MAILBOX = "M"  # a word with an @ in it
    COMMENT = "C"
    OPEN = "<"
    CLOSE = ">"
    COMMA = ","
    SEMICOLON = ";"
    COLON = ":"
    BROKEN = "!"  # a stray backslash or closing bracket; a quote or comment that nothing closes


_SPECIALS = {
    "<": Piece.OPEN,
    ">": Piece.CLOSE,
    ",": Piece.COMMA,
    ";": Piece.SEMICOLON,
    ":": Piece.COLON,
}


def pieces(value: str) -> Iterator[tuple[Piece, str]]:
    """Yield the pieces of a field with their text, quotes and escapes resolved.

    Every character is looked at a fixed number of times: an end that is missing is searched for
    once, and after that every further opening of its kind is broken, too.
    """
    position = 0
    unclosed: set[str] = set()
    while found := _PIECE.match(value, position):
        text, position = found[0], found.end()
        if text in ('"', "(") and text not in unclosed:
            closed = _quoted(value, found.start()) if text == '"' else _comment(value, position)
            if closed is not None:
                kind, content, position = closed
                yield kind, content
                continue
            unclosed.add(text)
        if text in _SPECIALS:
            yield _SPECIALS[text], text
        elif text in '"()\\':
            yield Piece.BROKEN, text
        elif not text.isspace():
            yield Piece.MAILBOX if "@" in text else Piece.WORD, text


def without_comments(value: str) -> str:
    """Return the words of a structured header field, one blank between them, comments left out."""
    return " ".join(text for kind, text in pieces(value) if kind is not Piece.COMMENT)


def unescaped(text: str) -> str:
    """Return the content of a quoted string without its backslashes."""
    return _ESCAPED.sub(r"\1", text)


def _quoted(value: str, start: int) -> tuple[Piece, str, int] | None:
    """Return the quoted string at `start` and where it ends; with @domain after it, a mailbox."""
    quoted = _QUOTED.match(value, start)
    if quoted is None:
        return None
    if domain := _AT_DOMAIN.match(value, quoted.end()):
        return Piece.MAILBOX, quoted[0] + domain[0], domain.end()
    return Piece.QUOTED, unescaped(quoted[1]), quoted.end()


def _comment(value: str, position: int) -> tuple[Piece, str, int] | None:
    """Return the comment whose opening bracket stands before `position`, and where it ends."""
    depth = 1
    for found in _IN_COMMENT.finditer(value, position):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0:
            return Piece.COMMENT, unescaped(value[position : found.start()]), found.end()
    return None
