"""Lists as people read them and as programs do, times, and progress on a terminal."""

import json
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import typer

T = TypeVar("T")

LOOKED_AT = 500
"""Rows whose widths make the columns, so that a list of a million needs no memory."""

WIDEST = 48
GAP = "  "
SHOWN_EVERY = 0.2  # seconds


def print_json(value: object) -> None:
    """Print one value as JSON on one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def print_json_list(values: Iterable[Mapping[str, Any]]) -> None:
    """Print a JSON list, an object a line, as they come."""
    sys.stdout.write("[")
    separator = "\n"
    for value in values:
        sys.stdout.write(separator + json.dumps(value, ensure_ascii=False))
        separator = ",\n"
    sys.stdout.write("\n]\n")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under headings. What strangers wrote cannot move the cursor or start a line."""
    cells = ([safe(cell) for cell in row] for row in rows)
    first = list(islice(cells, LOOKED_AT))
    widths = [min(max(map(len, column)), WIDEST) for column in zip(list(headings), *first, strict=True)]
    for row in chain([headings], first, cells):
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(GAP.join(padded).rstrip() + "\n")


def local(moment: datetime | None, timezone: str) -> str:
    """A time as the people of the site read it; "" when there is none."""
    return moment.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M") if moment else ""


@contextmanager
def progress(items: Iterable[T], *, label: str, length: int) -> Iterator[Iterable[T]]:
    """Show on stderr how far a long work is, if a person watches."""
    if not sys.stderr.isatty():
        yield items
        return
    with typer.progressbar(items, length=length, label=label, file=sys.stderr) as bar:
        yield bar


@contextmanager
def counter(label: str) -> Iterator[Callable[[int], None]]:
    """The same where nobody knows how much there is: a number that grows."""
    watched = sys.stderr.isatty()
    count, shown_at = 0, 0.0

    def told(more: int) -> None:
        nonlocal count, shown_at
        count += more
        if watched and time.monotonic() - shown_at > SHOWN_EVERY:
            shown_at = time.monotonic()
            sys.stderr.write(f"\r{label}: {count}")
            sys.stderr.flush()

    yield told
    if watched:
        sys.stderr.write(f"\r{label}: {count}\n")


def safe(text: str) -> str:
    """What strangers wrote, on one line, unable to move the cursor."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def indented(text: str, *, width: int = 76) -> list[str]:
    """A text of ours in lines under a heading."""
    return textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="  ")
