"""A new request on the web: a client's own, and one that an operator files for somebody."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from gateway.models.people import User
from gateway.models.tickets import Event, Message, Ticket
from gateway.models.topics import Topic
from gateway.rules.lifecycle import Channel, EventKind, MessageKind
from gateway.rules.people import Party, UserStatus
from gateway.runtime import Runtime
from gateway.services import health, rates
from tests.factories import make_topic
from tests.office import Office, body
from tests.webui.conftest import Browser
from tests.webui.filling import fill, hidden, send
from tests.webui.scene import Scene, make_scene
from tests.webui.test_replies import CARLA, LAURA, MARTIN

PAGE = "/solicitudes/nueva"
WORDS = {"asunto": "No imprime", "descripcion": "La fiscal\r\n\r\nno imprime."}


@pytest.fixture
def scene(web_runtime: Runtime) -> Scene:
    with web_runtime.db.transaction() as session:
        return make_scene(session)


def newest(runtime: Runtime) -> tuple[Ticket, Message]:
    with runtime.db.snapshot() as session:
        ticket = session.execute(select(Ticket).order_by(col(Ticket.id).desc()).limit(1)).scalar_one()
        message = session.execute(select(Message).where(col(Message.ticket_id) == ticket.id)).scalar_one()
        session.expunge_all()
        return ticket, message


def topic(runtime: Runtime, name: str) -> str:
    with runtime.db.snapshot() as session:
        return str(session.execute(select(col(Topic.id)).where(col(Topic.name) == name)).scalar_one())


def count(runtime: Runtime) -> int:
    with runtime.db.snapshot() as session:
        return len(session.execute(select(col(Ticket.id))).all())


def out(runtime: Runtime) -> list[Any]:
    with runtime.db.snapshot() as session:
        return [each for each in Office(runtime, session, runtime.now()).out() if each["From"]]


def ask(browser: Browser, fields: dict[str, str], **more: Any) -> Any:
    return fill(browser, PAGE, PAGE, WORDS | fields, **more)


def test_a_client_asks_for_themselves(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    laura = browse(LAURA)
    files = {"adjuntos": ("captura.png", b"\x89PNG", "image/png")}
    answer = ask(laura, {"tematica": topic(web_runtime, "Accesos")}, files=files)
    ticket, message = newest(web_runtime)
    assert answer.headers["location"] == f"/solicitudes/{ticket.id}"
    assert (ticket.subject, ticket.channel) == ("No imprime", Channel.WEB)
    assert message.text == "La fiscal\n\nno imprime."
    assert (message.party, message.channel, message.verified) == (Party.CLIENT, Channel.WEB, True)
    shown = laura.get(answer.headers["location"]).text
    assert "Recibimos tu solicitud." in shown
    assert "captura.png" in shown
    sent = {each["X-Envelope-To"]: each for each in out(web_runtime)}
    assert {to: each["X-Purpose"] for to, each in sent.items()} == {CARLA: "notice", LAURA: "acknowledgement"}
    assert f"/solicitudes/{ticket.id}?tipo=interno#responder" in body(sent[CARLA])
    assert "remitente" not in body(sent[CARLA]).lower()


def test_an_operator_files_one_for_a_client_that_nobody_knew(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    """Their words stand there as theirs; the client, who spoke to a person, gets no acknowledgement."""
    martin = browse(MARTIN)
    answer = ask(martin, {"tematica": topic(web_runtime, "Facturación"), "cliente": "Nueva@Cliente.example"})
    ticket, message = newest(web_runtime)
    assert answer.headers["location"] == f"/solicitudes/{ticket.id}"
    with web_runtime.db.snapshot() as session:
        client = session.get_one(User, ticket.requester_id)
        assert (client.email, client.status) == ("nueva@cliente.example", UserStatus.PROVISIONAL)
        martin_id = session.execute(select(col(User.id)).where(col(User.email) == MARTIN)).scalar_one()
        opened = session.execute(
            select(Event).where(col(Event.ticket_id) == ticket.id, col(Event.kind) == EventKind.OPENED)
        ).scalar_one()
        assert (opened.actor_id, message.author_id) == (martin_id, martin_id)
    assert (message.party, message.kind) == (Party.OPERATOR, MessageKind.PUBLIC)
    (sent,) = out(web_runtime)
    assert (sent["X-Envelope-To"], sent["X-Purpose"]) == (MARTIN, "notice")
    assert "la cargó Martín Sosa" in body(sent)
    assert "NO VERIFICADO" not in body(sent)
    shown = martin.get(answer.headers["location"]).text
    assert "Cargamos la solicitud." in shown
    assert "Para <b>nueva@cliente.example</b>" in shown


def test_what_is_filed_in_a_topic_of_others_leads_back_to_the_inbox(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin = browse(MARTIN)
    answer = ask(martin, {"tematica": topic(web_runtime, "Accesos"), "cliente": LAURA})
    assert answer.headers["location"] == "/bandeja"
    number = newest(web_runtime)[0].id
    assert f"Cargamos la solicitud #{number} para {LAURA}." in martin.get("/bandeja").text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"asunto": " "}, "Escribí en una línea de qué se trata.", id="no subject"),
        pytest.param(
            {"asunto": "Re: [#3-abcd]"}, "Escribí en una línea de qué se trata.", id="a token alone"
        ),
        pytest.param({"asunto": "x" * 151}, "El asunto tiene hasta 150 letras.", id="a long subject"),
        pytest.param({"descripcion": "\r\n"}, "Contanos qué te pasa", id="no words"),
        pytest.param({"tematica": "9999"}, "Elegí sobre qué tema es.", id="no such topic"),
        pytest.param({"tematica": "x"}, "Elegí sobre qué tema es.", id="no number"),
        pytest.param({"tematica": "off"}, "Elegí sobre qué tema es.", id="a topic switched off"),
        pytest.param({"cliente": "nada"}, "no es una dirección", id="no address"),
        pytest.param({"cliente": CARLA}, "es del equipo, no un cliente", id="one of the team"),
        pytest.param({"cliente": "soporte@example.com"}, "Es una dirección nuestra", id="ours"),
    ],
)
def test_what_cannot_be_filed_comes_back_whole(
    fields: dict[str, str],
    sentence: str,
    browse: Callable[..., Browser],
    scene: Scene,
    web_runtime: Runtime,
) -> None:
    with web_runtime.db.transaction() as session:
        off = make_topic(session, "Apagada", enabled=False).id
    given = {"tematica": topic(web_runtime, "Accesos"), "descripcion": "Con <detalle>"} | fields
    given["tematica"] = str(off) if given["tematica"] == "off" else given["tematica"]
    martin = browse(MARTIN)
    assert "Apagada" not in martin.get(PAGE).text
    before = count(web_runtime)
    answer = ask(martin, given)
    assert answer.status_code == 422
    assert "Error:" in answer.text.partition("</title>")[0]
    assert sentence in answer.text
    assert ("Con &lt;detalle&gt;</textarea>" in answer.text) is ("descripcion" not in fields)
    assert count(web_runtime) == before


def test_a_client_files_for_nobody_else(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    laura = browse(LAURA)
    assert 'name="cliente"' not in laura.get(PAGE).text
    ask(laura, {"tematica": topic(web_runtime, "Accesos"), "cliente": "otro@otra.example"})
    with web_runtime.db.snapshot() as session:
        requester = session.get_one(User, newest(web_runtime)[0].requester_id)
        assert requester.email == LAURA


def test_a_file_that_fails_leaves_the_text_and_is_named(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    files = {"adjuntos": ("enorme.zip", b"x" * (20 * 1024 * 1024 + 1), "application/zip")}
    answer = ask(browse(LAURA), {"tematica": topic(web_runtime, "Accesos")}, files=files)
    assert answer.status_code == 422
    assert "enorme.zip no se adjuntó" in answer.text
    assert "no imprime.</textarea>" in answer.text
    assert "Los archivos hay que elegirlos de nuevo" in answer.text


def test_files_leave_the_last_of_the_disk_to_mail(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the mark at which mail is refused nobody fills it from a form; a text is taken still (D10)."""
    monkeypatch.setattr(health, "disk", lambda folder: health.Disk(ok=False, free=1))
    browser, fields = browse(LAURA), {"tematica": topic(web_runtime, "Accesos")}
    answer = ask(browser, fields, files={"adjuntos": ("foto.png", b"x" * 100_000, "image/png")})
    assert answer.status_code == 422
    assert "foto.png no se tomó: queda poco lugar" in answer.text
    assert [each for each in web_runtime.blobs.rglob("*") if each.is_file()] == []
    assert ask(browser, fields).status_code == 303


def test_one_topic_is_no_choice_many_are_a_list_and_none_is_said(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    laura = browse(LAURA)
    assert laura.get(PAGE).text.count('type="radio" name="tematica"') == 2
    with web_runtime.db.transaction() as session:
        session.execute(update(Topic).where(col(Topic.name) != "Accesos").values(enabled=False))
    shown = laura.get(PAGE).text
    assert "¿Sobre qué tema es?" not in shown
    assert hidden(shown, PAGE)["tematica"] == topic(web_runtime, "Accesos")
    assert ask(laura, {}).status_code == 303
    with web_runtime.db.transaction() as session:
        for each in range(9):
            make_topic(session, f"Tema {each}", description="Para eso")
    assert '<select id="tematica"' in laura.get(PAGE).text
    with web_runtime.db.transaction() as session:
        session.execute(update(Topic).values(enabled=False))
    assert "Todavía no hay temáticas" in laura.get(PAGE).text


def test_clients_open_no_more_than_by_mail(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    def spend(session: Session) -> None:
        for _ in range(20):
            assert rates.admit_form(session, LAURA, now=web_runtime.now())

    with web_runtime.db.transaction() as session:
        spend(session)
    before = count(web_runtime)
    answer = ask(browse(LAURA), {"tematica": topic(web_runtime, "Accesos")})
    assert answer.status_code == 422
    assert "Hiciste muchas solicitudes en poco tiempo" in answer.text
    assert count(web_runtime) == before


def test_a_request_sent_twice_is_one(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    laura, before = browse(LAURA), count(web_runtime)
    fields = hidden(laura.get(PAGE).text, PAGE) | WORDS | {"tematica": topic(web_runtime, "Accesos")}
    answers = [send(laura, PAGE, fields) for _ in range(2)]
    assert len({each.headers["location"] for each in answers}) == 1
    assert count(web_runtime) == before + 1
