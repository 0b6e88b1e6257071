"""Looking changes nothing: the whole database is the same before and after each GET (W7)."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from starlette.routing import Route

from gateway import models
from gateway.runtime import Runtime
from tests.conftest import ONE_ENGINE
from tests.webui.conftest import Browser
from tests.webui.scene import make_scene
from tests.webui.test_access import PEOPLE, QUERIES, path_of

BOOKKEEPING = {"ticket_seen": None, "web_session": "seen_at"}
"""What is noted of the reader, for the reader: how far they read, that they are here."""

PROBES = ("/readyz", "/metrics")
"""They prove that the database takes a write, on a row of its own (O3)."""


def contents(runtime: Runtime) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, without the bookkeeping."""
    found = {}
    with runtime.db.snapshot() as session:
        for table in models.metadata.sorted_tables:
            if BOOKKEEPING.get(table.name, "") is not None:
                columns = [each for each in table.c if each.name != BOOKKEEPING.get(table.name)]
                rows = session.execute(select(*columns)).all()
                found[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return found


@ONE_ENGINE
@pytest.mark.parametrize("who", PEOPLE)
def test_no_page_changes_anything_by_being_looked_at(
    who: str, app: Any, browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        scene = make_scene(session)
    browser = browse(PEOPLE[who])
    before = contents(web_runtime)
    for route in app.routes:
        if isinstance(route, Route) and "GET" in (route.methods or ()) and route.path not in PROBES:
            name = f"GET {route.path}"
            path = path_of(name, scene) + QUERIES.get(name, "").replace("{number}", str(scene.ticket))
            assert not re.search(r"[{}]", path), f"what stands in {route.path}?"
            for look in (browser.get, browser.head):
                assert look(path).status_code < 500, path
                assert contents(web_runtime) == before, path
