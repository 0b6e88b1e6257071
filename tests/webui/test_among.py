"""A request knows the list it was opened from: its name, the way back, and what stands beside it."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from sqlmodel import col, select

from gateway.models.people import User
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic
from gateway.rules.lifecycle import Status
from gateway.runtime import Runtime
from gateway.services import search_index
from tests.conftest import NOW
from tests.factories import make_ticket
from tests.webui.conftest import Browser
from tests.webui.filling import fill, hidden, send
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
    assert beside(beyond, "Solicitud anterior") == ways[-1]
    back = re.search(r'<nav class="crumb"[^>]*>\s*<a href="([^"]+)"', beyond)
    assert back is not None
    assert len(opened(martin.get(unescape(back[1])).text)) == 6


def test_the_one_before_is_found_where_the_list_moved(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    """One of the first page went, so the first of the second page moved up to it."""
    martin = browse(MARTIN)
    ways = opened(martin.get("/bandeja?vista=tematicas").text)
    second = str(beside(martin.get(ways[-1]).text, "Solicitud siguiente"))
    with web_runtime.db.transaction() as session:
        gone = int(re.findall(r"/(\d+)", ways[3])[0])
        session.get_one(Ticket, gone).status = Status.CLOSED
    assert beside(martin.get(second).text, "Solicitud anterior") == ways[-1]


PRESSED = {
    "cerrar": {},
    "reabrir": {},
    "reasignar": {"nota": "Mirala vos"},
    "mensajes": {"tipo": "interno", "texto": "Anotado."},
    "participantes": {"email": "contaduria@andina.example"},
}


@pytest.mark.parametrize("button", PRESSED)
def test_what_is_done_with_a_request_leaves_it_in_its_list(
    button: str, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin = browse(MARTIN)
    within = "?de=vista%3Dtematicas%26estado%3Dtodas"
    way = f"/solicitudes/{scene.ticket}"
    if button == "reabrir":
        with web_runtime.db.transaction() as session:
            session.get_one(Ticket, scene.ticket).status = Status.CLOSED
    answer = fill(martin, way + within, f"{way}/{button}{within}", PRESSED[button])
    assert answer.status_code == 303
    assert answer.headers["location"] == way + within
    assert "de 31</span>" in martin.get(answer.headers["location"]).text


def test_name_and_company_lead_to_all_that_they_asked(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        search_index.rebuild(session, list(session.execute(select(col(Ticket.id))).scalars()))
    martin = browse(MARTIN)
    page = martin.get(f"/solicitudes/{scene.ticket}").text
    for name, said in (("Laura Giménez", "cliente"), ("Distribuidora Andina S.A.", "empresa")):
        way = re.search(rf'<dd><a href="(/bandeja[^"]+)">{name}</a>', page)
        assert way is not None, name
        assert f"{said}=" in way[1]
        assert len(opened(martin.get(unescape(way[1])).text)) == 25
    assert "/bandeja" not in browse("laura.gimenez@andina.example").get(f"/solicitudes/{scene.ticket}").text


def test_a_page_shown_again_is_still_in_its_list(browse: Callable[..., Browser], scene: Scene) -> None:
    martin = browse(MARTIN)
    way, within = f"/solicitudes/{scene.ticket}", "?de=vista%3Dtematicas"
    empty = fill(martin, way + within, f"{way}/mensajes{within}", {"tipo": "respuesta", "texto": " "})
    assert empty.status_code == 422
    assert "1 de 31" in empty.text
    assert hidden(empty.text, f"{way}/mensajes{within}")
    outside = fill(martin, way + within, f"{way}/participantes{within}", {"email": "x@elsewhere.example"})
    assert outside.status_code == 409
    assert hidden(outside.text, f"{way}/participantes{within}")
    assert f'href="{way}{within}"' in outside.text


def test_marked_as_unread_one_goes_on_in_the_list(browse: Callable[..., Browser], scene: Scene) -> None:
    martin = browse(MARTIN)
    way, within = f"/solicitudes/{scene.ticket}", "?de=vista%3Dtematicas%26q%3Dpedido"
    answer = fill(martin, way + within, f"{way}/no-leida{within}")
    assert answer.headers["location"] == "/bandeja?vista=tematicas&q=pedido"


@pytest.mark.parametrize(
    "said",
    ["https://evil.example/", "//evil.example", "/\\evil", "vista=//evil.example", "a=b\r\nSet-Cookie: x=y"],
)
def test_what_a_link_says_leads_nowhere_else(said: str, browse: Callable[..., Browser], scene: Scene) -> None:
    """W15: the list is named anew in our own words; what makes no sense in it is left out."""
    martin = browse(MARTIN)
    way = f"/solicitudes/{scene.ticket}"
    fields = hidden(martin.get(way).text, f"{way}/no-leida")
    for button, leads in (("no-leida", "/bandeja"), ("reabrir", way)):
        answer = send(martin, f"{way}/{button}", fields | {"envio": button}, params={"de": said})
        place, _, query = answer.headers["location"].partition("?")
        assert (answer.status_code, place) == (303, leads)
        assert query in ("", "vista=tematicas", "de=vista%3Dtematicas")


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
