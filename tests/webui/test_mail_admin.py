"""The page of mail: who may see and decide what, and what each decision does (T4, T16, D6, E3, E6, E7)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlmodel import Session

from gateway.mail.reading import Reading
from gateway.models.columns import table_of
from gateway.models.people import User, WebSession
from gateway.models.queues import JournalEntry, OutboxItem, OutboxState, Purpose
from gateway.models.site import AuditEntry, Deed
from gateway.models.tickets import Event, Message, Participant
from gateway.rules.admission import Decision, Outcome
from gateway.rules.lifecycle import EventKind
from gateway.runtime import Runtime
from gateway.services import attention, audit, books, ledger, outbox
from tests.conftest import NOW
from tests.office import Office, mail
from tests.webui.conftest import Browser, Clock
from tests.webui.scene import Scene, make_scene
from webui.mail_reading import MailReading

ADA, MARTIN, CARLA = "admin@sysmo.example", "martin.sosa@sysmo.example", "carla.nunez@sysmo.example"
LAURA, DIEGO, STRANGER = "laura.gimenez@andina.example", "diego@albornoz.example", "r.molina@correo.example"
EVIL = "<script>alert(1)</script>"
OVERVIEW = "/admin/correo"


class Unread:
    """Stands for the child process where a test is not about what a mail says."""

    async def whole(self, raw: bytes, arrival: Any) -> Reading | None:
        return None

    async def subjects(self, heads: Any) -> dict[int, str]:
        return {key: f"Asunto {key}" for key in heads}


@dataclass
class Post:
    """The office of the scene with some mail that waits for a person."""

    runtime: Runtime
    scene: Scene
    held: int
    lonely: int
    number: int = 0

    def entry(self, entry_id: int) -> JournalEntry:
        return self._row(JournalEntry, entry_id)

    def item(self, item_id: int) -> OutboxItem:
        return self._row(OutboxItem, item_id)

    def _row(self, model: Any, key: int) -> Any:
        with self.runtime.db.snapshot() as session:
            row = session.get_one(model, key)
            session.expunge(row)
            return row

    def deeds(self) -> list[tuple[Deed, str]]:
        with self.runtime.db.snapshot() as session:
            entry = table_of(AuditEntry).c
            return [
                tuple(row) for row in session.execute(select(entry.deed, entry.subject).order_by(entry.id))
            ]

    def process(self, entry_id: int) -> int:
        """Do what the processor does with a mail that was let in; return its request."""
        with self.runtime.db.transaction() as session:
            done = Office(self.runtime, session, NOW).apply(entry_id)
            assert done.outcome in (Outcome.OPENED, Outcome.APPENDED)
            assert done.ticket_id is not None
            return done.ticket_id

    def last_message(self, ticket: int) -> Message:
        with self.runtime.db.snapshot() as session:
            query = select(Message).where(Message.ticket_id == ticket).order_by(Message.number.desc())  # type: ignore
            row = session.execute(query).scalars().first()
            assert row is not None
            session.expunge(row)
            return row

    def mail_out(self, state: OutboxState, **values: Any) -> int:
        """A reply to Laura that stands so."""
        self.number += 1
        with self.runtime.db.transaction() as session:
            laura = session.execute(
                select(table_of(User).c.id).where(table_of(User).c.email == LAURA)
            ).scalar_one()
            row = OutboxItem(
                **{
                    "ticket_id": self.scene.ticket,
                    "user_id": laura,
                    "recipient": LAURA,
                    "purpose": Purpose.REPLY,
                    "resend": True,
                    "message_id": f"<out{self.number}@sysmo.example>",
                    "head": b"",
                    "state": state,
                    "attempts": 4,
                    "last_error": "550 5.1.1 User unknown",
                    "created_at": NOW,
                }
                | values
            )
            session.add(row)
            session.flush()
            return row.id


def hold(session: Session, runtime: Runtime, ticket: int | None, **values: str) -> int:
    """A mail of a stranger that is held, for a request or for none."""
    office = Office(runtime, session, NOW)
    entry_id = office.journal(mail(sender=STRANGER, **values), recipients=["soporte@example.com"])
    entry = session.get_one(JournalEntry, entry_id)
    entry.outcome, entry.reason, entry.ticket_id = Outcome.HELD, "stranger" if ticket else "rate", ticket
    entry.settled_at, entry.due_at = NOW, None
    session.add(entry)
    session.flush()
    return entry_id


@pytest.fixture
def post(web_runtime: Runtime, app: Any) -> Post:
    app.state.mail_reading = Unread()
    with web_runtime.db.transaction() as session:
        scene = make_scene(session)
        about = hold(
            session, web_runtime, scene.ticket, text="Tu código es 9182", message_id="a@correo.example"
        )
        lonely = hold(session, web_runtime, None, subject=EVIL, message_id="b@correo.example")
    return Post(web_runtime, scene, about, lonely)


def decide(browser: Browser, entry_id: int, what: str, key: str = "k", **fields: str) -> Any:
    sent = {"envio": key, "visto": "", **fields}
    return browser.send_form(f"{OVERVIEW}/retenidos/{entry_id}/{what}", sent, page="/bandeja")


def submit(browser: Browser, path: str, key: str = "k") -> Any:
    return browser.send_form(OVERVIEW + path, {"envio": key}, page=OVERVIEW)


@pytest.mark.parametrize(
    ("who", "about", "lonely"),
    [
        (LAURA, 404, 404),
        (DIEGO, 404, 404),
        (MARTIN, 200, 404),
        (CARLA, 404, 404),
        (ADA, 200, 200),
        (None, 303, 303),
    ],
)
def test_an_operator_sees_held_mail_of_requests_they_may_open_only(
    browse: Callable[..., Browser], post: Post, who: str | None, about: int, lonely: int
) -> None:
    browser = browse(who)
    for entry_id, expected in (
        (post.held, about),
        (post.lonely, lonely),
        (2**40, 303 if who is None else 404),
    ):
        assert browser.get(f"{OVERVIEW}/retenidos/{entry_id}").status_code == expected
        if expected == 404:
            for what in ("aceptar", "descartar"):
                sent = {"envio": what, "visto": "", "destino": "nueva"}
                path = f"{OVERVIEW}/retenidos/{entry_id}/{what}"
                assert browser.send_form(path, sent, page="/solicitudes").status_code == 404
    assert post.entry(post.held).decision is None
    assert post.entry(post.lonely).decision is None


def test_a_mail_accepted_onto_its_request_becomes_a_message_there(
    browse: Callable[..., Browser], post: Post
) -> None:
    browser = browse(MARTIN)
    done = decide(browser, post.held, "aceptar", destino="candidata")
    assert (done.status_code, done.headers["location"]) == (303, f"/solicitudes/{post.scene.ticket}")
    assert post.process(post.held) == post.scene.ticket
    assert post.last_message(post.scene.ticket).text == "Tu código es 9182"
    assert post.deeds() == [(Deed.MAIL_ACCEPTED, str(post.held))]
    page = browser.get(f"{OVERVIEW}/retenidos/{post.held}").text
    assert "Martín Sosa lo aceptó" in page
    assert "aceptar" not in page


@pytest.mark.parametrize("joins", [False, True])
def test_the_writer_takes_part_only_when_that_is_decided_too(
    browse: Callable[..., Browser], post: Post, joins: bool
) -> None:
    more = {"persona": "si"} if joins else {}
    decide(browse(ADA), post.held, "aceptar", destino="candidata", **more)
    post.process(post.held)
    with post.runtime.db.snapshot() as session:
        query = select(table_of(User).c.email).join(Participant, Participant.user_id == table_of(User).c.id)  # type: ignore
        emails = set(session.execute(query.where(Participant.ticket_id == post.scene.ticket)).scalars())  # type: ignore
    assert (STRANGER in emails) == joins


def test_a_mail_can_open_a_request_or_go_onto_another(browse: Callable[..., Browser], post: Post) -> None:
    browser = browse(ADA)
    assert decide(browser, post.held, "aceptar", destino="nueva").headers["location"] == OVERVIEW
    assert post.process(post.held) not in (post.scene.ticket, post.scene.other_ticket)
    number = {"destino": "otra", "solicitud": f" #{post.scene.other_ticket} "}
    assert decide(browser, post.lonely, "aceptar", key="k2", **number).status_code == 303
    assert post.process(post.lonely) == post.scene.other_ticket


@pytest.mark.parametrize(
    ("who", "fields", "sentence"),
    [
        (ADA, {"destino": "otra", "solicitud": "999999"}, "No hay una solicitud #999999."),
        (ADA, {"destino": "otra", "solicitud": "x<b>"}, "Escribí el número de la solicitud"),
        (ADA, {"destino": "otra", "solicitud": "9" * 40}, "Escribí el número de la solicitud"),
        (ADA, {}, "Elegí en qué se convierte el correo."),
        (MARTIN, {"destino": "otra", "solicitud": "OTHER"}, "No hay una solicitud"),
    ],
)
def test_what_cannot_be_is_said_on_the_form_and_nothing_is_decided(
    browse: Callable[..., Browser], post: Post, who: str, fields: dict[str, str], sentence: str
) -> None:
    """A request an operator may not open is answered as one that is not there (C6)."""
    given = {name: value.replace("OTHER", str(post.scene.other_ticket)) for name, value in fields.items()}
    answer = decide(browse(who), post.held, "aceptar", **given)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "<title>Error:" in answer.text
    assert post.entry(post.held).decision is None


def test_a_discarded_mail_is_kept_listed_no_more_and_can_still_be_accepted(
    browse: Callable[..., Browser], post: Post
) -> None:
    browser = browse(ADA)
    assert decide(browser, post.held, "descartar").status_code == 303
    assert f"/retenidos/{post.held}" not in browser.get(OVERVIEW).text
    assert post.entry(post.held).outcome is Outcome.HELD
    page = browser.get(f"{OVERVIEW}/retenidos/{post.held}").text
    assert "Ada Admin lo descartó" in page
    seen = page.partition('name="visto" value="')[2].partition('"')[0]
    assert seen
    assert decide(browser, post.held, "aceptar", key="k2", destino="candidata", visto=seen).status_code == 303
    assert post.process(post.held) == post.scene.ticket
    assert [deed for deed, _ in post.deeds()] == [Deed.MAIL_DISCARDED, Deed.MAIL_ACCEPTED]


@pytest.mark.parametrize("first", ["aceptar", "descartar"])
@pytest.mark.parametrize("second", ["aceptar", "descartar"])
def test_of_two_who_decide_the_second_is_told_who_did(
    browse: Callable[..., Browser], post: Post, first: str, second: str
) -> None:
    """Both saw the mail undecided."""
    decide(browse(MARTIN), post.held, first, destino="candidata")
    answer = decide(browse(ADA), post.held, second, destino="nueva")
    assert answer.status_code == 422
    assert "Martín Sosa lo decidió mientras tanto." in answer.text
    assert len(post.deeds()) == 1


def test_a_form_sent_twice_decides_once(browse: Callable[..., Browser], post: Post) -> None:
    browser = browse(ADA)
    answers = [decide(browser, post.held, "aceptar", destino="nueva") for _ in range(2)]
    assert [each.headers["location"] for each in answers] == [OVERVIEW, OVERVIEW]
    assert post.deeds() == [(Deed.MAIL_ACCEPTED, str(post.held))]


def test_nobody_accepts_a_mail_of_their_own(browse: Callable[..., Browser], post: Post) -> None:
    with post.runtime.db.transaction() as session:
        entry = table_of(JournalEntry)
        session.execute(update(entry).where(entry.c.id == post.held).values(from_address=MARTIN))
    answer = decide(browse(MARTIN), post.held, "aceptar", destino="candidata")
    assert answer.status_code == 422
    assert post.entry(post.held).decision is None


def test_what_no_decision_overrules_offers_no_acceptance(browse: Callable[..., Browser], post: Post) -> None:
    with post.runtime.db.transaction() as session:
        session.get_one(JournalEntry, post.lonely).reason = "own-address"
    browser = browse(ADA)
    page = browser.get(f"{OVERVIEW}/retenidos/{post.lonely}").text
    assert "No se puede aceptar." in page
    assert "/aceptar" not in page
    assert "se puede aceptar más adelante" not in page
    assert decide(browser, post.lonely, "aceptar", destino="nueva").status_code == 422
    listed = browser.get(OVERVIEW).text
    assert f"/retenidos/{post.held}#decidir" in listed
    assert f"/retenidos/{post.lonely}#decidir" not in listed
    assert f"/retenidos/{post.lonely}/descartar" in listed


def test_a_page_that_shows_itself_anew_keeps_no_session_alive(
    browse: Callable[..., Browser], post: Post, clock: Clock
) -> None:
    browser = browse(ADA)
    clock.now += timedelta(minutes=30)

    def seen() -> Any:
        with post.runtime.db.snapshot() as session:
            return session.execute(select(table_of(WebSession).c.seen_at)).scalar_one()

    assert browser.get(OVERVIEW, headers={"X-Sysmo-Unattended": "1"}).status_code == 200
    assert seen() == NOW
    assert browser.get(OVERVIEW).status_code == 200
    assert seen() == clock.now


def test_the_tab_counts_what_waits_for_a_person(browse: Callable[..., Browser], post: Post) -> None:
    post.mail_out(OutboxState.FAILED)
    post.mail_out(OutboxState.FAILED, given_up_at=NOW)
    post.mail_out(OutboxState.DEFERRED, due_at=NOW)
    with post.runtime.db.transaction() as session:
        session.get_one(JournalEntry, post.lonely).outcome = Outcome.FAILED
    page = browse(ADA).get("/admin/actividad").text
    assert '<span class="n">3<span class="vh"> para revisar</span></span>' in page


def test_a_mail_that_could_not_be_read_is_listed_and_can_be_tried_again(
    browse: Callable[..., Browser], post: Post
) -> None:
    with post.runtime.db.transaction() as session:
        entry = session.get_one(JournalEntry, post.lonely)
        entry.outcome, entry.attempts, entry.last_error = Outcome.FAILED, 4, f"memory {EVIL}"
    browser = browse(ADA)
    page = browser.get(OVERVIEW).text
    assert "No se pudo leer" in page
    assert EVIL not in page
    assert submit(browser, f"/entrada/{post.lonely}/reintentar").status_code == 303
    entry = post.entry(post.lonely)
    assert (entry.outcome, entry.attempts, entry.last_error) == (None, 0, None)
    assert submit(browser, f"/entrada/{post.lonely}/reintentar", key="k2").status_code == 422
    assert submit(browser, f"/entrada/{post.held}/reintentar", key="k3").status_code == 422
    assert submit(browser, "/entrada/999999/reintentar", key="k4").status_code == 404
    assert post.deeds() == [(Deed.MAIL_RETRIED, str(post.lonely))]


def test_a_mail_that_could_not_be_read_can_be_put_away_and_is_kept(
    browse: Callable[..., Browser], post: Post
) -> None:
    with post.runtime.db.transaction() as session:
        entry = session.get_one(JournalEntry, post.lonely)
        entry.outcome, entry.attempts, entry.last_error, entry.reason = Outcome.FAILED, 4, "memory", "failed"
        session.flush()
        before, differences = attention.to_review(session), list(books.differences(session))
    browser = browse(ADA)
    path = f"/entrada/{post.lonely}/descartar"
    assert submit(browser, path).status_code == 303
    entry = post.entry(post.lonely)
    assert (entry.outcome, entry.decision, entry.decided_at) == (Outcome.FAILED, Decision.DISCARD, NOW)
    page = browser.get(OVERVIEW).text
    assert "No se pudo leer" not in page
    with post.runtime.db.snapshot() as session:
        assert attention.to_review(session) == before - 1
        assert attention.set_aside(session).failed == 0
        assert list(books.differences(session)) == differences
        for outcome, count in (("failed", 0), ("discarded", 1)):
            assert len(list(ledger.mails_in(session, outcome=outcome))) == count
    assert submit(browser, path, key="k2").status_code == 422
    assert submit(browser, f"/entrada/{post.held}/descartar", key="k3").status_code == 422
    assert submit(browser, "/entrada/999999/descartar", key="k4").status_code == 404
    assert submit(browser, f"/entrada/{post.lonely}/reintentar", key="k5").status_code == 303
    entry = post.entry(post.lonely)
    assert (entry.outcome, entry.decision, entry.decided_by, entry.decided_at) == (None, None, None, None)
    assert [deed for deed, _ in post.deeds()] == [Deed.MAIL_DISCARDED, Deed.MAIL_RETRIED]


@pytest.mark.parametrize("state", [OutboxState.FAILED, OutboxState.UNCERTAIN, OutboxState.DEFERRED], ids=str)
def test_a_mail_out_can_be_tried_again(
    browse: Callable[..., Browser], post: Post, state: OutboxState
) -> None:
    due = NOW + timedelta(hours=2) if state is OutboxState.DEFERRED else None
    item = post.mail_out(state, due_at=due)
    browser = browse(ADA)
    assert "La dirección no existe." in browser.get(OVERVIEW).text or state is OutboxState.UNCERTAIN
    assert submit(browser, f"/salida/{item}/reintentar").status_code == 303
    tried = post.item(item)
    assert tried.due_at == NOW
    assert tried.state is (state if state is OutboxState.DEFERRED else OutboxState.QUEUED)
    assert tried.attempts == (4 if state is OutboxState.DEFERRED else 0)
    assert post.deeds() == [(Deed.MAIL_RETRIED, f"out-{item}")]


def test_a_mail_goes_out_again_only_to_who_may_still_see_it(
    browse: Callable[..., Browser], post: Post
) -> None:
    """E3: the bytes are fixed, so the question is asked before they are sent again."""
    item, fine = (
        post.mail_out(OutboxState.FAILED),
        post.mail_out(OutboxState.FAILED, user_id=None, ticket_id=None),
    )
    with post.runtime.db.transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM participant")
    browser = browse(ADA)
    answer = submit(browser, f"/salida/{item}/reintentar")
    assert answer.status_code == 422
    assert "ya no puede ver esa solicitud" in answer.text
    assert submit(browser, "/salida/reintentar", key="k2").status_code == 303
    assert (post.item(item).state, post.item(fine).state) == (OutboxState.FAILED, OutboxState.QUEUED)


def test_a_mail_given_up_is_kept_and_listed_no_more(browse: Callable[..., Browser], post: Post) -> None:
    item = post.mail_out(OutboxState.FAILED)
    browser = browse(ADA)
    assert submit(browser, f"/salida/{item}/abandonar").status_code == 303
    kept = post.item(item)
    assert (kept.state, kept.given_up_at) == (OutboxState.FAILED, NOW)
    assert f"/salida/{item}/" not in browser.get(OVERVIEW).text
    assert post.deeds() == [(Deed.MAIL_GIVEN_UP, f"out-{item}")]
    assert f"Abandonó el correo out-{item}" in browser.get("/admin/actividad").text


def test_a_delayed_mail_given_up_is_sent_no_more_and_its_writer_is_told(
    browse: Callable[..., Browser], post: Post
) -> None:
    """A mailer that claimed it a moment ago can neither send nor settle it."""
    with post.runtime.db.snapshot() as session:
        event = table_of(Event).c
        replied = session.execute(select(event.id).where(event.kind == EventKind.REPLIED)).scalars().first()
    item = post.mail_out(OutboxState.DEFERRED, due_at=NOW, event_id=replied)
    with post.runtime.db.transaction() as session:
        (claimed,) = outbox.claim(session, worker="w", lasting=timedelta(minutes=5), limit=9, now=NOW)
    assert submit(browse(ADA), f"/salida/{item}/abandonar").status_code == 303
    with post.runtime.db.transaction() as session:
        assert outbox.transmitting(session, claimed, until=NOW + timedelta(minutes=5)) == "lease lost"
    ended = post.item(item)
    assert (ended.state, ended.due_at) == (OutboxState.FAILED, None)
    with post.runtime.db.snapshot() as session:
        event, row = table_of(Event).c, table_of(OutboxItem).c
        shown = (
            session.execute(select(event.detail).where(event.kind == EventKind.NOT_DELIVERED)).scalars().all()
        )
        told = (
            session.execute(select(row.recipient).where(row.purpose == Purpose.UNDELIVERED)).scalars().all()
        )
    assert [each["mail"] for each in shown] == [item]
    assert told == [MARTIN]


def test_what_is_being_sent_is_not_given_up(browse: Callable[..., Browser], post: Post) -> None:
    item = post.mail_out(OutboxState.TRANSMITTING, due_at=NOW)
    answer = submit(browse(ADA), f"/salida/{item}/abandonar")
    assert answer.status_code == 422
    assert "está saliendo en este momento" in answer.text


def test_held_mail_is_shown_with_all_that_is_needed_to_decide_and_escaped(
    browse: Callable[..., Browser], post: Post, app: Any
) -> None:
    """D7: it is read in a child process; T14, W20: whatever stands in it is text."""
    app.state.mail_reading = create_reading(app)
    with post.runtime.db.transaction() as session:
        ticket = post.scene.ticket
        entry = hold(
            session,
            post.runtime,
            ticket,
            subject=f"Consulta {EVIL}",
            text=f"Hola {EVIL}\n\nAdiós",
            message_id="c@x.example",
        )
    browser = browse(MARTIN)
    page = browser.get(f"{OVERVIEW}/retenidos/{entry}").text
    assert EVIL not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 2
    for words in ("Adiós", STRANGER, "no verificado", f"#{ticket}", "agregarlo a la solicitud"):
        assert words in page, words
    assert "Consulta &lt;script&gt;" in browse(ADA).get(OVERVIEW).text


def create_reading(app: Any) -> MailReading:
    return MailReading(app.state.web.desk)


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_activity_log_tells_who_did_what(
    browse: Callable[..., Browser], post: Post, language: str
) -> None:
    with post.runtime.db.transaction() as session:
        session.connection().exec_driver_sql(f"UPDATE person SET language = '{language}'")
        for number in range(60):
            audit.note(session, Deed.TOPIC_ADDED, f"{EVIL} {number}", by=None, now=NOW, operators=[EVIL])
    browser = browse(ADA)
    decide(browser, post.held, "descartar")
    page = browser.get("/admin/actividad").text
    assert EVIL not in page
    line = {"es": f"Descartó el correo {post.held}", "en": f"Discarded the e-mail {post.held}"}
    assert line[language] in page
    following = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    older = browser.get(following.replace("&amp;", "&")).text
    assert "alert(1)&lt;/script&gt; 0" in older
    assert line[language] not in older
    assert line[language] not in browser.get("/admin/actividad?quien=0").text
    assert line[language] in browser.get("/admin/actividad?que=mail_discarded").text
    assert line[language] in browser.get("/admin/actividad?quien=x&que=y&antes=z").text
