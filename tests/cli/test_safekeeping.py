"""`sysmo backup` and `sysmo restore`: what comes back is whole, and sends nothing by itself (D13)."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.rules.admission import Outcome
from gateway.services import blobs
from tests.cli.installation import Installation
from tests.conftest import own_postgres_database

BIG = b"Subject: big\r\n\r\n" + b"x" * blobs.SMALL
Restored = Callable[[str], Installation]


@pytest.fixture
def other(
    office: Installation, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> Iterator[Installation]:
    """A second installation on the same kind of database, empty."""
    folder = tmp_path / "other"
    folder.mkdir()
    with ExitStack() as stack:
        if office.database.is_sqlite:
            url = f"sqlite:///{folder}/data/sysmo.db"
        else:
            url = stack.enter_context(own_postgres_database(f"sysmo_restored_{os.getpid()}"))
        installation = Installation(folder, url, capsysbinary)
        yield installation
        installation.database.close()


def fill(office: Installation) -> None:
    """A large mail that was held, and a mail out that waits."""
    office.sysmo("topic", "add", "Facturación")
    content = blobs.content_of(BIG)
    blobs.place(office.folder / "data" / "blobs", [content])
    office.settle(office.accept(BIG), outcome=Outcome.HELD)
    office.sysmo("user", "add", "ana@sysmo.example", "--name", "Ana", "--role", "admin")


def test_what_was_saved_comes_back_whole_and_paused(
    office: Installation, other: Installation, tmp_path: Path
) -> None:
    fill(office)
    saved = tmp_path / "backup"
    assert office.sysmo("backup", str(saved)).status == 0
    restored = other.sysmo("restore", str(saved))
    assert (restored.status, restored.err) == (0, "")
    assert other.sysmo("export").printed == office.sysmo("export").printed
    assert other.sysmo("mail", "show", "1", "--raw").printed == BIG
    checked = other.sysmo("check", "--json")
    assert checked.status == 0, checked.out
    assert "outbox.paused" in {each["check"] for each in checked.json["findings"]}
    assert other.sysmo("mail", "release").status == 0
    assert "outbox.paused" not in other.sysmo("check", "--json").out
    key = "data/secret.key"
    assert (other.folder / key).read_bytes() == (office.folder / key).read_bytes()


def test_a_backup_is_for_its_owner_alone(office: Installation, tmp_path: Path) -> None:
    fill(office)
    saved = tmp_path / "backup"
    office.sysmo("backup", str(saved))
    modes = {stat.S_IMODE(each.stat().st_mode) for each in saved.rglob("*")} | {
        stat.S_IMODE(saved.stat().st_mode)
    }
    assert modes == {0o600, 0o700}


def test_a_backup_is_never_written_over(office: Installation, tmp_path: Path) -> None:
    saved = tmp_path / "backup"
    assert office.sysmo("backup", str(saved)).status == 0
    manifest = (saved / "backup.json").read_bytes()
    again = office.sysmo("backup", str(saved))
    assert again.status == 2
    assert again.err.startswith("sysmo: DIR: ")
    assert (saved / "backup.json").read_bytes() == manifest


def test_a_full_database_is_not_restored_over(office: Installation, tmp_path: Path) -> None:
    saved = tmp_path / "backup"
    office.sysmo("backup", str(saved))
    office.sysmo("topic", "add", "Facturación")
    assert office.sysmo("restore", str(saved)).status == 2
    assert len(office.sysmo("topic", "list", "--json").json) == 1


def spoil_manifest(saved: Path) -> None:
    (saved / "backup.json").unlink()


def change_engine(saved: Path) -> None:
    manifest = json.loads((saved / "backup.json").read_text())
    (saved / "backup.json").write_text(json.dumps(manifest | {"engine": "mysql"}))


def change_key(saved: Path) -> None:
    (saved.parent / "other" / "data").mkdir(mode=0o700, exist_ok=True)
    key = saved.parent / "other" / "data" / "secret.key"
    key.write_text("another")
    key.chmod(0o600)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        pytest.param(spoil_manifest, "DIR", id="half a backup"),
        pytest.param(change_engine, "mysql", id="of another kind of database"),
        pytest.param(change_key, "secret", id="into an installation with a key of its own"),
    ],
)
def test_what_cannot_be_restored_is_refused(
    office: Installation, other: Installation, tmp_path: Path, spoil: Callable[[Path], None], word: str
) -> None:
    saved = tmp_path / "backup"
    office.sysmo("backup", str(saved))
    spoil(saved)
    ended = other.sysmo("restore", str(saved))
    assert ended.status == 2
    assert word in ended.err
    assert other.sysmo("topic", "list").status == 2  # still without tables
