"""Lines of a mail, with what the structure of its HTML says of them: what quotes are looked for in."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Part(StrEnum):
    """What the innermost element that means something to a mail program says of the line in it."""

    TEXT = "text"  # nothing: nearly all of plain text
    STUFFED = "stuffed"  # own though it begins with ">": format=flowed puts a blank in front of it
    CITED = "cited"  # a block only programs write, for what is answered
    QUOTED = "quoted"  # a block programs write for it, and people with a button as well
    INDENTED = "indented"  # a block that may be no more than an indent
    ATTRIBUTION = "attribution"  # "El … escribió:", in whatever language
    HEADERS = "headers"  # the header lines of the mail that is answered, which follows to the end


class Line(NamedTuple):
    """One line as a reader sees it, quote marks included."""

    text: str
    part: Part = Part.TEXT
    history: bool = False  # inside an element that holds the answered mail, and ends where that ends


_MARK = re.compile(r"[ \t]{0,3}>")
_MARKS = re.compile(r"[ \t>]{0,40}")
_BLOCKS = (Part.CITED, Part.QUOTED, Part.INDENTED)
_NEAR = 3


def plain_lines(text: str) -> list[Line]:
    """Return the lines of plain text."""
    lines = [Line(line) for line in text.split("\n")]
    if "\n >" in text and any(line.text.startswith(">") for line in lines):
        for position in range(1, len(lines)):
            if lines[position].text.startswith(" >") and not bears_mark(lines[position - 1]):
                lines[position] = Line(lines[position].text, Part.STUFFED)
    return lines


def bears_mark(line: Line) -> bool:
    """Whether a line has a quote mark in front or stands in a block of the quoting kinds."""
    return line.part in _BLOCKS or (line.part is Part.TEXT and _MARK.match(line.text) is not None)


def without_marks(line: Line) -> str:
    """Return the words of a line behind its quote marks."""
    found = _MARKS.match(line.text)
    return line.text[found.end() :] if found else line.text


def next_written(lines: Sequence[Line], position: int, reach: int = _NEAR) -> int | None:
    """Return where the next line with words stands, among the next `reach` ones."""
    for candidate in range(position, min(position + reach, len(lines))):
        if lines[candidate].text.strip():
            return candidate
    return None


def last_written(lines: Sequence[Line], position: int, reach: int = _NEAR) -> int | None:
    """Return where the line with words before `position` stands, among the `reach` ones above."""
    for candidate in range(position - 1, max(position - 1 - reach, -1), -1):
        if lines[candidate].text.strip():
            return candidate
    return None


def is_marked_below(lines: Sequence[Line], position: int) -> bool:
    """Whether what comes next is marked as a quote."""
    below = next_written(lines, position)
    return below is not None and bears_mark(lines[below])
