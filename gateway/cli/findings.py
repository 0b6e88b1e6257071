"""What a check says: fit, worth knowing, or wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """Only a problem makes `sysmo check` end with 1."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `check` and the keys of `details` are public, in `--json`."""

    check: str
    level: Level
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        return {Level.OK: "✓", Level.NOTE: "·", Level.PROBLEM: "✗"}[self.level]


def found(check: str, text: str, **details: Any) -> Finding:
    """All is as it should be."""
    return Finding(check, Level.OK, text, details)


def note(check: str, text: str, **details: Any) -> Finding:
    """Nothing is broken, but somebody may want to know."""
    return Finding(check, Level.NOTE, text, details)


def problem(check: str, text: str, **details: Any) -> Finding:
    """Something is wrong."""
    return Finding(check, Level.PROBLEM, text, details)
