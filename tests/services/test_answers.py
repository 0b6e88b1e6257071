"""What an operator's answer by mail sets off besides reaching the client."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.tickets import Event
from gateway.models.topics import TopicOperator
from gateway.rules.lifecycle import EventKind, MessageKind
from gateway.rules.people import Notices, Role
from gateway.runtime import Runtime
from gateway.services import tickets
from gateway.services.contributions import Contribution
from gateway.services.tickets import Opening
from tests.factories import make_operator, make_topic, make_user, sender_of
from tests.office import Office, answer, body
from tests.services.test_intake import CLIENT, MARTIN, SOFIA, Desk


@pytest.fixture
def desk(session: Session, runtime: Runtime, now: datetime) -> Desk:
    martin, sofia = make_operator(session), make_operator(session, SOFIA, name="Sofía Paz")
    topic = make_topic(session, "Facturación", martin, sofia, is_default=True)
    return Desk(Office(runtime, session, now), topic, martin, sofia)


def missed(desk: Desk) -> list[str]:
    """Whom the mails on what they had not seen went to."""
    return [body(each) for each in desk.office.out() if each["X-Purpose"] == "missed"]


def test_an_operator_is_told_what_came_before_their_answer(desk: Desk) -> None:
    _, sent = desk.open()
    desk.office.deliver(answer(sent[CLIENT], "Ya anduvo, gracias.", sender=CLIENT, message_id="c2@x.example"))
    desk.office.out()
    desk.office.deliver(answer(sent[MARTIN], "¿Probaron de nuevo?", sender=MARTIN, message_id="m1@x.example"))
    out = desk.office.out()
    assert [(each["X-Envelope-To"], each["X-Purpose"]) for each in out] == [
        (CLIENT, "reply"),
        (MARTIN, "missed"),
    ]
    text = body(out[1])
    assert "> Ya anduvo, gracias." in text
    assert "Laura Giménez escribió:" in text
    assert out[1]["Auto-Submitted"] == "auto-generated"


def test_an_answer_to_the_newest_notice_misses_nothing(desk: Desk) -> None:
    _, sent = desk.open()
    desk.office.deliver(answer(sent[CLIENT], "Ya anduvo.", sender=CLIENT, message_id="c2@x.example"))
    newest = next(each for each in desk.office.out() if each["X-Envelope-To"] == MARTIN)
    desk.office.deliver(answer(newest, "Me alegro.", sender=MARTIN, message_id="m1@x.example"))
    assert missed(desk) == []


def test_what_was_told_once_or_seen_at_the_last_answer_is_not_told_again(desk: Desk) -> None:
    _, sent = desk.open()
    desk.office.deliver(answer(sent[CLIENT], "Ya anduvo.", sender=CLIENT, message_id="c2@x.example"))
    desk.office.deliver(answer(sent[MARTIN], "¿Y ahora?", sender=MARTIN, message_id="m1@x.example"))
    assert len(missed(desk)) == 1
    desk.office.deliver(answer(sent[MARTIN], "Recién lo leo.", sender=MARTIN, message_id="m2@x.example"))
    assert missed(desk) == []


def test_the_answer_of_a_colleague_and_what_they_did_are_told(desk: Desk) -> None:
    _, sent = desk.open()
    desk.office.deliver(
        answer(sent[SOFIA], "#cerrar\nListo, era el certificado.", sender=SOFIA, message_id="s1@x.example")
    )
    desk.office.deliver(answer(sent[MARTIN], "Lo miro yo.", sender=MARTIN, message_id="m1@x.example"))
    (text,) = missed(desk)
    assert "Sofía Paz tomó la solicitud." in text
    assert "> Listo, era el certificado." in text
    assert "Sofía Paz la cerró." in text


def test_of_an_internal_comment_only_that_it_was_made(desk: Desk) -> None:
    _, sent = desk.open()
    desk.office.deliver(
        answer(sent[SOFIA], "#interno\nOjo que debe tres meses.", sender=SOFIA, message_id="s1@x.example")
    )
    desk.office.out()
    desk.office.deliver(answer(sent[MARTIN], "Lo miro yo.", sender=MARTIN, message_id="m1@x.example"))
    (text,) = missed(desk)
    assert "Sofía Paz dejó un comentario interno" in text
    assert "tres meses" not in text


def test_what_is_answered_to_such_a_notice_is_for_the_client(desk: Desk) -> None:
    ticket, sent = desk.open()
    desk.office.deliver(answer(sent[CLIENT], "Ya anduvo.", sender=CLIENT, message_id="c2@x.example"))
    comment = answer(sent[SOFIA], "#interno\nQué bueno.", sender=SOFIA, message_id="s1@x.example")
    desk.office.deliver(comment)
    desk.office.deliver(answer(sent[MARTIN], "Lo miro yo.", sender=MARTIN, message_id="m1@x.example"))
    told = next(each for each in desk.office.out() if each["X-Purpose"] == "missed")
    desk.office.deliver(answer(told, "Ah, me alegro.", sender=MARTIN, message_id="m2@x.example"))
    assert desk.messages(ticket)[-1].kind is MessageKind.PUBLIC


@pytest.mark.parametrize("reply_address", ["soporte+{token}@example.com", ""])
def test_an_answer_to_a_clients_message_is_no_comment_because_one_was_made_before(
    make_runtime: Callable[..., Runtime], session: Session, now: datetime, reply_address: str
) -> None:
    runtime = make_runtime(f'[mail]\nreply_address = "{reply_address}"')
    martin, sofia = make_operator(session), make_operator(session, SOFIA, name="Sofía Paz")
    topic = make_topic(session, "Facturación", martin, sofia, is_default=True)
    desk = Desk(Office(runtime, session, now), topic, martin, sofia)
    ticket, sent = desk.open()
    comment = answer(sent[SOFIA], "#interno\nOjo con este.", sender=SOFIA, message_id="s1@x.example")
    desk.office.deliver(comment)
    (internal,) = desk.office.out()
    desk.office.deliver(answer(sent[CLIENT], "¿Hay novedades?", sender=CLIENT, message_id="c2@x.example"))
    notice = next(each for each in desk.office.out() if each["X-Envelope-To"] == MARTIN)
    assert internal["Message-ID"] in notice["References"]
    desk.office.deliver(answer(notice, "Sí, ya está.", sender=MARTIN, message_id="m1@x.example"))
    assert desk.messages(ticket)[-1].kind is MessageKind.PUBLIC
    both = answer(notice, "¿Y esto?", sender=MARTIN, message_id="m2@x.example", cc=internal["Reply-To"] or "")
    desk.office.deliver(both)
    expected = MessageKind.INTERNAL if reply_address else MessageKind.PUBLIC
    assert desk.messages(ticket)[-1].kind is expected, "addressed to both, it is for the team (T11)"


def test_the_notice_of_a_moved_request_names_the_client_not_who_moved_it(desk: Desk) -> None:
    session = desk.office.session
    eva = make_operator(session, "eva@sysmo.example", name="Eva Redes")
    make_topic(session, "Redes", eva)
    _, sent = desk.open()
    desk.office.deliver(answer(sent[MARTIN], "#tematica redes", sender=MARTIN, message_id="m1@x.example"))
    (notice,) = desk.office.out_to(eva.email)
    assert "Laura Giménez\r\nlaura.gimenez@andina.example" in body(notice)
    assert notice["From"].startswith("Laura Giménez")


def test_the_notice_of_a_moved_request_names_the_operator_who_filed_it(desk: Desk) -> None:
    """Sofía filed it for a client and does not answer the topic it is moved to."""
    session, office = desk.office.session, desk.office
    eva, laura = make_operator(session, "eva@sysmo.example", name="Eva Redes"), make_user(session)
    elsewhere = make_topic(session, "Redes", eva)
    sofia = sender_of(desk.sofia)
    opening = Opening(desk.topic, "Sin red", Contribution("No hay red."), brought_by=sofia, written_by=sofia)
    number = tickets.open_ticket(session, office.desk, sender_of(laura), opening, now=office.now).id
    office.out()
    tickets.move(
        session, office.desk, desk.ticket(number), elsewhere, by=sender_of(desk.martin), now=office.now
    )
    (notice,) = office.out_to(eva.email)
    assert "Sofía Paz" in notice["From"]
    assert "Sofía Paz" in body(notice)


def test_that_a_comment_was_made_is_told_to_no_client(desk: Desk) -> None:
    """Answered line by line, a mail on what was missed would name it (C1)."""
    _, sent = desk.open()
    comment = answer(sent[SOFIA], "#interno\nOjo con este.", sender=SOFIA, message_id="s1@x.example")
    desk.office.deliver(comment)
    desk.office.deliver(answer(sent[MARTIN], "Lo miro yo.", sender=MARTIN, message_id="m1@x.example"))
    told = next(each for each in desk.office.out() if each["X-Purpose"] == "missed")
    copied = "Pasó esto:\n\n" + body(told)
    done = desk.office.deliver(answer(told, copied, sender=MARTIN, message_id="m2@x.example"))
    assert done.reason == "leak-marker"


def test_an_internal_answer_asks_for_no_such_notice(desk: Desk) -> None:
    _, sent = desk.open()
    desk.office.deliver(answer(sent[CLIENT], "Ya anduvo.", sender=CLIENT, message_id="c2@x.example"))
    desk.office.deliver(answer(sent[MARTIN], "#interno\nLo miro.", sender=MARTIN, message_id="m1@x.example"))
    assert missed(desk) == []


def test_who_is_named_with_an_at_sign_is_told_of_the_comment(desk: Desk) -> None:
    session = desk.office.session
    admin = make_operator(session, "jefa@sysmo.example", name="Carla Jefa", role=Role.ADMIN)
    other = make_operator(session, "otro@sysmo.example", name="Otro Operador")
    _, sent = desk.open()
    text = "#interno\n@carla y @otro, ¿qué hacemos?"
    desk.office.deliver(answer(sent[MARTIN], text, sender=MARTIN, message_id="m1@x.example"))
    told = [each["X-Envelope-To"] for each in desk.office.out()]
    assert told == [admin.email]
    assert other.email not in told, "who may not read the request cannot be called to it"


def test_who_is_named_is_told_even_if_they_want_no_notices(desk: Desk) -> None:
    session = desk.office.session
    quiet = make_operator(session, "quieta@sysmo.example", name="Quieta Ríos")
    session.add(TopicOperator(topic_id=desk.topic.id, user_id=quiet.id, notices=Notices.NOTHING))
    session.flush()
    _, sent = desk.open()
    text = "#interno\n@quieta mirá"
    desk.office.deliver(answer(sent[MARTIN], text, sender=MARTIN, message_id="m1@x.example"))
    assert [each["X-Envelope-To"] for each in desk.office.out()] == [quiet.email]


def test_addresses_in_copy_of_a_later_mail_are_proposed_once_and_get_nothing(desk: Desk) -> None:
    ticket, sent = desk.open()
    more = {"cc": "Depósito <deposito@andina.example>, soporte@example.com", "message_id": "c2@x.example"}
    desk.office.deliver(answer(sent[CLIENT], "Sumo a depósito.", sender=CLIENT, **more))
    more["message_id"] = "c3@x.example"
    desk.office.deliver(answer(sent[CLIENT], "Otra cosa.", sender=CLIENT, **more))
    desk.office.out()
    desk.office.deliver(answer(sent[MARTIN], "Gracias.", sender=MARTIN, message_id="m1@x.example"))
    assert {each["X-Envelope-To"] for each in desk.office.out()} == {CLIENT, MARTIN}
    event = table_of(Event)
    found = desk.office.session.execute(
        select(event.c.detail).where(event.c.ticket_id == ticket.id, event.c.kind == EventKind.PROPOSED)
    ).scalars()
    assert [each["to"] for each in found] == ["deposito@andina.example"]


def test_an_operator_in_copy_is_not_proposed(desk: Desk) -> None:
    ticket, sent = desk.open()
    raw = answer(sent[CLIENT], "Hola.", sender=CLIENT, cc=SOFIA, message_id="c2@x.example")
    desk.office.deliver(raw)
    assert EventKind.PROPOSED not in desk.events(ticket)
    assert desk.messages(ticket)[-1].kind is MessageKind.PUBLIC
