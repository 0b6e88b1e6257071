"""A request knows the list it was opened from: its name, the way back, and what stands beside it."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest

from gateway.models.people import User
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic
from gateway.runtime import Runtime
from tests.conftest import NOW
from tests.factories import make_ticket
from tests.webui.conftest import Browser
from tests.webui.scene import Scene, make_scene

MARTIN, CARLA = "martin.sosa@sysmo.example", "carla.nunez@sysmo.example"


@pytest.fixture
def scene(web_runtime: Runtime) -> Scene:
    """Thirty requests of the first client besides, in the topic of the first operator."""
    with web_runtime.db.transaction() as session:
        scene = make_scene(session)
        first = session.get_one(Ticket, scene.ticket)
        laura, topic = session.get_one(User, first.requester_id), session.get_one(Topic, first.topic_id)
        for place in range(30):
            at = NOW - timedelta(days=1, minutes=place)
            make_ticket(session, laura, topic, subject=f"Pedido {place:02}", created_at=at, updated_at=at)
        return scene


def opened(page: str) -> list[str]:
    """The ways into the requests of a list."""
    return [unescape(each) for each in re.findall(r'class="subj"><div><a href="([^"]+)"', page)]


def beside(page: str, name: str) -> str | None:
    found = re.search(rf'<a href="([^"]+)" aria-label="{name}"', page)
    return unescape(found[1]) if found else None


def test_a_list_can_be_walked_from_request_to_request(browse: Callable[..., Browser], scene: Scene) -> None:
    martin = browse(MARTIN)
    first_page = martin.get("/bandeja?vista=tematicas").text
    ways = opened(first_page)
    assert len(ways) == 25
    page = martin.get(ways[0]).text
    assert "1 de 31" in page
    assert beside(page, "Solicitud anterior") is None
    for place, way in enumerate(ways[1:], start=2):
        assert beside(page, "Solicitud siguiente") == way
        page = martin.get(way).text
        assert f"{place} de 31" in page
    beyond = martin.get(str(beside(page, "Solicitud siguiente"))).text
    assert "26 de 31" in beyond
    assert beside(beyond, "Solicitud anterior") is None  # on the page before, which the crumb's list leads to
    back = re.search(r'<nav class="crumb"[^>]*>\s*<a href="([^"]+)"', beyond)
    assert back is not None
    assert len(opened(martin.get(unescape(back[1])).text)) == 6


def test_a_filter_travels_along_and_the_list_is_named(browse: Callable[..., Browser], scene: Scene) -> None:
    martin = browse(MARTIN)
    (way,) = opened(martin.get("/bandeja?vista=asignadas").text)
    page = martin.get(way).text
    assert "Asignadas a mí</a>" in page
    assert "1 de 1" in page


@pytest.mark.parametrize(
    "said", ["", "%", "vista=nada", "q=%22", "antes=x&pag=-3", "x=1&" * 40, "\x00", "q=" + "a" * 1500]
)
def test_whatever_a_link_says_the_request_is_shown(
    said: str, browse: Callable[..., Browser], scene: Scene
) -> None:
    assert browse(MARTIN).get(f"/solicitudes/{scene.ticket}", params={"de": said}).status_code == 200


def test_nobody_is_led_to_what_they_may_not_open(browse: Callable[..., Browser], scene: Scene) -> None:
    """C6: the list is asked as whoever looks, and not as whoever made the link."""
    way = opened(browse(MARTIN).get("/bandeja?vista=tematicas").text)[0]
    carla = browse(CARLA)
    assert carla.get(way).status_code == 404
    query = way.partition("?")[2]
    page = carla.get(f"/solicitudes/{scene.other_ticket}?{query}").text
    assert "1 de 1" in page
    assert beside(page, "Solicitud siguiente") is None
