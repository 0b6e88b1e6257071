"""Numbers in forms: what is none is left out, never an error of ours."""

from collections.abc import Mapping

DIGITS = 18


def number_in(fields: Mapping[str, str], name: str) -> int | None:
    """Return the number a field holds, or None."""
    text = fields.get(name, "").strip()[: DIGITS + 1]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None
