"""Of two hundred operators twenty are told at once, the others in one mail that tells no text (B11)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import delete, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import OutboxItem, PendingNotice
from gateway.models.tickets import Event
from gateway.models.topics import Topic, TopicOperator
from gateway.outbound.scheduler import work_off
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Role, UserStatus
from gateway.runtime import Runtime
from gateway.services import digests
from tests.factories import make_operator, make_ticket, make_topic, make_user
from tests.office import Office, answer, body, mail
from tests.queues import Clock

CLIENT = "laura.gimenez@andina.example"


@dataclass
class Crowd:
    """An office with a topic that many answer."""

    office: Office
    topic: Topic
    operators: list[User]

    def told(self) -> dict[str, list[EmailMessage]]:
        """What went out since the last look, by purpose."""
        found: dict[str, list[EmailMessage]] = {}
        for each in self.office.out():
            found.setdefault(each["X-Purpose"], []).append(each)
        return found

    def digests(self) -> list[EmailMessage]:
        digests.send(self.office.session, self.office.desk, now=self.office.now)
        sent = self.told()
        assert set(sent) <= {"digest"}
        return sent.get("digest", [])

    def waiting(self) -> int:
        return len(self.office.session.execute(select(table_of(PendingNotice).c.id)).all())


def crowd_of(session: Session, runtime: Runtime, now: datetime, count: int) -> Crowd:
    operators = [make_operator(session, f"op{number:03}@sysmo.example") for number in range(count)]
    topic = make_topic(session, "Facturación", *operators, is_default=True)
    return Crowd(Office(runtime, session, now), topic, operators)


@pytest.fixture
def crowd(session: Session, runtime: Runtime, now: datetime) -> Crowd:
    return crowd_of(session, runtime, now, 23)


def test_of_two_hundred_operators_twenty_are_told_at_once(
    session: Session, runtime: Runtime, now: datetime
) -> None:
    crowd = crowd_of(session, runtime, now, 200)
    crowd.office.deliver(mail(), recipients=["soporte@example.com"])
    sent = crowd.told()
    assert {purpose: len(mails) for purpose, mails in sent.items()} == {"notice": 20, "acknowledgement": 1}
    assert [each["X-Envelope-To"] for each in sent["notice"]] == [each.email for each in crowd.operators[:20]]
    assert crowd.waiting() == 180
    gathered = crowd.digests()
    assert [each["X-Envelope-To"] for each in gathered] == [each.email for each in crowd.operators[20:]]
    assert crowd.waiting() == 0
    assert crowd.digests() == []


def test_a_digest_says_what_happened_and_never_what_was_written(crowd: Crowd) -> None:
    crowd.office.deliver(mail(), recipients=["soporte@example.com"])
    notice = crowd.told()["notice"][0]
    comment = answer(notice, "#interno\n\nCANARIO: es un moroso.", sender=notice["X-Envelope-To"])
    crowd.office.now += timedelta(minutes=1)
    crowd.office.deliver(comment)
    assert len(crowd.told()["notice"]) == 20, "of the 22 who did not write it"
    digest, *others = crowd.digests()
    text = body(digest)
    assert digest["X-Envelope-To"] == "op020@sysmo.example"
    assert "Solicitud nueva, de Laura Giménez, en Facturación" in text
    assert "No puedo emitir facturas A (#1)" in text
    assert "/solicitudes/1" in text
    assert "CANARIO" not in digest.as_string()
    assert "Desde ayer" not in text, "nor what the client wrote"
    assert others[-1]["Subject"] == "2 novedades en tus temáticas"
    assert "Comentario interno, de Martín Sosa" in body(others[-1])
    assert (digest["Reply-To"], digest["Auto-Submitted"]) == (None, "auto-generated")


def test_who_has_the_request_is_told_first(crowd: Crowd, session: Session) -> None:
    make_topic(session, "Ventas", *crowd.operators)
    crowd.office.deliver(mail(), recipients=["soporte@example.com"])
    first = crowd.told()["notice"][0]
    crowd.digests()
    last, sender = crowd.operators[-1], crowd.operators[0].email
    crowd.office.now += timedelta(minutes=1)
    crowd.office.deliver(answer(first, f"#asignar {last.email}", sender=sender, message_id="1@s.example"))
    (assigned,) = crowd.told()["notice"]
    assert assigned["X-Envelope-To"] == last.email
    crowd.office.now += timedelta(minutes=1)
    crowd.office.deliver(answer(first, "#tematica Ventas", sender=sender, message_id="2@s.example"))
    assert last.email in [each["X-Envelope-To"] for each in crowd.told()["notice"]]


def test_all_commands_of_one_mail_share_the_twenty(crowd: Crowd, session: Session) -> None:
    others = [make_operator(session, f"red{number:02}@sysmo.example") for number in range(25)]
    make_topic(session, "Redes", *others, crowd.operators[0])
    crowd.office.deliver(mail(), recipients=["soporte@example.com"])
    notice = crowd.told()["notice"][0]
    crowd.digests()
    text = f"#interno\n#tematica Redes\n#asignar {others[3].email}\n\nVa para redes."
    crowd.office.now += timedelta(minutes=1)
    crowd.office.deliver(answer(notice, text, sender=crowd.operators[0].email))
    assert len(crowd.told()["notice"]) == 20
    assert crowd.waiting() == 22 + 25 + 1 - 20


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({}, True, id="as before"),
        pytest.param({"status": UserStatus.DISABLED}, False, id="disabled"),
        pytest.param({"role": Role.CLIENT}, False, id="no longer an operator"),
    ],
)
def test_who_may_not_see_it_any_more_is_not_told(
    crowd: Crowd, session: Session, change: dict[str, object], told: bool
) -> None:
    crowd.office.deliver(mail(), recipients=["soporte@example.com"])
    crowd.told()
    for name, value in change.items():
        setattr(crowd.operators[22], name, value)
    session.flush()
    assert (crowd.operators[22].email in [each["X-Envelope-To"] for each in crowd.digests()]) is told


def test_who_left_the_topic_is_not_told(crowd: Crowd, session: Session) -> None:
    crowd.office.deliver(mail(), recipients=["soporte@example.com"])
    crowd.told()
    serving = table_of(TopicOperator).c
    session.execute(delete(TopicOperator).where(serving.user_id == crowd.operators[20].id))
    assert len(crowd.digests()) == 2


def test_towards_who_gets_no_automatic_mail_it_is_left_out_and_noted(crowd: Crowd, session: Session) -> None:
    crowd.office.deliver(mail(), recipients=["soporte@example.com"])
    crowd.told()
    silent = crowd.operators[21]
    silent.silent_until = crowd.office.now + timedelta(days=1)
    session.flush()
    assert silent.email not in [each["X-Envelope-To"] for each in crowd.digests()]
    event = table_of(Event).c
    noted = session.execute(select(event.detail).where(event.kind == EventKind.SILENCED)).scalars()
    assert list(noted) == [{"to": silent.email, "reason": "silence"}]


def test_a_long_digest_says_how_much_more_there_is(crowd: Crowd, session: Session) -> None:
    for number in range(53):
        writer = f"cliente{number}@empresa{number}.example"
        raw = mail(sender=writer, message_id=f"{number}@x.example", text=f"Consulta {number}")
        crowd.office.deliver(raw, recipients=["soporte@example.com"])
    crowd.told()
    digest = crowd.digests()[0]
    assert digest["Subject"] == "53 novedades en tus temáticas"
    assert body(digest).count("Solicitud nueva") == 50
    assert "Y 3 más" in body(digest)


def test_digests_go_out_every_quarter_of_an_hour_whoever_looks(make_runtime: Callable[..., Runtime]) -> None:
    """Two schedulers, and one digest each time (E11)."""
    clock = Clock()
    runtimes = [make_runtime(now=clock, worker=f"{name}/1/1") for name in ("one", "other")]
    with runtimes[0].db.transaction() as session:
        operator, client = make_operator(session), make_user(session)
        topic = make_topic(session, "Facturación", operator)
        number, operator_id = make_ticket(session, client, topic).id, operator.id

    def happens() -> None:
        with runtimes[0].db.transaction() as session:
            event = Event(ticket_id=number, kind=EventKind.OPENED, at=clock())
            session.add(event)
            session.flush()
            digests.postpone(session, event, [operator_id], now=clock())

    def sent() -> int:
        for runtime in runtimes:
            work_off(runtime)
        with runtimes[0].db.snapshot() as session:
            return len(session.execute(select(table_of(OutboxItem).c.id)).all())

    happens()
    happens()
    assert sent() == 1
    happens()
    clock.forward(minutes=14)
    assert sent() == 1
    clock.forward(minutes=1)
    assert sent() == 2
    clock.forward(minutes=15)
    assert sent() == 2, "nothing happened since"
