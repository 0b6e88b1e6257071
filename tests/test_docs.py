"""The documents are true to the code: names, links, settings with their defaults, promises."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from gateway import failpoints
from gateway.cli.entry import app
from gateway.config import Config, Imap, Section

ROOT = Path(__file__).parent.parent
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
INVARIANTS = (ROOT / "docs/invariants.md").read_text(encoding="utf-8")
ADMINISTRATION = (ROOT / "docs/administration.md").read_text(encoding="utf-8")

NAMELESS = {"__init__.py", "script.py.mako"}
NUMBER = re.compile(r"\b([DELTCWBO][1-9][0-9]?)\b")
CITED = re.compile(r"\((?:invariants? )?[DELTCWBO][0-9][^()]{0,60}\)")
LINK = re.compile(r"\]\(([^()\s]+)\)")
INDEX = re.compile(r"(?:https?|file)://\S+/simple\b|--(?:extra-)?index-url \S")
"""A package index somebody installs from. Where that is differs from machine to machine."""

FOLDERS = (".ci", "benchmarks", "docs", "gateway", "templates", "tests", "webui")


def layout() -> Iterator[PurePosixPath]:
    """Yield what the tree of section 3 names: an indented line is inside the folder above it."""
    block = ARCHITECTURE.partition("## 3. Layout")[2].split("```")[1]
    folders: list[tuple[int, PurePosixPath]] = []
    for line in filter(str.strip, block.splitlines()):
        depth = len(line) - len(line.lstrip())
        names = re.split(r" {2,}", line.strip())[0].split()
        if not all(re.fullmatch(r"[\w/.-]+(?:/|\.py)", name) for name in names):
            continue  # words that go on from the line above
        folders = [each for each in folders if each[0] < depth]
        inside = folders[-1][1] if folders else PurePosixPath()
        for name in names:
            yield inside / name
            if name.endswith("/"):
                folders.append((depth, inside / name))


def texts() -> Iterator[tuple[str, str]]:
    """Every file of the project that is text, by its name."""
    found = [*ROOT.glob("*"), *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*"))]
    for file in found:
        if file.is_file() and file.suffix not in (".png", ".pyc", ".eml"):
            yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8", errors="replace")


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as the forges that show it make them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"(?ms)^```.*?^```", "", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def sections() -> Iterator[tuple[str, type[Section]]]:
    for name, field in Config.model_fields.items():
        kind: Any = field.annotation
        yield ("imap.NOMBRE", Imap) if name == "imap" else (name, kind)


def shown(default: object) -> str:
    """A default as config.toml would write it."""
    match default:
        case SecretStr():
            return shown(default.get_secret_value())
        case None:
            return "—"
        case bool():
            return f"`{str(default).lower()}`"
        case int():
            return f"`{default}`"
        case tuple():
            return "`[" + ", ".join(f'"{each}"' for each in default) + "]`"
        case _ if default is PydanticUndefined:
            return "necesaria"
        case _:
            return f'`"{default}"`'


def test_every_name_in_the_layout_is_there():
    assert [str(path) for path in layout() if not (ROOT / path).exists()] == []


def test_every_module_is_in_the_layout():
    named = set(layout())
    modules = [
        PurePosixPath(file.relative_to(ROOT))
        for package in ("gateway", "webui")
        for file in (ROOT / package).rglob("*.py")
        if file.name not in NAMELESS and "versions" not in file.parts
    ]
    assert len(modules) > 100
    assert [str(path) for path in modules if path not in named] == []


@pytest.mark.parametrize("page", [pytest.param(each, id=each.name) for each in DOCS])
def test_links_lead_somewhere(page):
    broken = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        found = target.is_relative_to(ROOT) and target.exists()
        if not found or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize(("name", "section"), [pytest.param(*each, id=each[0]) for each in sections()])
def test_every_key_is_documented_with_its_default(name, section):
    text = ADMINISTRATION.partition(f"\n### [{name}]\n")[2].partition("\n## ")[0].partition("\n### ")[0]
    documented = dict(re.findall(r"^\| `(\w+)` \| (.+?) \| ", text, re.MULTILINE))
    assert documented == {key: shown(field.default) for key, field in section.model_fields.items()}


def test_every_command_is_documented():
    groups = {each.name: each.typer_instance for each in app.registered_groups if each.typer_instance}
    names = [_name(each) for each in app.registered_commands]
    names += [f"{group} {_name(each)}" for group, of in groups.items() for each in of.registered_commands]
    assert len(names) > 15
    assert [name for name in names if f"`sysmo {name}" not in ADMINISTRATION] == []


def test_every_make_target_is_in_the_readme():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `make (\w+)", readme, re.MULTILINE)
    assert sorted(documented) == sorted(targets)


def test_every_failpoint_is_in_the_table_with_its_file():
    places = {
        (name, str(file.relative_to(ROOT / "gateway")))
        for file in (ROOT / "gateway").rglob("*.py")
        for name in re.findall(rf'{failpoints.__name__.rpartition(".")[2]}\.hit\("(\w+)"\)', file.read_text())
    }
    rows = re.findall(r"^\| ([SIPO][0-9]) \| (.+?) \| ", ARCHITECTURE, re.MULTILINE)
    assert {(name, file) for name, files in rows for file in re.findall(r"`([\w/.]+)`", files)} == places


def test_every_promise_cited_is_made_and_its_state_told():
    made = re.findall(r"^- \*\*(\w+)\*\*", INVARIANTS, re.MULTILINE)
    told = re.findall(r"^\| ([DELTCWBO][0-9]+) \| (?:proven|partly|later) \| ", INVARIANTS, re.MULTILINE)
    cited = {
        number
        for package in ("gateway", "webui", "tests")
        for file in (ROOT / package).rglob("*.py")
        for citation in CITED.findall(file.read_text(encoding="utf-8"))
        for number in NUMBER.findall(citation)
    }
    failpoint_names = set(re.findall(r"`([SIPO][0-9])`", INVARIANTS))
    assert made == told
    assert len(cited) > 50
    assert cited - set(made) - failpoint_names == set()


def test_tests_named_as_proof_are_there():
    named = set(re.findall(r"`([\w/]+\.py)`", INVARIANTS.partition("## What is proven now")[2]))
    assert len(named) > 40
    assert [name for name in sorted(named) if not (ROOT / "tests" / name).exists()] == []


def test_what_is_proven_names_its_tests():
    rows = re.findall(r"^\| (\w+) \| (?:proven|partly) \| (.*?) \| ", INVARIANTS, re.MULTILINE)
    assert [number for number, tests in rows if not tests.strip()] == []


def test_nothing_names_the_machine_it_was_made_on():
    here = [re.escape(str(folder)) for folder in (ROOT, Path.home()) if folder != Path("/")]
    place = re.compile(rf"(?<![\w.-])(?:{'|'.join(here)})/")
    files = dict(texts())
    assert len(files) > 300
    assert [name for name, text in files.items() if place.search(text) or INDEX.search(text)] == []


def _name(command: Any) -> str:
    return str(command.name or command.callback.__name__).removesuffix("_")
