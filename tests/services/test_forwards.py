"""An operator passes a client's mail on: whose request it becomes, and what stays with the team."""

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlmodel import Session

from gateway.models.people import User
from gateway.models.tickets import Attachment, Message, Ticket
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import EventKind, MessageKind
from gateway.rules.people import UserStatus
from gateway.runtime import Runtime
from gateway.services import books
from tests.factories import make_operator, make_topic
from tests.mail.test_forwards import CLIENTS, GMAIL, OUTLOOK, attached
from tests.office import Office, answer, body, mail
from tests.services.test_intake import MARTIN, SOFIA, Desk

ANA = "ana.ruiz@acme.example"
BY_MARTIN = f"Martín Sosa <{MARTIN}>"
FORWARD = mail(sender=BY_MARTIN, subject="Fwd: No imprime", text=GMAIL)


@pytest.fixture
def desk(session: Session, runtime: Runtime, now: datetime) -> Desk:
    martin, sofia = make_operator(session), make_operator(session, SOFIA, name="Sofía Paz")
    topic = make_topic(session, "Facturación", martin, sofia, is_default=True)
    return Desk(Office(runtime, session, now), topic, martin, sofia)


def deliver(desk: Desk, raw: bytes) -> tuple[Ticket, list[Message]]:
    done = desk.office.deliver(raw, recipients=["soporte@example.com"])
    assert done.outcome is Outcome.OPENED
    ticket = desk.ticket(done.ticket_id)
    desk.office.session.refresh(ticket)
    assert list(books.differences(desk.office.session)) == []
    return ticket, desk.messages(ticket)


def requester(desk: Desk, ticket: Ticket) -> str:
    return desk.office.session.get_one(User, ticket.requester_id).email


def test_a_forwarded_mail_is_its_writers_request(desk: Desk) -> None:
    ticket, (message, comment) = deliver(desk, FORWARD)
    assert (requester(desk, ticket), ticket.subject) == (ANA, "No imprime")
    assert message.text == "Hola Martín:\n\nLa del depósito no imprime."
    assert (message.verified, message.verdict_reason) == (False, "forwarded")
    assert (comment.kind, comment.text) == (MessageKind.INTERNAL, "¿Lo ves vos?")
    assert desk.events(ticket) == [EventKind.OPENED, EventKind.COMMENTED]


def test_the_operators_are_told_who_brought_it_and_the_client_is_not_written_to(desk: Desk) -> None:
    deliver(desk, FORWARD)
    sent = desk.office.out()
    assert [each["X-Envelope-To"] for each in sent] == [MARTIN, SOFIA, SOFIA]
    assert "la reenvió Martín Sosa" in body(sent[0])
    assert "¿Lo ves vos?" not in body(sent[0])


def test_the_answer_to_it_goes_to_the_client(desk: Desk) -> None:
    deliver(desk, FORWARD)
    notice = desk.office.out()[0]
    desk.office.deliver(answer(notice, "Hola Ana, ¿qué error da?", sender=MARTIN))
    (reply,) = desk.office.out()
    assert reply["X-Envelope-To"] == ANA
    assert "¿Lo ves vos?" not in reply.as_string()


def test_of_an_attached_mail_the_files_are_the_clients_and_the_others_are_not(desk: Desk) -> None:
    inner = CLIENTS.replace(b"text/plain", b"text/html")
    ticket, (message, comment) = deliver(
        desk, attached(inner).replace(b"From: martin", f"From: {MARTIN}\r\nX-Was: ".encode())
    )
    assert requester(desk, ticket) == ANA
    assert "La del depósito" in message.text
    assert (comment.kind, comment.text) == (MessageKind.INTERNAL, "Lo paso.")


def test_what_an_operator_forwards_without_a_word_has_no_comment(desk: Desk) -> None:
    raw = attached(CLIENTS, text="").replace(b"From: martin", f"From: {MARTIN}\r\nX-Was: ".encode())
    _, messages = deliver(desk, raw)
    assert len(messages) == 1


def test_no_command_of_a_forward_is_obeyed(desk: Desk) -> None:
    ticket, (_, comment) = deliver(desk, mail(sender=BY_MARTIN, subject="RV: No imprime", text=OUTLOOK))
    assert ticket.assignee_id is None
    assert comment.text == "#tomar\nMirá esto."


@pytest.mark.parametrize(
    ("sender", "text"),
    [
        pytest.param("Laura <laura@andina.example>", GMAIL, id="a client forwards"),
        pytest.param(BY_MARTIN, GMAIL.replace(ANA, SOFIA), id="a colleague's mail"),
        pytest.param(BY_MARTIN, GMAIL.replace(ANA, "soporte@example.com"), id="a mail of ours"),
        pytest.param(BY_MARTIN, GMAIL.replace(ANA, "mailer-daemon@acme.example"), id="a bounce"),
        pytest.param(BY_MARTIN, GMAIL.replace(ANA, "no-reply@banco.example"), id="a program's mail"),
    ],
)
def test_all_else_is_the_request_of_who_forwards(desk: Desk, sender: str, text: str) -> None:
    ticket, (message,) = deliver(desk, mail(sender=sender, subject="Fwd: No imprime", text=text))
    assert requester(desk, ticket) in sender
    assert "¿Lo ves vos?" in message.text


def test_a_disabled_client_asks_for_nothing_through_others(desk: Desk) -> None:
    ticket, _ = deliver(desk, FORWARD)
    desk.office.session.get_one(User, ticket.requester_id).status = UserStatus.DISABLED
    again = FORWARD.replace(b"uno@andina.example", b"dos@andina.example")
    ticket, _ = deliver(desk, again)
    assert requester(desk, ticket) == MARTIN


def test_a_forward_onto_a_request_is_internal(desk: Desk) -> None:
    ticket, sent = desk.open()
    notice = sent[MARTIN]
    raw = answer(notice, "Pasamelo a depósito", sender=MARTIN)
    desk.office.deliver(raw.replace(b"Subject: Re: ", b"Subject: RV: "))
    assert [each.kind for each in desk.messages(ticket)] == [MessageKind.PUBLIC, MessageKind.INTERNAL]
    assert {each["X-Envelope-To"] for each in desk.office.out()} == {SOFIA}


def test_the_way_to_an_operators_mailbox_is_not_the_clients_to_see(desk: Desk) -> None:
    """The mail as it lay there, with the header of that mailbox, is no file of the client's message."""
    raw = attached(CLIENTS).replace(b"From: martin", f"From: {MARTIN}\r\nX-Was: ".encode())
    _, (message, comment) = deliver(desk, raw)
    assert files_of(desk, message) == []
    assert files_of(desk, comment) == []


def test_an_attached_mail_that_says_nothing_to_us_stays_with_the_team(desk: Desk) -> None:
    inner = CLIENTS.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    raw = attached(inner).replace(b"From: martin", f"From: {MARTIN}\r\nX-Was: ".encode())
    _, (message, comment) = deliver(desk, raw)
    assert (files_of(desk, message), len(files_of(desk, comment))) == ([], 1)


def test_a_subject_the_client_did_not_write_stays_with_the_team(desk: Desk) -> None:
    text = GMAIL.replace("Subject: No imprime", "Subject:")
    ticket, (_, comment) = deliver(desk, mail(sender=BY_MARTIN, subject="Fwd: el moroso", text=text))
    assert (requester(desk, ticket), ticket.subject) == (ANA, "")
    assert comment.text == "el moroso\n\n¿Lo ves vos?"


def test_a_notice_of_an_internal_comment_is_no_clients_mail(desk: Desk) -> None:
    """Outlook names no address of who sent it, and the next block of header lines is the client's."""
    _, sent = desk.open()
    desk.office.deliver(answer(sent[SOFIA], "#interno\nDebe tres meses.", sender=SOFIA))
    (notice,) = desk.office.out()
    text = f"Mirá\n\nDe: Sofía Paz\nEnviado: hoy\nAsunto: X\n\n{body(notice)}\n{GMAIL}"
    ticket, _ = deliver(desk, mail(sender=BY_MARTIN, subject="RV: X", text=text, message_id="f@x.example"))
    assert requester(desk, ticket) == MARTIN


def files_of(desk: Desk, message: Message) -> list[str]:
    query = select(Attachment.filename).where(Attachment.message_id == message.id)  # type: ignore[call-overload]
    return list(desk.office.session.execute(query).scalars())


def test_operators_are_warned_of_a_forward_that_nothing_proves_an_operators(desk: Desk) -> None:
    """Whoever uses an operator's name as sender would have a client's request believed (T15)."""
    deliver(desk, FORWARD)
    assert "Atención" in body(desk.office.out_to(SOFIA)[0])
