"""Installations to run the command on, on each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.migrations import migrate
from tests.cli.installation import Installation


@pytest.fixture
def empty(
    empty_database_url: str, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> Iterator[Installation]:
    """An installation whose database has no tables yet."""
    installation = Installation(tmp_path, empty_database_url, capsysbinary)
    yield installation
    installation.database.close()


@pytest.fixture
def office(empty: Installation) -> Installation:
    """An installation that is ready for use."""
    migrate(empty.database)
    return empty
