"""Imports go down the picture of docs/architecture.md, section 4: never up, never in a circle."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLAIN = {"gateway.config", "gateway.errors", "gateway.tokens", "gateway.failpoints", "gateway.catalogue"}
MAY_OPEN_DATABASE = (
    "gateway.inbound", "gateway.outbound", "webui", "gateway.cli", "gateway.migrations",
    "gateway.runtime", "gateway.startup", "gateway.roles",
)  # fmt: skip
ALLOWED = {
    "gateway.rules": ("gateway.rules",),
    "gateway.mail": ("gateway.mail", "gateway.rules"),
    "gateway.models": ("gateway.models", "gateway.rules"),
    "gateway.services": ("gateway.services", "gateway.models", "gateway.mail", "gateway.rules"),
    "gateway.reader": ("gateway.reader", "gateway.mail", "gateway.rules"),
    "gateway.inbound": (
        "gateway.inbound", "gateway.reader", "gateway.services", "gateway.models", "gateway.mail",
        "gateway.rules", "gateway.runtime", "gateway.db", "gateway.wakeup",
    ),
    "gateway.outbound": (
        "gateway.outbound", "gateway.services", "gateway.models", "gateway.mail", "gateway.rules",
        "gateway.runtime", "gateway.db", "gateway.wakeup",
    ),
    "gateway.demo": (
        "gateway.demo", "gateway.services", "gateway.models", "gateway.mail", "gateway.rules",
    ),
    "webui": (
        "webui", "gateway.reader", "gateway.services", "gateway.models", "gateway.mail", "gateway.rules",
        "gateway.runtime", "gateway.db", "gateway.wakeup",
    ),
}  # fmt: skip


def modules() -> dict[str, Path]:
    """Every module of the program, by its dotted name."""
    found = {}
    for package in ("gateway", "webui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "versions" not in path.parts:
                parts = path.relative_to(ROOT).with_suffix("").parts
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module of ours that a file imports, with how deep in the code the import stands."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nested = {id(each) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
              for each in ast.walk(node)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            known = name if name in MODULES else name.rpartition(".")[0]
            if known.split(".")[0] in ("gateway", "webui"):
                yield known, int(id(node) in nested)


GRAPH = {name: sorted({each for each, _ in imports(path)} - {name}) for name, path in MODULES.items()}


def layer_of(name: str) -> str | None:
    return next((layer for layer in ALLOWED if name == layer or name.startswith(layer + ".")), None)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_go_down(name: str) -> None:
    layer = layer_of(name)
    if layer is None:
        wrong = [each for each in GRAPH[name] if each.startswith("webui")]
    else:
        allowed = (*ALLOWED[layer], *PLAIN, "gateway")
        wrong = [
            each
            for each in GRAPH[name]
            if each not in allowed and not any(each.startswith(one + ".") for one in ALLOWED[layer])
        ]
    assert wrong == []


def test_only_shells_open_the_database() -> None:
    opening = [name for name, targets in GRAPH.items() if "gateway.db" in targets]
    assert [name for name in opening if not name.startswith(MAY_OPEN_DATABASE)] == []


def test_nothing_imports_the_command() -> None:
    assert [
        name for name, targets in GRAPH.items()
        if not name.startswith(("gateway.cli", "gateway.__main__"))
        and any(each == "gateway.cli" or each.startswith("gateway.cli.") for each in targets)
    ] == []  # fmt: skip


def test_no_import_hides_in_a_function() -> None:
    assert [name for name, path in MODULES.items() if any(nested for _, nested in imports(path))] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> None:
        assert name not in path, " → ".join([*path[path.index(name) :], name])
        if name in done:
            return
        for target in GRAPH.get(name, []):
            walk(target, [*path, name])
        done.add(name)

    for name in GRAPH:
        walk(name, [])


def test_a_wrong_import_would_be_seen() -> None:
    """The test reads real imports: some that must be there are."""
    assert "gateway.rules.admission" in GRAPH["gateway.services.intake"]
    assert "gateway.db" in GRAPH["gateway.runtime"]
