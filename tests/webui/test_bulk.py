"""Something done to the requests that were ticked in a list (E9, E10, W2)."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import func, select

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import OutboxItem
from gateway.models.tickets import Event, Ticket, TicketSeen
from gateway.models.topics import Topic
from gateway.rules.lifecycle import Status
from gateway.runtime import Runtime
from tests.factories import make_ticket
from tests.webui.conftest import CSRF, Browser
from tests.webui.scene import Scene, make_scene

MARTIN, CARLA, LAURA = (
    "martin.sosa@sysmo.example",
    "carla.nunez@sysmo.example",
    "laura.gimenez@andina.example",
)
LIST = "/bandeja?vista=tematicas&orden=antiguas"
KEY = re.compile(r'name="envio" value="([^"]+)"')


@pytest.fixture
def scene(web_runtime: Runtime) -> Scene:
    with web_runtime.db.transaction() as session:
        return make_scene(session)


@pytest.fixture
def fresh(web_runtime: Runtime, scene: Scene) -> int:
    """Another request in the first operator's topic, which nobody has."""
    with web_runtime.db.transaction() as session:
        first = session.get_one(Ticket, scene.ticket)
        laura, topic = session.get_one(User, first.requester_id), session.get_one(Topic, first.topic_id)
        return make_ticket(session, laura, topic, subject="Otra").id


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields of the form of a page; the last one is the form's own, not that of the menu."""
    csrf, keys = CSRF.search(page), KEY.findall(page.partition("<main")[2])
    return {"csrf": csrf[1] if csrf else "", "envio": keys[0]}


def send(browser: Browser, path: str, page: str, **fields: Any) -> Any:
    sent = fields_of(page) | fields
    return browser.post(path, data=sent, headers={"Sec-Fetch-Site": "same-origin"})


def count(runtime: Runtime, model: Any) -> int:
    with runtime.db.snapshot() as session:
        return int(session.execute(select(func.count()).select_from(table_of(model))).scalar_one())


def test_what_could_not_be_taken_is_told_and_the_list_comes_back(
    browse: Callable[..., Browser], scene: Scene, fresh: int, web_runtime: Runtime
) -> None:
    browser = browse(MARTIN)
    page = browser.get(LIST).text
    chosen = [str(fresh), str(scene.ticket), str(scene.other_ticket), "999999", "x"]
    done = send(browser, LIST, page, accion="tomar", s=chosen)
    assert (done.status_code, done.headers["location"]) == (303, LIST)
    after = browser.get(LIST).text
    assert "Ahora 1 solicitud está asignada a vos." in after
    assert f"No existen o no te toca responderlas: #{scene.other_ticket}, #999999." in after
    assert f"Ya estaban asignadas así: #{scene.ticket}." in after
    with web_runtime.db.snapshot() as session:
        assert session.get_one(Ticket, scene.other_ticket).assignee_id is None


def test_a_form_sent_twice_acts_once(
    browse: Callable[..., Browser], scene: Scene, fresh: int, web_runtime: Runtime
) -> None:
    browser = browse(MARTIN)
    page = browser.get(LIST).text
    events = count(web_runtime, Event)
    first = send(browser, LIST, page, accion="tomar", s=[str(fresh)])
    again = send(browser, LIST, page, accion="tomar", s=[str(fresh)])
    assert first.headers["location"] == again.headers["location"]
    assert "Ahora 1 solicitud está asignada a vos." in browser.get(LIST).text
    assert count(web_runtime, Event) == events + 1


@pytest.mark.parametrize("tell", [True, False])
def test_closing_asks_once_more_whether_to_tell(
    browse: Callable[..., Browser], scene: Scene, fresh: int, web_runtime: Runtime, tell: bool
) -> None:
    browser, mails = browse(MARTIN), count(web_runtime, OutboxItem)
    asked = send(
        browser, LIST, browser.get(LIST).text, accion="cerrar", s=[str(fresh), str(scene.other_ticket)]
    )
    question = browser.get(asked.headers["location"])
    assert "<h1>Cerrar 1 solicitud</h1>" in question.text
    assert "Elegiste 1 más que no existe o no te toca responder." in question.text
    assert "Alta de usuario" not in question.text
    with web_runtime.db.snapshot() as session:
        assert session.get_one(Ticket, fresh).status is Status.NEW
    told = {"avisar": "1"} if tell else {}
    done = send(browser, LIST, question.text, accion="cerrar", confirmado="1", s=[str(fresh)], **told)
    assert dict(parse_qsl(urlsplit(done.headers["location"]).query)) == {
        "vista": "tematicas",
        "orden": "antiguas",
    }
    assert "Se cerró 1 solicitud." in browser.get(LIST).text
    assert count(web_runtime, OutboxItem) == mails + tell


def test_reassigning_asks_to_whom(
    browse: Callable[..., Browser], scene: Scene, fresh: int, web_runtime: Runtime
) -> None:
    browser = browse(MARTIN)
    asked = send(browser, LIST, browser.get(LIST).text, accion="reasignar", s=[str(fresh)])
    question = browser.get(asked.headers["location"])
    carla = re.search(r'<option value="(\d+)">Carla Núñez', question.text)
    assert carla is not None
    chosen = {"accion": "reasignar", "confirmado": "1", "s": [str(fresh)]}
    refused = send(browser, LIST, question.text, **chosen, operador="")
    assert refused.status_code == 422
    assert "Elegí a quién se le asignan." in refused.text
    done = send(browser, LIST, refused.text, **chosen, operador=carla[1])
    assert done.status_code == 303
    with web_runtime.db.snapshot() as session:
        assert session.get_one(Ticket, fresh).assignee_id == int(carla[1])


def test_nothing_chosen_and_nothing_known(browse: Callable[..., Browser], scene: Scene, fresh: int) -> None:
    browser = browse(MARTIN)
    page = browser.get(LIST).text
    refused = send(browser, LIST, page, accion="cerrar")
    assert refused.status_code == 422
    assert "Seleccioná al menos una solicitud." in refused.text
    assert 'value="antiguas" selected' in refused.text
    assert send(browser, LIST, page, accion="borrar", s=[str(fresh)]).status_code == 400
    for query in (
        "accion=cerrar",
        "accion=cerrar&s=x",
        f"accion=cerrar&s={scene.other_ticket}",
        "accion=leidas&s=1",
    ):
        assert browser.get(f"/bandeja/confirmar?{query}").status_code in (404, 422)


def test_read_and_unread(
    browse: Callable[..., Browser], scene: Scene, fresh: int, web_runtime: Runtime
) -> None:
    browser = browse(MARTIN)
    for action, marks in [("leidas", 2), ("no-leidas", 0)]:
        page = browser.get(LIST).text
        send(browser, LIST, page, accion=action, s=[str(fresh), str(scene.ticket), str(scene.other_ticket)])
        assert count(web_runtime, TicketSeen) == marks
