"""An installation of each kind, with a topic and two operators."""

from pathlib import Path

import pytest

from gateway.db import Database
from tests.factories import make_operator, make_topic
from tests.processes import Installation

MARTIN = "martin.sosa@sysmo.example"
SOFIA = "sofia.paz@sysmo.example"


@pytest.fixture
def installation(tmp_path: Path, empty_database_url: str) -> Installation:
    made = Installation(tmp_path / "installation", empty_database_url)
    database = Database(empty_database_url, pool=2)
    with database.transaction() as session:
        operators = [make_operator(session, MARTIN), make_operator(session, SOFIA, name="Sofía Paz")]
        make_topic(session, "Facturación", *operators, is_default=True)
    database.close()
    return made
