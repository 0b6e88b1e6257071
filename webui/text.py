"""What people wrote → HTML: escaped, in paragraphs, with links that tell nobody where they came from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

SHOWN_CHARACTERS = 1_100_000
"""A little more than a mail may show, 1 MiB."""

_MOST_BLOCKS = 5_000
"""What is parted more often than that is shown on, without parting it."""

_URL = re.compile(r"https?://[^\s<>\"]{1,2000}", re.IGNORECASE)
_AFTER_URL = ".,;:!?'*_)]}»”’"
_LINK = Markup('<a href="{0}" rel="noopener noreferrer nofollow">{0}</a>')
_FENCE = "```"
_INDENTED = ("    ", "\t")
_ENDS = dict.fromkeys((0x2028, 0x2029, 0x85), "\n")
_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 133), *range(134, 160), 0xFEFF))
_TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C))
"""Direction marks, with which a line can pretend to say something else (T14)."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or lines of code as they were typed."""

    inside: Markup
    code: bool = False


def blocks(text: str) -> list[Block]:
    """Return a text as its blocks: what is fenced by ``` or indented by four blanks is code, all else
    are paragraphs, parted by blank lines. A fence that nobody closes is a line like any other."""
    found: list[Block] = []
    lines = _clean(text).split("\n")
    closing = max((place for place, line in enumerate(lines) if _is_fence(line)), default=-1)
    place = 0
    while place < len(lines):
        if len(found) == _MOST_BLOCKS:
            found.append(Block(_linked("\n".join(lines[place:]).strip("\n"))))
            break
        end = _end_of_code(lines, place, closing)
        if not lines[place].strip():
            end = place + 1
        elif end is not None:
            fenced = _is_fence(lines[place])
            code = lines[place + 1 : end - 1] if fenced else _without_margin(lines[place:end])
            inside = "\n".join(code).strip("\n")
            if inside.strip():
                found.append(Block(escape(inside), code=True))
        else:
            end = _end_of_words(lines, place, closing)
            found.append(Block(_linked("\n".join(lines[place:end]))))
        place = end
    return found


def paragraphs(text: str) -> list[Markup]:
    """Return a text as the insides of paragraphs: parted by blank lines, lines within by <br>."""
    return [_linked(block.strip("\n")) for block in _clean(text).split("\n\n") if block.strip()]


def initials(name: str) -> str:
    """Return up to two letters that stand for a person."""
    words = [word for word in name.partition("@")[0].replace(".", " ").split() if word[0].isalnum()]
    chosen = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0] for word in chosen).upper() or "?"


def _clean(text: str) -> str:
    lines = text[:SHOWN_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")
    return lines.translate(_CONTROLS | _TURNING | _ENDS)


def _is_fence(line: str) -> bool:
    return line.startswith(_FENCE) and "`" not in line[len(_FENCE) :]


def _end_of_code(lines: list[str], start: int, closing: int) -> int | None:
    """Where the code that begins at a line ends, None if none begins there."""
    if _is_fence(lines[start]) and start < closing:
        return next(place for place in range(start + 1, closing + 1) if _is_fence(lines[place])) + 1
    if not _is_indented(lines[start]) or (start > 0 and lines[start - 1].strip()):
        return None  # lines below words go on with them: a list, an address
    end = start + 1
    while end < len(lines) and (_is_indented(lines[end]) or not lines[end].strip()):
        end += 1
    if end < len(lines) and lines[end].strip():  # words follow at once: the last lines belong to them
        while end > start and lines[end - 1].strip():
            end -= 1
    return end if end > start else None


def _end_of_words(lines: list[str], start: int, closing: int) -> int:
    end = start + 1
    while end < len(lines) and lines[end].strip() and not (_is_fence(lines[end]) and end < closing):
        end += 1
    return end


def _is_indented(line: str) -> bool:
    return line.startswith(_INDENTED) and bool(line.strip())


def _without_margin(lines: list[str]) -> list[str]:
    """The same lines without the blanks that all begin with."""
    margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return [line[margin:] for line in lines]


def _linked(block: str) -> Markup:
    html = "".join(_pieces(block)) if "http" in block.lower() else str(escape(block))
    return Markup(html.replace("\n", "<br>"))  # noqa: S704  every piece is escaped


def _pieces(block: str) -> Iterator[Markup]:
    position = 0
    for match in _URL.finditer(block):
        url = match[0].rstrip(_AFTER_URL)
        yield escape(block[position : match.start()])
        yield _LINK.format(url)
        position = match.start() + len(url)
    yield escape(block[position:])
