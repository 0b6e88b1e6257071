"""Opening a request notes that it was read, once the answer is out, and only if a person opened it (W7)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from gateway.models.columns import table_of
from gateway.models.tickets import TicketSeen
from gateway.runtime import Runtime
from tests.webui.conftest import Browser
from tests.webui.scene import Scene, make_scene

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}


@pytest.fixture
def scene(web_runtime: Runtime) -> Scene:
    with web_runtime.db.transaction() as session:
        return make_scene(session)


def marks(runtime: Runtime) -> list[tuple[int, int]]:
    row = table_of(TicketSeen)
    with runtime.db.snapshot() as session:
        return [(ticket, number) for ticket, number in session.execute(select(row.c.ticket_id, row.c.number))]


@pytest.mark.parametrize(
    ("headers", "noted"),
    [
        pytest.param(NAVIGATION, True, id="opened"),
        pytest.param({}, True, id="an old browser that says nothing"),
        pytest.param({**NAVIGATION, "Sec-Purpose": "prefetch;prerender"}, False, id="loaded just in case"),
        pytest.param({"Purpose": "prefetch"}, False, id="the same, an older way"),
        pytest.param({**NAVIGATION, "Sec-Fetch-Dest": "iframe"}, False, id="in a frame"),
        pytest.param({"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}, False, id="by a script"),
        pytest.param(
            {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "X-Sysmo-Shown": "1"},
            True,
            id="by our script, asked to show it",
        ),
        pytest.param(
            {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "cross-site", "X-Sysmo-Shown": "1"},
            False,
            id="by another site",
        ),
    ],
)
def test_only_a_person_who_opens_a_request_has_read_it(
    headers: dict[str, str],
    noted: bool,
    browse: Callable[..., Browser],
    scene: Scene,
    web_runtime: Runtime,
) -> None:
    browser = browse("martin.sosa@sysmo.example")
    assert browser.get(f"/solicitudes/{scene.ticket}", headers=headers).status_code == 200
    assert marks(web_runtime) == ([(scene.ticket, 3)] if noted else [])


def test_what_nobody_may_see_is_not_read(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    browser = browse("martin.sosa@sysmo.example")
    assert browser.head(f"/solicitudes/{scene.ticket}", headers=NAVIGATION).status_code == 200
    assert browser.get(f"/solicitudes/{scene.other_ticket}", headers=NAVIGATION).status_code == 404
    assert marks(web_runtime) == []


def test_a_client_reads_for_themselves_alone(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    browse("laura.gimenez@andina.example").get(f"/solicitudes/{scene.ticket}", headers=NAVIGATION)
    assert marks(web_runtime) == [(scene.ticket, 3)]
