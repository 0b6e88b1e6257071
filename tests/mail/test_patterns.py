"""No pattern that touches mail can be driven into more than linear work by what it repeats (B8)."""

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import gateway.mail

FOLDER = Path(gateway.mail.__file__).parent
MAX = re._constants.MAXREPEAT  # type: ignore[attr-defined]


def modules() -> Iterator[str]:
    for path in sorted(FOLDER.rglob("*.py")):
        yield ".".join(["gateway.mail", *path.relative_to(FOLDER).with_suffix("").parts])


def patterns() -> list[tuple[str, re.Pattern[Any]]]:
    """Every compiled pattern that stands as a constant of a module, by module and name."""
    return [
        (f"{module}.{name}", value)
        for module in modules()
        for name, value in vars(import_module(module)).items()
        if isinstance(value, re.Pattern)
    ]


def steps(parsed: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, Any]]:
    """The steps of a sequence, with groups taken apart."""
    for kind, value in parsed:
        if str(kind) == "SUBPATTERN":
            yield from steps(value[3])
        else:
            yield str(kind), value


def is_unbounded(kind: str, value: Any) -> bool:
    return kind in ("MAX_REPEAT", "MIN_REPEAT") and value[1] == MAX


def inside(kind: str, value: Any) -> list[Any]:
    """The sequences within a step."""
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return [value[2]]
    if kind == "BRANCH":
        return list(value[1])
    if kind in ("ASSERT", "ASSERT_NOT"):
        return [value[1]]
    return [value] if kind == "ATOMIC_GROUP" else []


def problem(parsed: Any, *, repeated: bool = False) -> str | None:
    before = False
    for kind, value in steps(parsed):
        unbounded = is_unbounded(kind, value)
        if unbounded and repeated:
            return "an unbounded repeat within another"
        if unbounded and before:
            return "two unbounded repeats side by side"
        before = unbounded
        for sequence in inside(kind, value):
            found = problem(sequence, repeated=repeated or unbounded)
            if found:
                return found
    return None


PATTERNS = patterns()


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("(a+)+b", "an unbounded repeat within another", id="nested"),
        pytest.param("(?:x|a*)*b", "an unbounded repeat within another", id="nested in a choice"),
        pytest.param("a*a*b", "two unbounded repeats side by side", id="adjacent"),
        pytest.param("(a*)(b*)", "two unbounded repeats side by side", id="adjacent groups"),
        pytest.param("a{0,20}b{0,20}", None, id="bounded ones"),
        pytest.param("a*,b*", None, id="something between"),
    ],
)
def test_the_lint_itself(pattern, expected):
    assert problem(re._parser.parse(pattern)) == expected  # type: ignore[attr-defined]


def test_there_are_patterns_to_look_at():
    assert len(PATTERNS) > 100


@pytest.mark.parametrize(("name", "pattern"), [pytest.param(*each, id=each[0]) for each in PATTERNS])
def test_no_pattern_repeats_without_bounds_inside_or_beside_another(name, pattern):
    assert problem(re._parser.parse(pattern.pattern, pattern.flags)) is None  # type: ignore[attr-defined]
