"""Replies and internal comments from the page of a request: who gets them, and what stands in their way."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from gateway.models.people import User
from gateway.models.queues import OutboxItem
from gateway.models.tickets import Attachment, Event, Message, Ticket
from gateway.rules.lifecycle import Channel, EventKind, MessageKind, Status
from gateway.rules.people import Party
from gateway.runtime import Runtime
from gateway.services import rates
from tests.office import Office, body
from tests.webui.conftest import Browser
from tests.webui.filling import fill, hidden, send
from tests.webui.scene import CANARY, Scene, add_message, make_scene

LAURA, DIEGO = "laura.gimenez@andina.example", "diego@albornoz.example"
MARTIN, CARLA, ADA = "martin.sosa@sysmo.example", "carla.nunez@sysmo.example", "admin@sysmo.example"


@pytest.fixture
def scene(web_runtime: Runtime) -> Scene:
    with web_runtime.db.transaction() as session:
        return make_scene(session)


def page_of(scene: Scene) -> str:
    return f"/solicitudes/{scene.ticket}"


def post(browser: Browser, scene: Scene, text: str, **more: Any) -> Any:
    """Write on the page of the request and send it."""
    fields = {"tipo": "respuesta", "texto": text} | more.pop("fields", {})
    return fill(browser, page_of(scene), f"{page_of(scene)}/mensajes", fields, **more)


def rows(runtime: Runtime, scene: Scene) -> list[Message]:
    with runtime.db.snapshot() as session:
        wanted = select(Message).where(col(Message.ticket_id) == scene.ticket).order_by(col(Message.number))
        found = list(session.execute(wanted).scalars())
        session.expunge_all()
        return found


def ticket_of(runtime: Runtime, number: int) -> Ticket:
    with runtime.db.snapshot() as session:
        found = session.get_one(Ticket, number)
        session.expunge_all()
        return found


def mails(runtime: Runtime) -> list[Any]:
    """What was queued, but for what the scene had sent before."""
    with runtime.db.snapshot() as session:
        return [each for each in Office(runtime, session, runtime.now()).out() if each["From"]]


def writes(runtime: Runtime, scene: Scene, email: str, text: str, **values: Any) -> None:
    """Somebody else writes meanwhile."""
    with runtime.db.transaction() as session:
        ticket = session.get_one(Ticket, scene.ticket)
        author = session.execute(select(User).where(col(User.email) == email)).scalar_one()
        message = add_message(session, ticket, author, text, **values)
        internal = message.kind is MessageKind.INTERNAL
        _note(session, ticket, EventKind.COMMENTED if internal else EventKind.REPLIED, author, message)


def happens(runtime: Runtime, scene: Scene, email: str, kind: EventKind) -> None:
    with runtime.db.transaction() as session:
        ticket = session.get_one(Ticket, scene.ticket)
        author = session.execute(select(User).where(col(User.email) == email)).scalar_one()
        _note(session, ticket, kind, author)


def _note(
    session: Session, ticket: Ticket, kind: EventKind, author: User, message: Message | None = None
) -> None:
    message_id = message.id if message is not None else None
    session.add(
        Event(ticket_id=ticket.id, kind=kind, actor_id=author.id, message_id=message_id, at=ticket.updated_at)
    )
    session.flush()


def test_an_operators_reply_goes_to_the_client_by_mail(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin = browse(MARTIN)
    shown = martin.get(page_of(scene)).text
    assert f"Para <b>{LAURA}</b>" in shown
    answer = post(martin, scene, "Ya está.\r\n\r\nProbá de nuevo.  ")
    assert (answer.status_code, answer.headers["location"]) == (303, page_of(scene))
    written = rows(web_runtime, scene)[-1]
    assert written.text == "Ya está.\n\nProbá de nuevo."
    assert (written.kind, written.channel, written.party) == (
        MessageKind.PUBLIC,
        Channel.WEB,
        Party.OPERATOR,
    )
    assert written.verified
    sent = mails(web_runtime)
    assert [(each["X-Envelope-To"], each["X-Purpose"]) for each in sent] == [(LAURA, "reply")]
    assert "Probá de nuevo." in body(sent[0])
    assert CANARY not in str(sent[0])
    assert "Le enviamos tu respuesta a Laura Giménez." in martin.get(page_of(scene)).text


def test_send_and_close_does_both_and_tells_once(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    assert post(browse(MARTIN), scene, "Listo.", fields={"cerrar": "1"}).status_code == 303
    assert ticket_of(web_runtime, scene.ticket).status is Status.CLOSED
    (told,) = mails(web_runtime)
    assert told["X-Purpose"] == "reply"
    assert "Estado: Cerrado." in body(told)


def test_an_internal_comment_reaches_no_client(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    secret = "zorro rojo"
    post(browse(ADA), scene, f"{secret} @Martín mirá", fields={"tipo": "interno"})
    assert rows(web_runtime, scene)[-1].kind is MessageKind.INTERNAL
    assert {each["X-Envelope-To"] for each in mails(web_runtime)} == {MARTIN}
    laura = browse(LAURA)
    for path in ("/solicitudes", page_of(scene), f"{page_of(scene)}?todo=1"):
        assert secret not in laura.get(path).text
    assert secret in browse(MARTIN).get(page_of(scene)).text


def test_the_link_of_a_notice_opens_the_comment(browse: Callable[..., Browser], scene: Scene) -> None:
    shown = browse(MARTIN).get(f"{page_of(scene)}?tipo=interno").text
    assert '<input type="radio" name="tipo" value="interno" checked' in shown
    assert 'value="respuesta" checked' not in shown


def test_a_clients_reply_reaches_whoever_has_the_request(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    laura = browse(LAURA)
    assert post(laura, scene, "Sigue igual.").status_code == 303
    assert rows(web_runtime, scene)[-1].party is Party.CLIENT
    (sent,) = mails(web_runtime)
    assert (sent["X-Envelope-To"], sent["X-Purpose"]) == (MARTIN, "notice")
    assert "remitente" not in body(sent).splitlines()[0]
    shown = laura.get(page_of(scene)).text
    assert "Recibimos tu respuesta." in shown
    assert "Sigue igual." in shown


@pytest.mark.parametrize(
    ("days", "opened_again"),
    [pytest.param(29, True, id="within the days"), pytest.param(31, False, id="later")],
)
def test_a_clients_reply_to_a_closed_request_does_what_their_mail_would(
    days: int,
    opened_again: bool,
    browse: Callable[..., Browser],
    scene: Scene,
    web_runtime: Runtime,
) -> None:
    with web_runtime.db.transaction() as session:
        ticket = session.get_one(Ticket, scene.ticket)
        ticket.status, ticket.closed_at = Status.CLOSED, web_runtime.now() - timedelta(days=days)
    laura = browse(LAURA)
    answer = post(laura, scene, "Volvió a pasar.")
    number = int(answer.headers["location"].rpartition("/")[2])
    ticket = ticket_of(web_runtime, number)
    assert ticket.status is not Status.CLOSED
    assert (number == scene.ticket) is opened_again
    assert ticket.linked_to == (None if opened_again else scene.ticket)
    assert "Volvió a pasar." in laura.get(answer.headers["location"]).text
    assert (ticket_of(web_runtime, scene.ticket).status is Status.CLOSED) is not opened_again


@pytest.mark.parametrize(
    "text",
    [
        "#interno\nno le cobren más",
        "#cerrar",
        "# interno\nx",
        "interno\nx",
        "#interon\nx",
        "hola\n#interno",
        "#tomar\n#asignar carla.nunez@sysmo.example\nlisto",
    ],
)
@pytest.mark.parametrize("kind", ["respuesta", "interno"])
def test_what_looks_like_a_command_is_neither_obeyed_nor_sent(
    text: str, kind: str, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    answer = post(browse(MARTIN), scene, text, fields={"tipo": kind})
    assert answer.status_code == 422
    assert "Error:" in answer.text.partition("</title>")[0]
    assert "parece una orden de correo" in answer.text
    assert text.splitlines()[-1] in answer.text
    assert len(rows(web_runtime, scene)) == 3
    assert mails(web_runtime) == []


def test_a_client_may_write_what_looks_like_a_command(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    assert post(browse(LAURA), scene, "#cerrar").status_code == 303
    assert ticket_of(web_runtime, scene.ticket).status is Status.IN_PROGRESS


def test_what_repeats_an_internal_comment_stays_here(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    secret = "El cliente debe tres meses y nadie le habilita nada hasta que pague lo que debe."
    writes(web_runtime, scene, MARTIN, secret, kind=MessageKind.INTERNAL)
    answer = post(browse(MARTIN), scene, f"Hola, Laura.\n{secret}")
    assert answer.status_code == 422
    assert "Repite un comentario interno" in answer.text
    assert mails(web_runtime) == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"texto": " \r\n\t "}, "Escribí tu mensaje o adjuntá un archivo.", id="nothing"),
        pytest.param({"tipo": "publico"}, "Elegí si es una respuesta", id="a kind that is none"),
        pytest.param({"texto": "ñ" * 524_289}, "El texto es demasiado largo", id="more than a message shows"),
    ],
)
def test_what_cannot_be_sent_comes_back_with_its_reason(
    fields: dict[str, str],
    sentence: str,
    browse: Callable[..., Browser],
    scene: Scene,
    web_runtime: Runtime,
) -> None:
    none = {"adjuntos": ("", b"", "application/octet-stream")}  # what a browser sends when no file is chosen
    answer = post(browse(MARTIN), scene, "algo", fields=fields, files=none)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert len(rows(web_runtime, scene)) == 3


def test_files_travel_with_the_reply_and_need_no_words(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    files = {"adjuntos": ("factura <b>.pdf", b"%PDF-1.4", "application/pdf")}
    assert post(browse(MARTIN), scene, "", files=files).status_code == 303
    (sent,) = mails(web_runtime)
    assert [each.get_content() for each in sent.iter_attachments()] == [b"%PDF-1.4"]
    with web_runtime.db.snapshot() as session:
        names = session.execute(select(col(Attachment.filename)).order_by(col(Attachment.message_id)))
        assert "factura b.pdf" in list(names.scalars())


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        pytest.param("text/plain; charset=utf-8", "text/plain", id="with a parameter"),
        pytest.param(f"a/{'b' * 300}", "application/octet-stream", id="longer than any"),
        pytest.param("no type", "application/octet-stream", id="none"),
    ],
)
def test_a_browser_claims_any_type(
    claimed: str, kept: str, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    assert post(browse(MARTIN), scene, "", files={"adjuntos": ("x.bin", b"x", claimed)}).status_code == 303
    with web_runtime.db.snapshot() as session:
        wanted = select(col(Attachment.content_type)).where(col(Attachment.filename) == "x.bin")
        assert session.execute(wanted).scalar_one() == kept


def test_a_file_that_is_too_much_leaves_the_text(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    files = [("adjuntos", (f"{each}.txt", b"x", "text/plain")) for each in range(11)]
    answer = post(browse(MARTIN), scene, "Va todo\n\nacá", files=files)
    assert answer.status_code == 422
    assert "10.txt no se adjuntó" in answer.text
    assert "Va todo\n\nacá</textarea>" in answer.text
    assert "Los archivos hay que elegirlos de nuevo" in answer.text
    assert len(rows(web_runtime, scene)) == 3


# E9: somebody was quicker


@pytest.mark.parametrize(
    "author", [pytest.param(LAURA, id="the client"), pytest.param(ADA, id="a colleague")]
)
def test_a_reply_on_an_older_state_is_asked_once(
    author: str, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    internal = author == ADA
    alert = (
        "Ada Admin dejó un comentario interno mientras escribías."
        if internal
        else "Laura Giménez respondió mientras escribías."
    )
    kind = MessageKind.INTERNAL if internal else MessageKind.PUBLIC
    martin, action = browse(MARTIN), f"{page_of(scene)}/mensajes"
    fields = hidden(martin.get(page_of(scene)).text, action) | {"tipo": "respuesta", "texto": "Mi <texto>"}
    writes(web_runtime, scene, author, "Novedad que no vio", kind=kind)
    answer = send(martin, action, fields)
    assert answer.status_code == 409
    assert alert in answer.text
    assert "<title>Error: " in answer.text
    assert "autofocus" in answer.text.partition('id="mientras"')[2].partition(">")[0]
    assert "Novedad que no vio" in answer.text
    assert "Mi &lt;texto&gt;</textarea>" in answer.text
    assert len(rows(web_runtime, scene)) == 4
    assert mails(web_runtime) == []
    again = hidden(answer.text, action) | {"tipo": "respuesta", "texto": "Mi <texto>"}
    assert send(martin, action, again).status_code == 303
    assert [each.text for each in rows(web_runtime, scene)][-1] == "Mi <texto>"


def test_what_was_not_seen_is_asked_about_after_another_mistake(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    """The page that comes back shows the new message; that alone is no reason to believe it was read."""
    martin, action = browse(MARTIN), f"{page_of(scene)}/mensajes"
    files = [("adjuntos", (f"{each}.txt", b"x", "text/plain")) for each in range(11)]
    fields = hidden(martin.get(page_of(scene)).text, action) | {"tipo": "respuesta", "texto": "Hola"}
    writes(web_runtime, scene, LAURA, "Novedad")
    answer = send(martin, action, fields, files=files)
    assert answer.status_code == 422
    again = hidden(answer.text, action) | {"tipo": "respuesta", "texto": "Hola"}
    assert send(martin, action, again).status_code == 409


@pytest.mark.parametrize("kind", [EventKind.CLOSED, EventKind.ASSIGNED, EventKind.TAKEN, EventKind.MOVED])
def test_what_a_colleague_did_counts_as_something_new(
    kind: EventKind, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin, action = browse(MARTIN), f"{page_of(scene)}/mensajes"
    fields = hidden(martin.get(page_of(scene)).text, action) | {"tipo": "respuesta", "texto": "Hola"}
    happens(web_runtime, scene, ADA, kind)
    answer = send(martin, action, fields)
    assert answer.status_code == 409
    assert "Ada Admin" in answer.text.partition('id="mientras"')[2].partition("</b>")[0]


def test_what_one_did_oneself_is_nothing_new(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin, action = browse(MARTIN), f"{page_of(scene)}/mensajes"
    fields = hidden(martin.get(page_of(scene)).text, action) | {"tipo": "respuesta", "texto": "Hola"}
    writes(web_runtime, scene, MARTIN, "Por correo, antes")
    happens(web_runtime, scene, MARTIN, EventKind.CLOSED)
    assert send(martin, action, fields).status_code == 303


def test_nothing_internal_is_new_to_a_client(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    """Not even that there is something: their page counts public messages alone (C1)."""
    laura, action = browse(LAURA), f"{page_of(scene)}/mensajes"
    fields = hidden(laura.get(page_of(scene)).text, action)
    assert fields["visto"] == "2"
    assert "visto_suceso" not in fields
    writes(web_runtime, scene, MARTIN, "Sólo para el equipo", kind=MessageKind.INTERNAL)
    happens(web_runtime, scene, ADA, EventKind.ASSIGNED)
    assert hidden(laura.get(page_of(scene)).text, action)["visto"] == "2"
    assert send(laura, action, fields | {"texto": "Gracias"}).status_code == 303


def test_a_client_is_asked_when_an_operator_was_quicker(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    laura, action = browse(LAURA), f"{page_of(scene)}/mensajes"
    fields = hidden(laura.get(page_of(scene)).text, action) | {"texto": "¿Y?"}
    writes(web_runtime, scene, MARTIN, "Ya está resuelto")
    answer = send(laura, action, fields)
    assert answer.status_code == 409
    assert "Martín Sosa respondió mientras escribías." in answer.text
    assert 'href="#m-3"' in answer.text
    assert "Ya está resuelto" in answer.text
    assert send(laura, action, hidden(answer.text, action) | {"texto": "¿Y?"}).status_code == 303


# E10: twice


def test_a_form_sent_twice_writes_once(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    martin, action = browse(MARTIN), f"{page_of(scene)}/mensajes"
    fields = hidden(martin.get(page_of(scene)).text, action) | {"tipo": "respuesta", "texto": "Una vez"}
    answers = [send(martin, action, fields) for _ in range(2)]
    assert {(each.status_code, each.headers["location"]) for each in answers} == {(303, page_of(scene))}
    assert [each.text for each in rows(web_runtime, scene)].count("Una vez") == 1
    assert len(mails(web_runtime)) == 1


def test_a_form_sent_four_times_at_once_writes_once(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    browsers, action = [browse() for _ in range(4)], f"{page_of(scene)}/mensajes"
    browsers[0].sign_in(MARTIN)
    fields = hidden(browsers[0].get(page_of(scene)).text, action) | {"tipo": "respuesta", "texto": "Una vez"}
    for each in browsers[1:]:
        each.cookies.update(browsers[0].cookies)
    together = threading.Barrier(4)

    def click(browser: Browser) -> Any:
        together.wait()
        return send(browser, action, fields)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(click, browsers))
    assert [each.status_code for each in answers] == [303] * 4
    assert [each.text for each in rows(web_runtime, scene)].count("Una vez") == 1
    assert len(mails(web_runtime)) == 1


# W2, C4


def test_a_client_who_writes_without_end_has_to_wait(
    browse: Callable[..., Browser], web_runtime: Runtime, scene: Scene
) -> None:
    with web_runtime.db.transaction() as session:
        allowed = [rates.admit_reply(session, LAURA, now=web_runtime.now()) for _ in range(60)]
    assert all(allowed)
    refused = post(browse(LAURA), scene, "Una más")
    assert refused.status_code == 422
    assert "Escribiste muy seguido" in refused.text
    assert "Una más" in refused.text
    assert post(browse(MARTIN), scene, "De a poco").status_code == 303


@pytest.mark.parametrize("who", [DIEGO, CARLA, None])
@pytest.mark.parametrize("kind", ["respuesta", "interno"])
def test_nobody_else_writes_on_a_request(
    who: str | None, kind: str, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    browser = browse(who)
    fields = {"tipo": kind, "texto": "intruso", "visto": "99", "envio": "k"}
    answer = browser.send_form(f"{page_of(scene)}/mensajes", fields, page="/cuenta" if who else "/ingresar")
    assert answer.status_code in (303, 403, 404)
    assert "mensajes" not in answer.headers.get("location", "")
    assert len(rows(web_runtime, scene)) == 3


@pytest.mark.parametrize("fields", [{"tipo": "interno"}, {"cerrar": "1"}])
def test_a_client_can_neither_comment_nor_close(
    fields: dict[str, str], browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    assert post(browse(LAURA), scene, "hola", fields=fields).status_code == 404
    assert len(rows(web_runtime, scene)) == 3
    assert ticket_of(web_runtime, scene.ticket).status is Status.IN_PROGRESS


def test_an_operator_who_asked_writes_as_a_client(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    """On a request of a topic they answer themselves, too; their comment stays the team's."""
    with web_runtime.db.transaction() as session:
        martin = session.execute(select(User).where(col(User.email) == MARTIN)).scalar_one()
        session.get_one(Ticket, scene.ticket).requester_id = martin.id
    browser = browse(MARTIN)
    for kind, party in (("respuesta", Party.CLIENT), ("interno", Party.OPERATOR)):
        fields = hidden(browser.get(page_of(scene)).text, f"{page_of(scene)}/mensajes")
        with web_runtime.db.transaction() as session:  # who asked takes part
            session.connection().exec_driver_sql(
                "INSERT INTO participant (ticket_id, user_id, joined_at) "
                f"SELECT {scene.ticket}, id, created_at FROM person WHERE email = '{MARTIN}' "
                "ON CONFLICT DO NOTHING"
            )
        sent = fields | {"tipo": kind, "texto": f"como {kind}"}
        assert send(browser, f"{page_of(scene)}/mensajes", sent).status_code == 303
        assert rows(web_runtime, scene)[-1].party is party


def test_a_reply_that_nobody_would_get_is_not_sent(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        session.connection().exec_driver_sql(f"UPDATE person SET status = 'disabled' WHERE email = '{LAURA}'")
    answer = post(browse(MARTIN), scene, "¿Hay alguien?")
    assert answer.status_code == 422
    assert "no le llegaría a nadie" in answer.text


def test_the_page_names_those_the_mail_goes_to(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO participant (ticket_id, user_id, joined_at) "
            f"SELECT {scene.ticket}, id, created_at FROM person WHERE email = '{DIEGO}'"
        )
    martin = browse(MARTIN)
    shown = martin.get(page_of(scene)).text
    assert f"Para <b>{LAURA}</b>, con copia a <b>{DIEGO}</b>" in shown
    post(martin, scene, "A los dos.")
    with web_runtime.db.snapshot() as session:
        told = select(col(OutboxItem.recipient)).where(col(OutboxItem.id) > 1)
        assert set(session.execute(told).scalars()) == {LAURA, DIEGO}


def test_who_takes_part_replies_and_is_asked_only_about_what_they_may_read(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO participant (ticket_id, user_id, joined_at) "
            f"SELECT {scene.ticket}, id, '2026-05-11 20:51:30' FROM person WHERE email = '{DIEGO}'"
        )
    diego, action = browse(DIEGO), f"{page_of(scene)}/mensajes"
    fields = hidden(diego.get(page_of(scene)).text, action)
    assert fields["visto"] == "0"  # everything there is was written before they joined
    writes(web_runtime, scene, LAURA, "De Laura, que a Diego no se le mandó")
    assert send(diego, action, fields | {"texto": "Yo también espero"}).status_code == 303
    assert rows(web_runtime, scene)[-1].party is Party.CLIENT
    fields = hidden(diego.get(page_of(scene)).text, action)
    writes(web_runtime, scene, MARTIN, "Para los dos")
    answer = send(diego, action, fields | {"texto": "¿Y?"})
    assert answer.status_code == 409
    assert "Martín Sosa respondió mientras escribías." in answer.text
    assert "De Laura" not in answer.text
