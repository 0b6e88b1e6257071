"""The buttons of a request, and who takes part in it: what they do, and what they say when they cannot."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from gateway.models.people import Token, TokenPurpose, User
from gateway.models.queues import OutboxItem
from gateway.models.tickets import Event, Participant, Ticket, TicketSeen
from gateway.models.topics import Topic
from gateway.rules.lifecycle import EventKind, MessageKind, Status
from gateway.runtime import Runtime
from tests.factories import make_company, make_ticket, make_topic, make_user
from tests.webui.conftest import Browser
from tests.webui.filling import fill, hidden, send
from tests.webui.scene import CANARY, Scene, make_scene
from tests.webui.test_replies import ADA, CARLA, DIEGO, LAURA, MARTIN, happens, rows, ticket_of, writes

CONTADURIA = "contaduria@andina.example"


@pytest.fixture
def scene(web_runtime: Runtime) -> Scene:
    with web_runtime.db.transaction() as session:
        return make_scene(session)


def page_of(scene: Scene) -> str:
    return f"/solicitudes/{scene.ticket}"


def press(browser: Browser, scene: Scene, button: str, **fields: str) -> Any:
    """Fill in the form of that button on the page, and read where it leads."""
    answer = fill(browser, page_of(scene), f"{page_of(scene)}/{button}", fields)
    return browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


def without_page(browser: Browser, scene: Scene, action: str, **fields: str) -> Any:
    """Send a form that the page does not show."""
    token = hidden(browser.get("/solicitudes/nueva").text, "/solicitudes/nueva")
    wanted = {name: token[name] for name in ("csrf", "envio")}
    answer = send(browser, f"{page_of(scene)}/{action}", wanted | fields)
    return browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


def user(session: Session, email: str) -> User:
    return session.execute(select(User).where(col(User.email) == email)).scalar_one()


def change(runtime: Runtime, scene: Scene, **values: Any) -> None:
    with runtime.db.transaction() as session:
        ticket = session.get_one(Ticket, scene.ticket)
        for name, value in values.items():
            setattr(ticket, name, value)


def kinds(runtime: Runtime, scene: Scene) -> list[EventKind]:
    with runtime.db.snapshot() as session:
        wanted = select(col(Event.kind)).where(col(Event.ticket_id) == scene.ticket).order_by(col(Event.id))
        return list(session.execute(wanted).scalars())


def purposes(runtime: Runtime) -> list[tuple[str, str]]:
    with runtime.db.snapshot() as session:
        wanted = select(col(OutboxItem.recipient), col(OutboxItem.purpose)).where(col(OutboxItem.id) > 1)
        return [(to, str(purpose)) for to, purpose in session.execute(wanted)]


def test_a_request_that_nobody_has_is_taken(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    change(web_runtime, scene, assignee_id=None, status=Status.NEW)
    assert "queda asignada a vos" in press(browse(MARTIN), scene, "tomar").text
    assert ticket_of(web_runtime, scene.ticket).status is Status.IN_PROGRESS
    assert "ya estaba asignada a vos" in without_page(browse(MARTIN), scene, "tomar").text
    assert "La tiene" not in browse(ADA).get(page_of(scene)).text
    assert "La solicitud la tiene Martín Sosa" in without_page(browse(ADA), scene, "tomar").text
    assert kinds(web_runtime, scene).count(EventKind.TAKEN) == 2  # with that of the scene


def test_closing_and_opening_again(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin = browse(MARTIN)
    assert "La solicitud está cerrada." in press(martin, scene, "cerrar").text
    assert purposes(web_runtime) == [(LAURA, "closed")]
    assert "ya estaba cerrada" in without_page(martin, scene, "cerrar").text
    assert purposes(web_runtime) == [(LAURA, "closed")]
    assert "está abierta de nuevo" in press(martin, scene, "reabrir").text
    assert "ya estaba abierta" in without_page(martin, scene, "reabrir").text
    assert ticket_of(web_runtime, scene.ticket).status is Status.IN_PROGRESS


def test_nothing_is_closed_over_what_its_operator_has_not_seen(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin, action = browse(MARTIN), f"{page_of(scene)}/cerrar"
    fields = hidden(martin.get(page_of(scene)).text, action)
    writes(web_runtime, scene, LAURA, "Esperen, no anda")
    answer = send(martin, action, fields)
    assert answer.status_code == 409
    assert "Laura Giménez respondió mientras tanto." in answer.text
    assert ticket_of(web_runtime, scene.ticket).status is Status.IN_PROGRESS
    assert send(martin, action, hidden(answer.text, action)).status_code == 303
    assert ticket_of(web_runtime, scene.ticket).status is Status.CLOSED


def test_handing_on_moves_assigns_and_leaves_a_comment(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    """Carla answers the other topic: Martín, who hands it to her, goes on in his inbox."""
    with web_runtime.db.snapshot() as session:
        carla = user(session, CARLA).id
        access = session.execute(select(col(Topic.id)).where(col(Topic.name) == "Accesos")).scalar_one()
    answer = press(
        browse(MARTIN), scene, "reasignar", tematica=str(access), operador=str(carla), nota="Es de accesos."
    )
    assert "Reasignamos la solicitud." in answer.text
    assert answer.url.path == "/bandeja"
    ticket = ticket_of(web_runtime, scene.ticket)
    assert (ticket.topic_id, ticket.assignee_id) == (access, carla)
    assert rows(web_runtime, scene)[-1].kind is MessageKind.INTERNAL
    assert {to for to, _ in purposes(web_runtime)} == {CARLA}
    assert browse(MARTIN).get(page_of(scene)).status_code == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"operador": "2"}, "Elegí un operador de la lista.", id="a client"),
        pytest.param({"operador": "99999999999999999"}, "Elegí un operador de la lista.", id="nobody"),
        pytest.param({"tematica": "99"}, "Elegí una temática de la lista.", id="no topic"),
    ],
)
def test_handing_on_to_what_cannot_be_changes_nothing(
    fields: dict[str, str],
    sentence: str,
    browse: Callable[..., Browser],
    scene: Scene,
    web_runtime: Runtime,
) -> None:
    before = kinds(web_runtime, scene)
    answer = press(browse(MARTIN), scene, "reasignar", nota="Ojo con esto", **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Ojo con esto</textarea>" in answer.text
    assert kinds(web_runtime, scene) == before


def test_of_two_who_hand_on_at_once_the_second_is_asked(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin, action = browse(MARTIN), f"{page_of(scene)}/reasignar"
    fields = hidden(martin.get(page_of(scene)).text, action)
    happens(web_runtime, scene, ADA, EventKind.ASSIGNED)
    answer = send(martin, action, fields | {"operador": "5"})
    assert answer.status_code == 409
    assert "Ada Admin reasignó la solicitud mientras tanto." in answer.text


def test_marked_as_unread_it_is_so_for_oneself_alone(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin, ada = browse(MARTIN), browse(ADA)
    for browser in (martin, ada):
        browser.get(page_of(scene))
    assert "queda como no leída" in press(martin, scene, "no-leida").text
    with web_runtime.db.snapshot() as session:
        marks = session.execute(select(col(TicketSeen.user_id))).scalars()
        assert list(marks) == [user(session, ADA).id]


# Who takes part


def participants(runtime: Runtime, scene: Scene) -> list[str]:
    with runtime.db.snapshot() as session:
        wanted = (
            select(col(User.email))
            .join(Participant, col(Participant.user_id) == col(User.id))
            .where(col(Participant.ticket_id) == scene.ticket)
            .order_by(col(User.email))
        )
        return list(session.execute(wanted).scalars())


def add(browser: Browser, scene: Scene, email: str, **more: str) -> Any:
    return press(browser, scene, "participantes", email=email, **more)


def test_somebody_of_the_company_joins_at_once(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin = browse(MARTIN)
    assert f"{CONTADURIA} participa desde ahora." in add(martin, scene, CONTADURIA.upper()).text
    assert participants(web_runtime, scene) == [CONTADURIA, LAURA]
    assert f"{CONTADURIA} ya participa." in add(martin, scene, CONTADURIA).text
    assert f"con copia a <b>{CONTADURIA}</b>" in martin.get(page_of(scene)).text


def test_somebody_from_outside_joins_when_the_operator_says_so_twice(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin, action = browse(MARTIN), f"{page_of(scene)}/participantes"
    asked = add(martin, scene, "alguien@otra.example")
    assert asked.status_code == 409
    assert "¿alguien@otra.example es la dirección correcta?" in asked.text
    assert participants(web_runtime, scene) == [LAURA]
    assert send(martin, action, hidden(asked.text, action)).status_code == 303
    assert participants(web_runtime, scene) == ["alguien@otra.example", LAURA]


def test_where_anybody_has_an_address_a_domain_says_nothing(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        laura = user(session, LAURA)
        make_user(session, "pedro@gmail.com", company_id=laura.company_id)
    martin = browse(MARTIN)
    assert add(martin, scene, "otro@gmail.com").status_code == 409
    assert "participa desde ahora" in add(martin, scene, "pedro@gmail.com").text


@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        pytest.param("nada", "no es una dirección", id="no address"),
        pytest.param("soporte@example.com", "Es una dirección nuestra", id="the house"),
        pytest.param(f"soporte+{'a' * 26}@example.com", "Es una dirección nuestra", id="a reply address"),
        pytest.param("facturas@example.com", "Es una dirección nuestra", id="a topic"),
        pytest.param(CARLA, "Carla Núñez es del equipo", id="an operator"),
        pytest.param("baja@andina.example", "está deshabilitada", id="disabled"),
    ],
)
def test_who_cannot_take_part(
    email: str, sentence: str, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        make_topic(session, "Cobros", address="facturas@example.com")
        make_user(session, "baja@andina.example", status="disabled")
    answer = add(browse(MARTIN), scene, email, confirmado="1")
    assert answer.status_code == 422
    assert "Error:" in answer.text.partition("</title>")[0]
    assert sentence in answer.text
    assert participants(web_runtime, scene) == [LAURA]


def test_who_is_removed_has_no_proof_left(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin = browse(MARTIN)
    add(martin, scene, CONTADURIA)
    fill(
        martin,
        page_of(scene),
        f"{page_of(scene)}/mensajes",
        {"tipo": "respuesta", "texto": "A las dos."},
    )
    with web_runtime.db.snapshot() as session:
        added, laura = user(session, CONTADURIA).id, user(session, LAURA).id
    assert (
        f"{CONTADURIA} ya no participa."
        in press(martin, scene, "participantes/quitar", persona=str(added)).text
    )
    assert participants(web_runtime, scene) == [LAURA]
    with web_runtime.db.snapshot() as session:
        wanted = select(col(Token.user_id), col(Token.revoked_at)).where(
            col(Token.purpose) == TokenPurpose.REPLY, col(Token.user_id).in_([added, laura])
        )
        assert {who: revoked is not None for who, revoked in session.execute(wanted)} == {
            added: True,
            laura: False,
        }
    assert kinds(web_runtime, scene)[-2:] == [EventKind.REPLIED, EventKind.LEFT]
    refused = without_page(martin, scene, "participantes/quitar", persona=str(laura))
    assert refused.status_code == 422
    assert "siempre participa" in refused.text
    assert participants(web_runtime, scene) == [LAURA]


def test_those_in_copy_are_let_in_or_left_out(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        ticket = session.get_one(Ticket, scene.ticket)
        proposed = {"to": f"{CONTADURIA}, otro@otra.example, {LAURA}"}
        session.add(
            Event(ticket_id=ticket.id, kind=EventKind.PROPOSED, at=ticket.updated_at, detail=proposed)
        )
    martin = browse(MARTIN)
    shown = martin.get(page_of(scene)).text
    assert f"Que participe {CONTADURIA}" in shown
    assert f"Que participe {LAURA}" not in shown
    assert "participa desde ahora" in press(martin, scene, "participantes").text  # the first one's form
    assert "otro@otra.example queda afuera." in press(martin, scene, "participantes/descartar").text
    shown = martin.get(page_of(scene)).text
    assert "Que participe" not in shown
    assert participants(web_runtime, scene) == [CONTADURIA, LAURA]
    again = without_page(martin, scene, "participantes/descartar", email="otro@otra.example")
    assert "Alguien ya decidió" in again.text


# W2, C4, C6

ACTIONS = ("tomar", "cerrar", "reabrir", "reasignar", "no-leida", "participantes", "participantes/quitar")


@pytest.mark.parametrize("who", [LAURA, DIEGO, CARLA])
def test_nobody_else_presses_a_button(
    who: str, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    browser, before = browse(who), kinds(web_runtime, scene)
    for action in (*ACTIONS, "participantes/descartar"):
        fields = {"operador": "4", "nota": "x", "email": "x@andina.example", "persona": "2"}
        assert without_page(browser, scene, action, **fields).status_code == 404
    assert kinds(web_runtime, scene) == before
    assert ticket_of(web_runtime, scene.ticket).status is Status.IN_PROGRESS


def test_no_form_makes_an_internal_comment_public(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin = browse(MARTIN)
    extra = {"kind": "public", "tipo": "respuesta", "mensaje": str(scene.internal_message), "id": "2"}
    for action in (*ACTIONS, "mensajes"):
        without_page(martin, scene, action, texto="hola", visto="99", **extra)
    internal = next(each for each in rows(web_runtime, scene) if each.id == scene.internal_message)
    assert internal.kind is MessageKind.INTERNAL
    assert CANARY not in browse(LAURA).get(f"{page_of(scene)}?todo=1").text


def test_others_of_the_company_are_those_one_may_open(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        colleague = make_user(session, "pedro@andina.example", company_id=user(session, LAURA).company_id)
        stranger = make_user(session, "x@otra.example", company_id=make_company(session, cuit=None).id)
        topics = dict(_topics(session))
        make_ticket(session, colleague, topics["Facturación"], subject="De la misma empresa")
        make_ticket(session, colleague, topics["Accesos"], subject="De otra temática")
        make_ticket(session, stranger, topics["Facturación"], subject="De otra empresa")
    shown = browse(MARTIN).get(page_of(scene)).text.partition("Otras de esta empresa")[2]
    assert "De la misma empresa" in shown
    assert "De otra temática" not in shown
    assert "De otra empresa" not in shown
    assert "De otra temática" in browse(ADA).get(page_of(scene)).text


def _topics(session: Session) -> list[tuple[str, Topic]]:
    return [(each.name, each) for each in session.execute(select(Topic)).scalars()]


def test_a_client_sees_no_button_and_nobody_else(browse: Callable[..., Browser], scene: Scene) -> None:
    shown = browse(LAURA).get(page_of(scene)).text
    for word in ("Reasignar", "Tomar", "Comentario interno", "visto_suceso", "Participan", "Otras de esta"):
        assert word not in shown


def test_to_print_comes_the_whole_conversation(browse: Callable[..., Browser], scene: Scene) -> None:
    martin = browse(MARTIN)
    assert ' class="with-notes">' not in martin.get(f"{page_of(scene)}?imprimir=1").text
    assert ' class="with-notes">' in martin.get(f"{page_of(scene)}?imprimir=1&notas=1").text
