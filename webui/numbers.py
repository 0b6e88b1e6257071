"""Numbers in forms and addresses: what is none is left out or not found, never an error of ours."""

from collections.abc import Mapping

from starlette.convertors import IntegerConvertor

DIGITS = 18
"""So a number fits 64 bits: Python reads no more than some thousand digits, SQLite no larger number."""


class NumberInPath(IntegerConvertor):
    """A number in the path of a route; with a longer one the path leads nowhere (W17)."""

    regex = f"[0-9]{{1,{DIGITS}}}"


def number_in(fields: Mapping[str, str], name: str) -> int | None:
    """Return the number a field holds, or None."""
    text = fields.get(name, "").strip()[: DIGITS + 1]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None
