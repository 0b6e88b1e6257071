"""One mail in: what becomes of it, and who is told."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import delete, select
from sqlmodel import Session

from gateway.errors import TryLater
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import JournalEntry, OutboxItem, OutboxState
from gateway.models.tickets import Event, Message, Participant, Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import EventKind, MessageKind, Status
from gateway.rules.people import UserStatus
from gateway.runtime import Runtime
from tests.factories import make_operator, make_topic
from tests.office import Office, answer, body, mail

CLIENT = "laura.gimenez@andina.example"
MARTIN = "martin.sosa@sysmo.example"
SOFIA = "sofia.paz@sysmo.example"


@dataclass
class Desk:
    """An office with a topic and its two operators."""

    office: Office
    topic: Topic
    martin: User
    sofia: User

    def open(self, **values: str) -> tuple[Ticket, dict[str, EmailMessage]]:
        """Deliver a client's first mail; return the ticket and what went out, by recipient."""
        done = self.office.deliver(mail(**values), recipients=["soporte@example.com"])
        assert done.outcome is Outcome.OPENED
        return self.ticket(done.ticket_id), {each["X-Envelope-To"]: each for each in self.office.out()}

    def ticket(self, number: int | None) -> Ticket:
        ticket = self.office.session.get(Ticket, number)
        assert ticket is not None
        return ticket

    def messages(self, ticket: Ticket) -> list[Message]:
        query = select(Message).where(Message.ticket_id == ticket.id).order_by(Message.number)  # type: ignore[arg-type]
        return list(self.office.session.execute(query).scalars())

    def events(self, ticket: Ticket) -> list[EventKind]:
        query = select(Event.kind).where(Event.ticket_id == ticket.id).order_by(Event.id)  # type: ignore[call-overload]
        return list(self.office.session.execute(query).scalars())


@pytest.fixture
def desk(session: Session, runtime: Runtime, now: datetime) -> Desk:
    martin, sofia = make_operator(session), make_operator(session, SOFIA, name="Sofía Paz")
    topic = make_topic(session, "Facturación", martin, sofia, is_default=True)
    return Desk(Office(runtime, session, now), topic, martin, sofia)


def test_a_first_mail_opens_a_request_and_everybody_is_told(desk: Desk) -> None:
    ticket, sent = desk.open()
    assert (ticket.subject, ticket.status) == ("No puedo emitir facturas A", Status.NEW)
    assert set(sent) == {MARTIN, SOFIA, CLIENT}
    assert sent[CLIENT]["X-Purpose"] == "acknowledgement"
    assert "Desde ayer no podemos emitir" in body(sent[MARTIN])
    assert desk.messages(ticket)[0].text.startswith("Hola, buenas tardes.")
    assert desk.events(ticket) == [EventKind.OPENED]


def test_each_gets_a_mail_of_their_own_with_their_own_proof(desk: Desk) -> None:
    _, sent = desk.open()
    for header in ("Message-ID", "Reply-To"):
        assert len({each[header] for each in sent.values()}) == 3
    for each in sent.values():
        token = each["Message-ID"].strip("<>").partition("@")[0]
        assert each["Reply-To"] == f"soporte+{token}@example.com"


def test_automatic_mail_says_so_and_a_persons_words_do_not(desk: Desk) -> None:
    _, sent = desk.open()
    assert sent[CLIENT]["Auto-Submitted"] == "auto-replied"
    assert sent[MARTIN]["Auto-Submitted"] == "auto-generated"
    assert {each["X-Envelope-From"] for each in sent.values()} == {""}
    desk.office.deliver(answer(sent[MARTIN], "Ya lo vemos.", sender=MARTIN))
    (reply,) = desk.office.out()
    assert reply["Auto-Submitted"] is None
    assert reply["X-Envelope-From"].startswith("soporte+b-")


def test_an_operators_answer_reaches_the_client_and_takes_the_request(desk: Desk) -> None:
    ticket, sent = desk.open()
    done = desk.office.deliver(
        answer(sent[MARTIN], "Ya vimos el problema.", sender=f"Martín Sosa <{MARTIN}>")
    )
    assert done.outcome is Outcome.APPENDED
    (reply,) = desk.office.out()
    assert reply["X-Envelope-To"] == CLIENT
    assert "Ya vimos el problema." in body(reply)
    assert "Desde ayer no podemos" not in body(reply), "the quote of the notice stays with us"
    assert MARTIN not in reply.as_string()
    assert (ticket.status, ticket.assignee_id) == (Status.IN_PROGRESS, desk.martin.id)
    assert ticket.first_reply_at == desk.office.now
    assert desk.events(ticket) == [EventKind.OPENED, EventKind.TAKEN, EventKind.REPLIED]


def test_the_clients_answer_goes_to_the_operator_who_has_it(desk: Desk) -> None:
    ticket, sent = desk.open()
    desk.office.deliver(answer(sent[SOFIA], "¿Qué versión usan?", sender=SOFIA, message_id="s@sysmo.example"))
    (question,) = desk.office.out()
    desk.office.deliver(answer(question, "La 4.2", sender=CLIENT, message_id="c@andina.example"))
    (notice,) = desk.office.out()
    assert notice["X-Envelope-To"] == SOFIA
    assert "La 4.2" in body(notice)
    assert [message.number for message in desk.messages(ticket)] == [1, 2, 3]


def test_one_conversation_in_every_mail_program(desk: Desk) -> None:
    ticket, sent = desk.open()
    root = sent[MARTIN]["References"].split()[0]
    assert root.startswith(f"<solicitud-{ticket.id}-")
    assert sent[CLIENT]["In-Reply-To"] == "<uno@andina.example>"
    desk.office.deliver(answer(sent[MARTIN], "Ya lo vemos.", sender=MARTIN))
    (reply,) = desk.office.out()
    assert reply["References"].split()[0] == root
    assert "<uno@andina.example>" in reply["References"]
    assert "<answer@somewhere.example>" not in reply.as_string(), "nobody is told another's Message-ID"
    assert (
        sent[MARTIN]["Subject"]
        == f"No puedo emitir facturas A [#{ticket.id}-{desk.office.desk.code(ticket.id)}]"
    )
    assert reply["Subject"] == f"Re: {sent[MARTIN]['Subject']}"


def test_the_same_mail_twice_has_one_effect(desk: Desk) -> None:
    desk.open()
    done = desk.office.deliver(mail(), recipients=["soporte@example.com"])
    assert done.outcome is Outcome.DUPLICATE
    assert desk.office.out() == []


def test_a_message_id_with_another_body_is_another_mail(desk: Desk) -> None:
    desk.open()
    done = desk.office.deliver(mail(text="Otra cosa"), recipients=["soporte@example.com"])
    assert done.outcome is Outcome.OPENED


@pytest.mark.parametrize(
    ("sender", "outcome", "reason"),
    [
        pytest.param(CLIENT, Outcome.APPENDED, "participant", id="the person the token was given to"),
        pytest.param("otro@andina.example", Outcome.HELD, "stranger", id="a stranger with the token"),
        pytest.param(MARTIN, Outcome.HELD, "operator-without-token", id="an operator with another's token"),
    ],
)
def test_a_token_lets_only_its_person_in(desk: Desk, sender: str, outcome: Outcome, reason: str) -> None:
    ticket, sent = desk.open()
    done = desk.office.deliver(answer(sent[CLIENT], "Agrego algo.", sender=sender))
    assert (done.outcome, done.reason, done.ticket_id) == (outcome, reason, ticket.id)
    assert len(desk.messages(ticket)) == (2 if outcome is Outcome.APPENDED else 1)


def test_a_number_alone_opens_a_new_request_and_tells_operators_only(desk: Desk) -> None:
    ticket, _ = desk.open()
    stranger = mail(sender="x@otra.example", subject=f"Re: algo [#{ticket.id}]", message_id="x@otra.example")
    done = desk.office.deliver(stranger, recipients=["soporte@example.com"])
    assert done.outcome is Outcome.OPENED
    assert done.ticket_id != ticket.id
    event = desk.office.session.execute(
        select(Event.detail).where(Event.ticket_id == done.ticket_id)  # type: ignore[call-overload]
    ).scalar_one()
    assert event == {"may_belong_to": ticket.id}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Auto-Submitted": "auto-replied"}, id="a vacation reply"),
        pytest.param({"X-Auto-Response-Suppress": "All"}, id="an Exchange auto-reply"),
        pytest.param({"Precedence": "junk"}, id="junk"),
    ],
)
def test_an_automatic_answer_is_recorded_and_causes_no_mail(desk: Desk, headers: dict[str, str]) -> None:
    ticket, sent = desk.open()
    raw = answer(sent[CLIENT], "Estoy de vacaciones.", sender=CLIENT, **headers)
    done = desk.office.deliver(raw, sender=CLIENT)
    assert (done.outcome, done.ticket_id) == (Outcome.AUTOMATIC, ticket.id)
    assert desk.office.out() == []
    assert desk.messages(ticket)[-1].kind is MessageKind.INTERNAL
    assert ticket.status is Status.NEW


def test_commands_take_assign_and_close(desk: Desk) -> None:
    ticket, sent = desk.open()
    desk.office.deliver(answer(sent[MARTIN], f"#asignar {SOFIA}", sender=MARTIN, message_id="1@s.example"))
    (told,) = desk.office.out()
    assert (told["X-Envelope-To"], ticket.assignee_id) == (SOFIA, desk.sofia.id)
    assert len(desk.messages(ticket)) == 1, "a command alone is no message"
    desk.office.deliver(answer(told, "#cerrar\n\nListo, ya sale.", sender=SOFIA, message_id="2@s.example"))
    (last,) = desk.office.out()
    assert "Listo, ya sale." in body(last)
    assert "#cerrar" not in body(last)
    assert "Estado: Cerrado." in body(last)
    assert (ticket.status, ticket.closed_at) == (Status.CLOSED, desk.office.now)


def test_closing_without_words_tells_the_requester(desk: Desk) -> None:
    _, sent = desk.open()
    desk.office.deliver(answer(sent[MARTIN], "#cerrar", sender=MARTIN))
    (closing,) = desk.office.out()
    assert (closing["X-Envelope-To"], closing["X-Purpose"]) == (CLIENT, "closed")


def test_a_mistaken_command_voids_the_mail_and_the_operator_is_told(desk: Desk) -> None:
    ticket, sent = desk.open()
    done = desk.office.deliver(answer(sent[MARTIN], "#asignar nadie@sysmo.example\n\nHola", sender=MARTIN))
    assert (done.outcome, done.reason) == (Outcome.HELD, "command-mistake")
    (told,) = desk.office.out()
    assert told["X-Envelope-To"] == MARTIN
    assert "nadie@sysmo.example" in body(told)
    assert len(desk.messages(ticket)) == 1
    assert ticket.status is Status.NEW


def test_an_internal_comment_stays_inside_and_so_does_the_answer_to_it(desk: Desk) -> None:
    ticket, sent = desk.open()
    desk.office.deliver(
        answer(sent[MARTIN], "#interno\nEs un moroso.", sender=MARTIN, message_id="1@s.example")
    )
    told = desk.office.out()
    assert [each["X-Envelope-To"] for each in told] == [SOFIA]
    desk.office.deliver(answer(told[0], "Lo llamo yo.", sender=SOFIA, message_id="2@s.example"))
    assert {each["X-Envelope-To"] for each in desk.office.out()} == {MARTIN}
    assert [message.kind for message in desk.messages(ticket)[1:]] == [MessageKind.INTERNAL] * 2
    assert ticket.status is Status.NEW


@pytest.mark.parametrize(
    ("days", "same"),
    [
        pytest.param(30, True, id="thirty days after closing it is the same request"),
        pytest.param(31, False, id="later a new one that goes on from the old"),
    ],
)
def test_a_client_answers_a_closed_request(desk: Desk, days: int, same: bool) -> None:
    ticket, sent = desk.open()
    desk.office.deliver(answer(sent[MARTIN], "#cerrar\nListo.", sender=MARTIN, message_id="1@s.example"))
    (last,) = desk.office.out()
    desk.office.now += timedelta(days=days)
    done = desk.office.deliver(answer(last, "Volvió a pasar.", sender=CLIENT, message_id="2@a.example"))
    if same:
        assert (done.outcome, done.ticket_id) == (Outcome.APPENDED, ticket.id)
        assert (ticket.status, ticket.closed_at) == (Status.IN_PROGRESS, None)
        assert EventKind.REOPENED in desk.events(ticket)
    else:
        assert done.outcome is Outcome.OPENED
        assert desk.ticket(done.ticket_id).linked_to == ticket.id


def test_a_token_proves_nothing_half_a_year_after_closing(desk: Desk) -> None:
    _, sent = desk.open()
    desk.office.deliver(answer(sent[MARTIN], "#cerrar\nListo.", sender=MARTIN, message_id="1@s.example"))
    desk.office.now += timedelta(days=181)
    stranger = answer(sent[CLIENT], "Hola", sender="x@otra.example", message_id="2@a.example")
    done = desk.office.deliver(stranger, recipients=["soporte@example.com"])
    assert done.outcome is Outcome.HELD, "the keyed code of the subject is still there"
    assert done.reason == "stranger"


def test_an_answer_waits_for_the_mail_it_answers(desk: Desk) -> None:
    first = desk.office.journal(mail(), recipients=["soporte@example.com"])
    second = desk.office.journal(
        mail(subject="Re: No puedo", message_id="dos@andina.example", in_reply_to="<uno@andina.example>"),
        recipients=["soporte@example.com"],
    )
    assert first < second
    with pytest.raises(TryLater):
        desk.office.apply(second)


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        pytest.param("soporte@example.com", "own-address", id="our own topic address"),
        pytest.param("soporte+" + "a" * 26 + "@example.com", "own-address", id="a reply address of ours"),
        pytest.param("undisclosed", "no-sender", id="no address at all"),
    ],
)
def test_some_senders_are_no_person(desk: Desk, sender: str, reason: str) -> None:
    raw = mail().replace(
        b"From: Laura =?utf-8?q?Gim=C3=A9nez?= <laura.gimenez@andina.example>", f"From: {sender}".encode()
    )
    assert sender.encode() in raw
    done = desk.office.deliver(raw, recipients=["soporte@example.com"])
    assert (done.outcome, done.reason) == (Outcome.HELD, reason)
    assert desk.office.out() == []


def test_a_disabled_person_is_held(desk: Desk, session: Session) -> None:
    ticket, sent = desk.open()
    person = session.get(User, ticket.requester_id)
    assert person is not None
    person.status = UserStatus.DISABLED
    done = desk.office.deliver(answer(sent[CLIENT], "Hola", sender=CLIENT))
    assert (done.outcome, done.reason) == (Outcome.HELD, "disabled")


def test_operators_who_lost_the_topic_no_longer_act(desk: Desk, session: Session) -> None:
    ticket, sent = desk.open()
    session.execute(delete(TopicOperator).where(table_of(TopicOperator).c.user_id == desk.martin.id))
    done = desk.office.deliver(answer(sent[MARTIN], "Hola", sender=MARTIN))
    assert (done.outcome, done.reason) == (Outcome.HELD, "stranger")
    assert len(desk.messages(ticket)) == 1


def test_unknown_senders_can_be_held(desk: Desk, make_runtime: Callable[..., Runtime]) -> None:
    desk.office = Office(
        make_runtime('[trust]\nunknown_senders = "hold"'), desk.office.session, desk.office.now
    )
    done = desk.office.deliver(mail(), recipients=["soporte@example.com"])
    assert (done.outcome, done.reason) == (Outcome.HELD, "unknown-sender")


def test_a_mail_before_the_first_topic_makes_one(session: Session, runtime: Runtime, now: datetime) -> None:
    office = Office(runtime, session, now)
    assert office.deliver(mail(), recipients=["soporte@example.com"]).outcome is Outcome.OPENED


def test_a_copied_person_joins_only_when_the_sender_is_proven(desk: Desk, session: Session) -> None:
    ticket, _ = desk.open(cc="jefe@andina.example")
    people = session.execute(
        select(Participant.user_id).where(Participant.ticket_id == ticket.id)  # type: ignore[call-overload]
    ).scalars()
    assert list(people) == [ticket.requester_id], "the verdict was none"


def test_a_report_on_our_mail_shows_on_the_request(desk: Desk, session: Session) -> None:
    ticket, sent = desk.open()
    desk.office.deliver(answer(sent[MARTIN], "Ya lo vemos.", sender=MARTIN))
    (reply,) = desk.office.out()
    item = session.execute(
        select(OutboxItem).where(OutboxItem.message_id == reply["Message-ID"].strip("<>"))  # type: ignore[arg-type]
    ).scalar_one()
    item.state = OutboxState.SENT
    session.flush()
    done = desk.office.deliver(report(reply), recipients=[reply["X-Envelope-From"]], sender="")
    assert (done.outcome, done.ticket_id) == (Outcome.BOUNCE, ticket.id)
    session.refresh(item)
    assert item.state is OutboxState.BOUNCED
    assert desk.events(ticket)[-1] is EventKind.BOUNCED
    assert [each["X-Envelope-To"] for each in desk.office.out()] == [MARTIN]


def test_a_forged_report_changes_nothing(desk: Desk) -> None:
    ticket, sent = desk.open()
    forged = report(sent[CLIENT])
    done = desk.office.deliver(forged, recipients=["soporte@example.com"], sender="")
    assert (done.outcome, done.ticket_id) == (Outcome.BOUNCE, None)
    assert desk.events(ticket) == [EventKind.OPENED]


def test_attachments_travel_along_up_to_the_limit(desk: Desk, make_runtime: Callable[..., Runtime]) -> None:
    desk.office = Office(
        make_runtime("[mail]\nattach_max_bytes = 1000"), desk.office.session, desk.office.now
    )
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = CLIENT, "soporte@example.com", "Captura"
    message["Message-ID"] = "<adjuntos@andina.example>"
    message.set_content("Van dos archivos.")
    message.add_attachment(b"x" * 900, maintype="image", subtype="png", filename="captura.png")
    message.add_attachment(b"y" * 9000, maintype="application", subtype="pdf", filename="año.pdf")
    desk.office.deliver(message.as_bytes(), recipients=["soporte@example.com"])
    notice = desk.office.out_to(MARTIN)[0]
    assert [part.get_filename() for part in notice.iter_attachments()] == ["captura.png"]
    assert "/adjuntos/" in body(notice)
    assert "año.pdf" in body(notice)


def report(reply: EmailMessage) -> bytes:
    """A delivery report on a mail of ours, as Postfix writes them."""
    return "\r\n".join(
        [
            "From: MAILER-DAEMON@mx.andina.example",
            f"To: {reply['X-Envelope-From'] or 'soporte@example.com'}",
            "Subject: Undelivered Mail Returned to Sender",
            "Message-ID: <report@mx.andina.example>",
            "Auto-Submitted: auto-replied",
            "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
            "",
            "--b",
            "Content-Type: text/plain",
            "",
            "The mail system could not deliver.",
            "--b",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mx.andina.example",
            "",
            f"Final-Recipient: rfc822; {reply['X-Envelope-To']}",
            "Action: failed",
            "Status: 5.1.1",
            "Diagnostic-Code: smtp; 550 5.1.1 user unknown",
            "",
            "--b",
            "Content-Type: text/rfc822-headers",
            "",
            f"Message-ID: {reply['Message-ID']}",
            "",
            "--b--",
            "",
        ]
    ).encode()


def test_a_foreign_message_id_does_not_hide_the_code_of_the_subject(desk: Desk) -> None:
    ticket, _ = desk.open()
    code = desk.office.desk.code(ticket.id)
    raw = mail(
        subject=f"Re: No puedo [#{ticket.id}-{code}]",
        message_id="2@andina.example",
        in_reply_to="<uno@andina.example>",
    )
    done = desk.office.deliver(raw, recipients=["soporte@example.com"])
    assert (done.outcome, done.ticket_id) == (Outcome.APPENDED, ticket.id)


def test_a_twin_waits_for_the_first_of_the_two(desk: Desk) -> None:
    first = desk.office.journal(mail(), recipients=["soporte@example.com"])
    second = desk.office.journal(mail(), recipients=["soporte@example.com"])
    with pytest.raises(TryLater):
        desk.office.apply(second)
    assert desk.office.session.get(JournalEntry, first) is not None


def test_a_mail_that_comes_to_two_addresses_of_a_request_is_one_message(desk: Desk) -> None:
    """Who answers all writes to the reply address and to the topic's; some servers deliver that twice."""
    ticket, sent = desk.open()
    notice = sent[CLIENT]
    raw = answer(notice, "Sigue igual.", sender=CLIENT, message_id="c2@x.example", cc="soporte@example.com")
    first = desk.office.deliver(raw, recipients=[str(notice["Reply-To"])])
    again = desk.office.deliver(raw, recipients=["soporte@example.com"])
    assert (first.outcome, again.outcome) == (Outcome.APPENDED, Outcome.DUPLICATE)
    assert len(desk.messages(ticket)) == 2
    other = raw.replace(b"Sigue igual.", b"Ya anda todo.")
    assert desk.office.deliver(other, recipients=["soporte@example.com"]).outcome is Outcome.APPENDED
