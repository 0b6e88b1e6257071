"""The pages of lists: the address says what is shown, whatever it says (W17); filters come off one by one."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.models.people import User
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic
from gateway.rules.lifecycle import Status
from gateway.runtime import Runtime
from gateway.services import search_index
from tests.conftest import NOW, STRICTEST_ENGINE
from tests.factories import make_ticket
from tests.webui.conftest import Browser
from tests.webui.scene import Scene, make_scene

MARTIN, CARLA = "martin.sosa@sysmo.example", "carla.nunez@sysmo.example"
ADA, LAURA = "admin@sysmo.example", "laura.gimenez@andina.example"

NONSENSE = [
    "", "0", "-1", "9" * 30, "1e9", "٣", "\x00", "%", "_", "'", '"', "*", "\\", "[", "NEAR(", "x" * 5000, "-",
    "2026-02-30", "0001-01-01", "9999-12-31", "\ud7ff\U0010ffff", "a OR 1=1 --", '"unclosed', '-"-',
]  # fmt: skip
NAMES = ["vista", "q", "estado", "tematica", "asignada", "empresa", "cliente", "desde", "hasta", "noleidas",
         "adjuntos", "orden", "pag", "antes"]  # fmt: skip


@pytest.fixture
def scene(web_runtime: Runtime) -> Scene:
    with web_runtime.db.transaction() as session:
        return make_scene(session)


@pytest.fixture
def many(web_runtime: Runtime, scene: Scene) -> None:
    """Sixty requests of the first client more, in the topic of the first operator."""
    with web_runtime.db.transaction() as session:
        first = session.get_one(Ticket, scene.ticket)
        laura, topic = session.get_one(User, first.requester_id), session.get_one(Topic, first.topic_id)
        for place in range(60):
            at = NOW - timedelta(days=1, minutes=place)
            make_ticket(session, laura, topic, subject=f"Pedido {place:02}", created_at=at, updated_at=at)


def shown(text: str) -> list[str]:
    return re.findall(r'class="subj"><div><a href="/solicitudes/(\d+)[?"]', text)


def links(text: str) -> dict[str, str]:
    """The ways to other pages of a list, by what they are called."""
    pages = re.search(r'<nav class="pages".*?</nav>', text, re.S)
    found = re.findall(r'<a [^>]*href="([^"]+)"[^>]*?(?: aria-label="([^"]+)")?(?: rel="(\w+)")?>', pages[0])
    return {label or rel: path.replace("&amp;", "&") for path, label, rel in found} if pages else {}


@STRICTEST_ENGINE
@pytest.mark.parametrize("path", ["/bandeja", "/solicitudes", "/novedades"])
def test_no_address_is_an_error_of_ours(path: str, browse: Callable[..., Browser], scene: Scene) -> None:
    browser = browse(ADA)
    for name in NAMES:
        for value in NONSENSE:
            answer = browser.get(path, params={name: value, "vista": "tematicas"} | {name: value})
            assert answer.status_code in (200, 400, 422), (name, value)
            assert path == "/novedades" or answer.status_code != 422, (name, value)
    assert browser.get(f"{path}?" + "&".join(f"{name}=x" for name in NAMES * 20)).status_code in (200, 400)


def test_pages_lead_on_and_back(browse: Callable[..., Browser], many: None) -> None:
    browser = browse(MARTIN)
    first = browser.get("/bandeja?vista=tematicas")
    assert "1–25 de 61 solicitudes" in first.text
    second = browser.get(links(first.text)["next"])
    assert "26–50 de 61 solicitudes" in second.text
    third = browser.get(links(second.text)["Página 3"])
    assert "51–61 de 61 solicitudes" in third.text
    assert "next" not in links(third.text)
    assert len({*shown(first.text), *shown(second.text), *shown(third.text)}) == 61
    assert shown(browser.get(links(third.text)["prev"]).text) == shown(second.text)
    assert shown(browser.get(links(third.text)["Página 1"]).text) == shown(first.text)


def test_a_clients_list_has_pages_as_well(browse: Callable[..., Browser], many: None) -> None:
    browser = browse(LAURA)
    first = browser.get("/solicitudes?estado=abiertas")
    assert "1–25 de 61 solicitudes" in first.text
    assert "26–50 de 61 solicitudes" in browser.get(links(first.text)["next"]).text


def test_each_filter_can_be_taken_off_alone(browse: Callable[..., Browser], scene: Scene) -> None:
    browser = browse(MARTIN)
    page = browser.get(
        "/bandeja?vista=tematicas&q=factura&estado=en-proceso&desde=2026-04-13&asignada=0"
    ).text
    chips = re.findall(
        r'<a class="chip" href="([^"]+)"><span class="vh">Quitar filtro </span>([^<]+?) <', page
    )
    assert [text for _, text in chips] == [
        "Búsqueda: factura", "Estado: en proceso", "Sin asignar", "Desde el 13/04/2026",
    ]  # fmt: skip
    ways = {text: path.replace("&amp;", "&") for path, text in chips}
    assert ways["Sin asignar"] == "/bandeja?vista=tematicas&q=factura&estado=en-proceso&desde=2026-04-13"
    assert ways["Estado: en proceso"].count("estado=todas") == 1
    assert 'href="/bandeja?vista=tematicas">Limpiar filtros' in page
    assert 'class="chip"' not in browser.get("/bandeja").text


def test_what_is_unread_says_so(browse: Callable[..., Browser], scene: Scene) -> None:
    browser = browse(MARTIN)
    assert "Sin leer: " in browser.get("/bandeja").text
    assert "Sin leer: " in browser.get("/bandeja?noleidas=1").text
    browser.get(f"/solicitudes/{scene.ticket}")
    assert "Sin leer: " not in browser.get("/bandeja").text
    assert "No hay solicitudes con estos filtros" in browser.get("/bandeja?noleidas=1").text
    assert "Limpiar filtros" in browser.get("/bandeja?noleidas=1").text


def test_who_has_nothing_to_do_is_told_so(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    page = browse(CARLA).get("/bandeja?vista=asignadas").text
    assert "Estás al día" in page
    assert "Hay 1 sin asignar en tus temáticas." in page
    assert "/bandeja?vista=asignadas&amp;estado=cerrado" in page


def test_a_search_that_cannot_be_made_keeps_its_filters(browse: Callable[..., Browser], scene: Scene) -> None:
    for who, path in [(MARTIN, "/bandeja?estado=cerrado"), (LAURA, "/solicitudes?estado=cerrado")]:
        answer = browse(who).get(path + "&q=" + "x" * 300)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text
        assert "<title>Error:" in answer.text
        assert '<option value="cerrado" selected>' in answer.text


def test_the_longest_wait_is_said_in_its_own_column(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        session.get_one(Ticket, scene.ticket).waiting_since = NOW - timedelta(minutes=9)
    page = browse(MARTIN).get("/bandeja?orden=espera").text
    assert "Espera desde" in page
    assert "hace 9 min" in page


def test_a_client_finds_in_their_own_alone_and_by_words_alone(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        search_index.rebuild(session, [scene.ticket, scene.other_ticket])
    browser = browse(LAURA)
    assert shown(browser.get("/solicitudes?q=facturas").text) == [str(scene.ticket)]
    for query in ("q=canario", "q=Romina", "q=usuario"):
        assert shown(browser.get(f"/solicitudes?{query}").text) == []
    for query in ("asignada=0", "empresa=nada", "cliente=nada", "tematica=999", "vista=tematicas"):
        assert shown(browser.get(f"/solicitudes?{query}").text) == [str(scene.ticket)]


def test_news_are_what_the_page_would_show(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    browser = browse(MARTIN)
    keys = browser.get("/novedades?lista=bandeja&vista=tematicas").json()
    assert len(keys) == 1
    assert f'data-key="{keys[0]}"' in browser.get("/bandeja").text
    assert browser.get(f"/novedades?solicitud={scene.ticket}&visto=0").json() == [str(scene.client_message)]
    assert browse(LAURA).get(f"/novedades?solicitud={scene.ticket}&visto=0").json() == ["2"]
    assert len(browse(LAURA).get("/novedades?lista=solicitudes").json()) == 1
    assert browse(LAURA).get("/novedades?lista=bandeja").status_code == 404
    assert browse().get("/novedades?lista=bandeja").status_code == 303


def test_a_page_left_open_keeps_nobody_signed_in(
    browse: Callable[..., Browser], scene: Scene, clock: Callable[[], object]
) -> None:
    browser = browse(MARTIN)
    for _ in range(13):
        clock.now += timedelta(hours=1)  # type: ignore[attr-defined]
        browser.get("/novedades?lista=bandeja")
    assert browser.get("/bandeja").status_code == 303


def test_help_is_for_everybody(browse: Callable[..., Browser], scene: Scene) -> None:
    for who, shortcuts in [(None, False), (LAURA, False), (MARTIN, True)]:
        page = browse(who).get("/ayuda").text
        assert "Por correo" in page
        assert ("#tomar" in page) is shortcuts
        assert ('id="atajos"' in page) is shortcuts


def test_closed_is_shown_when_asked_for(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        session.get_one(Ticket, scene.ticket).status = Status.CLOSED
    assert shown(browse(MARTIN).get("/bandeja").text) == []
    assert shown(browse(MARTIN).get("/bandeja?estado=cerrado").text) == [str(scene.ticket)]
    assert shown(browse(LAURA).get("/solicitudes").text) == [str(scene.ticket)]
