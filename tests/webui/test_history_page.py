"""The page of a request as it is read: by its operators whole, by who takes part what was mailed to them."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session

from gateway.models.people import User
from gateway.models.queues import Door, JournalEntry, OutboxState
from gateway.models.tickets import Event, Participant, Ticket
from gateway.rules.lifecycle import EventKind, MessageKind
from gateway.runtime import Runtime
from gateway.services import blobs
from tests.conftest import NOW
from tests.factories import make_operator, make_ticket, make_topic, make_user
from tests.webui.conftest import Browser, Clock, with_password
from tests.webui.scene import add_delivery, add_message

LAURA, MARTIN = "laura.gimenez@andina.example", "martin.sosa@sysmo.example"
PEDRO, ADMIN = "pedro@andina.example", "admin@sysmo.example"


class Office:
    """A request of Laura's in Martín's topic; Pedro takes part from the second message on."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.laura = make_user(session, LAURA, **with_password())
        self.pedro = make_user(session, PEDRO, **with_password(name="Pedro Paz"))
        self.martin = make_operator(session, MARTIN, **with_password())
        topic = make_topic(session, "Facturación", self.martin)
        self.ticket: Ticket = make_ticket(session, self.laura, topic)

    def let_join(self, person: User) -> None:
        at = self.ticket.updated_at + timedelta(seconds=1)
        self.session.add(Participant(ticket_id=self.ticket.id, user_id=person.id, joined_at=at))
        self.session.flush()

    def held(self, reason: str = "stranger") -> int:
        content = blobs.content_of(b"x")
        blobs.keep(self.session, [content], now=NOW)
        entry = JournalEntry(
            door=Door.SMTP,
            received_at=NOW,
            sha256=content.sha256,
            size=1,
            outcome="held",
            reason=reason,
            ticket_id=self.ticket.id,
            settled_at=NOW,
        )
        self.session.add(entry)
        self.session.flush()
        return entry.id


@pytest.fixture
def write(web_runtime: Runtime) -> Callable[..., object]:
    def run(work: Callable[[Office], object]) -> object:
        with web_runtime.db.transaction() as session:
            return work(Office(session))

    return run


def words(page: str) -> str:
    """The text of a page, without elements."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_who_takes_part_reads_what_was_mailed_to_them_and_nothing_else(
    write: Callable[..., int], browse: Callable[..., Browser]
) -> None:
    """T6: a canary in each message that is none of theirs."""

    def work(office: Office) -> int:
        add_message(office.session, office.ticket, office.laura, "canario uno")
        add_message(office.session, office.ticket, office.martin, "canario dos")
        office.let_join(office.pedro)
        add_message(office.session, office.ticket, office.martin, "canario tres", kind=MessageKind.INTERNAL)
        add_message(office.session, office.ticket, office.martin, "respuesta", quoted="canario cuatro")
        add_message(office.session, office.ticket, office.laura, "canario cinco")
        add_message(office.session, office.ticket, office.pedro, "gracias", quoted="lo que citó Pedro")
        return office.ticket.id

    number = write(work)
    browser = browse(PEDRO)
    for query in ("", "?todo=1", "?m=1", "?m=99", "?notas=1"):
        page = browser.get(f"/solicitudes/{number}{query}").text
        assert "canario" not in page
        assert "respuesta" in page
        assert "lo que citó Pedro" in page
        assert re.findall(r'id="m-(\d+)"', page) == ["1", "2"]
    assert f"/solicitudes/{number}" not in browser.get("/solicitudes").text
    assert "canario cinco" in browse(LAURA).get(f"/solicitudes/{number}").text


def test_a_link_to_an_old_message_shows_it_and_all_that_follows(
    write: Callable[..., tuple[int, list[int], int]], browse: Callable[..., Browser]
) -> None:
    def work(office: Office) -> tuple[int, list[int], int]:
        messages = [
            add_message(office.session, office.ticket, office.laura, f"n{each}.") for each in range(30)
        ]
        other = make_ticket(
            office.session, office.laura, make_topic(office.session, "Accesos", office.martin)
        )
        elsewhere = add_message(office.session, other, office.laura, "x")
        return office.ticket.id, [each.id for each in messages], elsewhere.id

    number, ids, elsewhere = write(work)
    path = f"/solicitudes/{number}"
    operator, client = browse(MARTIN), browse(LAURA)
    for query, first in (
        ("", 10),
        (f"?m={ids[4]}", 4),
        (f"?m={ids[25]}", 10),
        (f"?m={elsewhere}", 10),
        ("?m=99999999999999", 10),
        ("?m=x", 10),
        ("?todo=1", 0),
    ):
        page = operator.get(path + query).text
        assert re.findall(r"n\d+\.", words(page))[0] == f"n{first}."
        assert (f'id="m-{ids[first]}"' in page, page.count("<article")) == (True, 30 - first)
    assert re.findall(r"n\d+\.", words(client.get(f"{path}?m=5").text))[0] == "n4."
    assert re.findall(r"n\d+\.", words(client.get(path).text))[0] == "n10."


def test_the_history_says_how_the_state_moved(
    write: Callable[..., int], browse: Callable[..., Browser]
) -> None:
    def work(office: Office) -> int:
        session, ticket, martin = office.session, office.ticket, office.martin
        add_message(session, ticket, office.laura, "hola")
        answer = add_message(session, ticket, martin, "listo")
        for kind, message in (
            (EventKind.OPENED, None),
            (EventKind.TAKEN, None),
            (EventKind.REPLIED, answer.id),
            (EventKind.CLOSED, None),
            (EventKind.REOPENED, None),
        ):
            who = {"actor_id": martin.id, "at": answer.created_at, "message_id": message}
            session.add(Event(ticket_id=ticket.id, kind=kind, **who))
        return ticket.id

    number = write(work)
    shown = words(browse(MARTIN).get(f"/solicitudes/{number}").text)
    assert shown.count("El estado pasó de Nuevo a En proceso .") == 1
    assert shown.count("El estado pasó") == 1
    assert (
        shown.index("tomó la solicitud.") < shown.index("El estado pasó") < shown.index("cerró la solicitud.")
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"state": OutboxState.QUEUED}, ["Por enviar"], id="waits"),
        pytest.param({"state": OutboxState.SENT, "sent_at": NOW}, ["Enviado", "hoy, 17:48"], id="sent"),
        pytest.param(
            {"state": OutboxState.DEFERRED, "due_at": NOW + timedelta(hours=5), "last_error": "451 luego"},
            ["Por enviar", "Próximo intento: hoy, 22:48", "451 luego"],
            id="put off, not for long",
        ),
        pytest.param(
            {
                "state": OutboxState.DEFERRED,
                "due_at": NOW + timedelta(hours=1),
                "created_at": NOW - timedelta(hours=5),
            },
            ["Demorado", "Próximo intento: hoy, 18:48"],
            id="late",
        ),
        pytest.param(
            {"state": OutboxState.FAILED, "last_error": "550 5.1.1 <x> no such user"},
            ["No entregado", "La casilla no existe", "550 5.1.1 &lt;x&gt; no such user"],
            id="failed",
        ),
        pytest.param(
            {"state": OutboxState.BOUNCED, "last_error": "quota exceeded"},
            ["Devuelto", "Su casilla está llena", "quota exceeded"],
            id="came back",
        ),
        pytest.param(
            {"state": OutboxState.UNCERTAIN, "last_error": "sin respuesta"},
            ["No se sabe si llegó", "no se manda dos veces", "sin respuesta"],
            id="nobody knows",
        ),
    ],
)
def test_an_answer_says_how_far_it_got(
    values: dict[str, object], said: list[str], write: Callable[..., int], browse: Callable[..., Browser]
) -> None:
    def work(office: Office) -> int:
        answer = add_message(office.session, office.ticket, office.martin, "listo")
        add_delivery(office.session, office.ticket, office.martin, answer, user_id=office.laura.id, **values)
        return office.ticket.id

    number = write(work)
    page = browse(MARTIN).get(f"/solicitudes/{number}").text
    assert "Para Laura Giménez" in page
    for each in said:
        assert each in page
    client = browse(LAURA).get(f"/solicitudes/{number}").text
    assert not [each for each in said[1:] if each in client and "hoy" not in each]


def test_held_mail_that_names_a_request_is_told_of_to_its_operators_alone(
    write: Callable[..., tuple[int, int]], browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    def work(office: Office) -> tuple[int, int]:
        make_operator(office.session, ADMIN, **with_password(name="Ada", role="admin"))
        add_message(office.session, office.ticket, office.laura, "hola")
        return office.ticket.id, office.held()

    number, entry = write(work)
    told = "Hay un correo retenido que nombra esta solicitud."
    link = f"/admin/correo/retenidos/{entry}"
    shown = {email: browse(email).get(f"/solicitudes/{number}").text for email in (LAURA, MARTIN, ADMIN)}
    assert [told in shown[each] for each in (LAURA, MARTIN, ADMIN)] == [False, True, True]
    assert [link in shown[each] for each in (LAURA, MARTIN, ADMIN)] == [False, True, True]
    with web_runtime.db.transaction() as session:
        session.connection().exec_driver_sql("UPDATE journal_entry SET decision = 'discard'")
    assert told not in browse(ADMIN).get(f"/solicitudes/{number}").text


def test_another_request_is_named_to_those_alone_who_may_open_it(
    write: Callable[..., tuple[int, int]], browse: Callable[..., Browser]
) -> None:
    def work(office: Office) -> tuple[int, int]:
        session = office.session
        make_operator(session, ADMIN, **with_password(name="Ada", role="admin"))
        other = make_ticket(session, office.pedro, make_topic(session, "Accesos"))
        office.ticket.linked_to = other.id
        detail = {"may_belong_to": other.id}
        at = office.ticket.created_at
        session.add(Event(ticket_id=office.ticket.id, kind=EventKind.OPENED, at=at, detail=detail))
        return office.ticket.id, other.id

    number, other = write(work)
    link = f'href="/solicitudes/{other}"'
    assert link not in browse(MARTIN).get(f"/solicitudes/{number}").text
    assert browse(ADMIN).get(f"/solicitudes/{number}").text.count(link) == 2


def test_a_mail_tells_how_it_came_and_no_proof_of_anybodys(
    write: Callable[..., int], browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    token = "a" * 26

    def work(office: Office) -> int:
        session, ticket = office.session, office.ticket
        at = ticket.created_at
        session.add(Participant(ticket_id=ticket.id, user_id=office.pedro.id, joined_at=at))
        first = add_message(session, ticket, office.laura, "hola", entry=True, verdict_reason="dmarc-pass")
        add_message(session, ticket, office.laura, "otra", entry=True)
        detail = {"accepted_by": office.martin.id}
        who = {"actor_id": office.laura.id, "message_id": first.id, "at": at}
        session.add(Event(ticket_id=ticket.id, kind=EventKind.OPENED, detail=detail, **who))
        return ticket.id

    number = write(work)
    with web_runtime.db.transaction() as session:
        recipients = json.dumps(["soporte@sysmo.example", f"r+{token}@sysmo.example"])
        session.connection().exec_driver_sql(f"UPDATE journal_entry SET recipients = '{recipients}'")
    page = browse(MARTIN).get(f"/solicitudes/{number}").text
    assert token not in page
    shown = words(page)
    assert "Para soporte@sysmo.example, su dirección de respuesta para esta solicitud" in shown
    assert shown.count("Copia pedro@andina.example Control") == 1
    assert "Martín Sosa lo dejó entrar." in shown
    assert "Descargar .eml ( 1 KB)" in shown.replace("(1", "( 1")


def test_a_long_history_takes_no_more_queries_than_a_short_one(
    write: Callable[..., tuple[int, int]], browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    def work(office: Office) -> tuple[int, int]:
        session, topic = office.session, make_topic(office.session, "Accesos", office.martin)
        numbers = []
        for count in (2, 60):
            ticket = make_ticket(session, office.laura, topic)
            numbers.append(ticket.id)
            for each in range(count):
                add_message(session, ticket, office.laura, f"n{each}", entry=True, html="<p>x</p>")
                add_delivery(session, ticket, office.martin, add_message(session, ticket, office.martin, "a"))
        return numbers[0], numbers[1]

    numbers = write(work)
    asked: list[str] = []
    event.listen(web_runtime.db.engine, "before_cursor_execute", lambda *given: asked.append(str(given[2])))
    for email in (MARTIN, LAURA):
        browser = browse(email)
        counts = []
        for number in numbers:
            browser.get(f"/solicitudes/{number}?todo=1")  # and is noted as read
            asked.clear()
            assert browser.get(f"/solicitudes/{number}?todo=1").status_code == 200
            counts.append(len(asked))
        assert counts[0] == counts[1]
        assert counts[1] < 40


def test_code_stands_as_code_and_printing_brings_notes_back_on_request(
    write: Callable[..., int], browse: Callable[..., Browser], clock: Clock
) -> None:
    def work(office: Office) -> int:
        add_message(office.session, office.ticket, office.laura, "Sale:\n\n    Error 10016: <b>\n\nGracias")
        return office.ticket.id

    number = write(work)
    operator = browse(MARTIN)
    assert "<pre><code>Error 10016: &lt;b&gt;</code></pre>" in operator.get(f"/solicitudes/{number}").text
    assert 'class="with-notes"' in operator.get(f"/solicitudes/{number}?imprimir=1&notas=1").text
    assert "with-notes" not in browse(LAURA).get(f"/solicitudes/{number}?imprimir=1&notas=1").text
