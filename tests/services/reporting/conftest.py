"""The scene of these tests."""

import pytest
from sqlmodel import Session

from tests.services.reporting.scene import Scene


@pytest.fixture
def scene(session: Session) -> Scene:
    return Scene(session)
