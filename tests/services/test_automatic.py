"""Mail that no person wrote: recorded, without effect and without an answer (L1, L2, L9 to L12)."""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlmodel import Session

from gateway.errors import TryLater
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import OutboxItem, OutboxState
from gateway.models.tickets import Event, Message, Participant, Ticket
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import EventKind, MessageKind, Status
from gateway.rules.people import Party, UserStatus
from gateway.runtime import Runtime
from gateway.services.dead_addresses import UNTIL_THEY_WRITE
from gateway.services.journal import Settled
from tests.factories import make_operator, make_topic, make_user
from tests.office import Office, answer, body, mail

CLIENT = "laura.gimenez@andina.example"
MARTIN = "martin.sosa@sysmo.example"
SOFIA = "sofia.paz@sysmo.example"
HOUSE = "soporte@example.com"
CORPUS = Path(__file__).parent.parent / "corpus"

REPORT = """\
From: Mail Delivery System <MAILER-DAEMON@mx.andina.example>
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{message_id}@mx.andina.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

This is the mail system at host mx.andina.example.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.andina.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {words}

--b--
"""


@dataclass
class Answered:
    """A ticket that Martín answered, with the mails that told the client and others."""

    office: Office
    ticket: Ticket
    notices: dict[str, EmailMessage]  # of the new request, by recipient
    replies: dict[str, EmailMessage]

    def report(self, to: str = CLIENT, message_id: str = "r1", **said: str) -> bytes:
        usual = {"action": "failed", "status": "5.1.1", "words": "550 5.1.1 User unknown", "recipient": to}
        fields = {"to": self.replies[to]["X-Envelope-From"], "message_id": message_id} | usual | said
        return REPORT.format(**fields).replace("\n", "\r\n").encode()

    def bounce(self, to: str = CLIENT, **said: str) -> Settled:
        return self.office.deliver(
            self.report(to, **said), recipients=[self.replies[to]["X-Envelope-From"]], sender=""
        )

    def rows(self) -> list[OutboxItem]:
        query = select(OutboxItem).order_by(OutboxItem.id).execution_options(populate_existing=True)
        return list(self.office.session.execute(query).scalars())

    def row(self, to: str = CLIENT) -> OutboxItem:
        known = self.replies[to]["Message-ID"].strip("<>")
        return next(each for each in self.rows() if each.message_id == known)

    def events(self) -> list[Event]:
        query = select(Event).where(Event.ticket_id == self.ticket.id).order_by(Event.id)
        return list(self.office.session.execute(query).scalars())

    def messages(self) -> list[Message]:
        query = select(Message).where(Message.ticket_id == self.ticket.id).order_by(Message.number)
        return list(self.office.session.execute(query).scalars())


@pytest.fixture
def office(session: Session, runtime: Runtime, now: datetime) -> Office:
    people = make_operator(session), make_operator(session, SOFIA, name="Sofía Paz")
    make_topic(session, "Facturación", *people, is_default=True)
    return Office(runtime, session, now)


@pytest.fixture
def answered(office: Office) -> Answered:
    return answer_by_martin(office)


def answer_by_martin(office: Office, *, also: str = "", **opened: str) -> Answered:
    """A client's mail, in which somebody else may take part, and an operator's answer that went out."""
    done = office.deliver(mail(**opened), recipients=[HOUSE])
    notices = {each["X-Envelope-To"]: each for each in office.out()}
    ticket = office.session.get(Ticket, done.ticket_id)
    assert ticket is not None
    if also:
        other = make_user(office.session, also)
        office.session.add(Participant(ticket_id=ticket.id, user_id=other.id, joined_at=office.now))
        office.session.flush()
    said = answer(
        notices[MARTIN],
        "Ya vimos el problema.\nProbá de nuevo.",
        sender=MARTIN,
        message_id=f"a{ticket.id}@sysmo.example",
    )
    office.deliver(said)
    replies = {each["X-Envelope-To"]: each for each in office.out()}
    office.session.execute(update(OutboxItem).values(state=OutboxState.SENT))
    office.session.flush()
    office.now += timedelta(minutes=3)
    return Answered(office, ticket, notices, replies)


def test_a_bounce_marks_the_recipient_and_tells_the_operator_who_wrote(answered: Answered) -> None:
    done = answered.bounce()
    assert (done.outcome, done.reason, done.ticket_id) == (Outcome.BOUNCE, "failed", answered.ticket.id)
    assert answered.row().state is OutboxState.BOUNCED
    event = answered.events()[-1]
    assert (event.kind, event.detail["to"], event.detail["status"]) == (EventKind.BOUNCED, CLIENT, "5.1.1")
    (told,) = answered.office.out()
    assert (told["X-Envelope-To"], told["X-Purpose"]) == (MARTIN, "undelivered")
    assert told["Subject"].startswith("No entregado: No puedo emitir facturas A [#")
    words = " ".join(body(told).split())
    assert f"Tu respuesta en esta solicitud no le llegó a {CLIENT}: la casilla no existe." in words
    assert "550 5.1.1 User unknown" in words
    assert "> Ya vimos el problema. > Probá de nuevo." in words
    assert f"/solicitudes/{answered.ticket.id}" in words


def test_what_tells_of_a_failure_starts_no_loop(answered: Answered) -> None:
    answered.bounce()
    (told,) = answered.office.out()
    assert (told["X-Envelope-From"], told["Auto-Submitted"]) == ("", "auto-generated")
    done = answered.office.deliver(answered.report(to=CLIENT, message_id="r2"), recipients=[HOUSE], sender="")
    assert done.outcome is Outcome.BOUNCE
    answered.bounce(message_id="r3")
    assert answered.office.out() == [], "reported twice, told once"


@pytest.mark.parametrize(
    ("status", "words", "why"),
    [
        ("5.2.2", "552 5.2.2 Mailbox full", "su casilla está llena"),
        ("5.7.1", "550 5.7.1 blocked", "su servidor lo rechazó"),
        ("4.4.1", "connect timed out", "su servidor no respondió"),
        ("5.0.0", "554 no", "el servidor no dijo por qué con claridad"),
    ],
)
def test_why_is_said_in_plain_words(answered: Answered, status: str, words: str, why: str) -> None:
    answered.bounce(status=status, words=words)
    (told,) = answered.office.out()
    assert why in " ".join(body(told).split())


@pytest.mark.parametrize(
    ("action", "kind"), [("delayed", EventKind.DELAYED), ("delivered", EventKind.DELIVERED)]
)
def test_a_delay_and_a_delivery_are_notes(answered: Answered, action: str, kind: EventKind) -> None:
    done = answered.bounce(action=action, status="4.4.1" if action == "delayed" else "2.0.0")
    assert (done.outcome, done.reason) == (Outcome.BOUNCE, action)
    assert answered.events()[-1].kind is kind
    assert answered.row().state is OutboxState.SENT
    assert answered.office.out() == []
    assert answered.ticket.updated_at == answered.office.now


def test_of_several_only_who_was_not_reached_is_named(office: Office) -> None:
    answered = answer_by_martin(office, also="jefe@andina.example")
    assert set(answered.replies) == {CLIENT, "jefe@andina.example"}
    answered.bounce("jefe@andina.example")
    (told,) = office.out()
    assert "jefe@andina.example" in body(told)
    assert CLIENT not in body(told)
    assert (answered.row().state, answered.row("jefe@andina.example").state) == (
        OutboxState.SENT,
        OutboxState.BOUNCED,
    )


def test_a_bounce_changes_no_state_and_wakes_nothing(answered: Answered) -> None:
    answered.ticket.status, answered.ticket.closed_at = Status.CLOSED, answered.office.now
    answered.bounce()
    assert answered.ticket.status is Status.CLOSED
    assert answered.ticket.closed_at is not None


def test_an_operator_who_left_is_not_told_but_who_answers_now(answered: Answered, session: Session) -> None:
    session.execute(update(User).where(table_of(User).c.email == MARTIN).values(status=UserStatus.DISABLED))
    answered.bounce()
    (told,) = answered.office.out()
    assert told["X-Envelope-To"] == SOFIA
    assert "La respuesta de Martín Sosa no llegó" in body(told)


def test_a_bounce_without_our_token_has_no_effect(answered: Answered) -> None:
    done = answered.office.deliver(answered.report(to=CLIENT), recipients=[HOUSE], sender="")
    forged = answered.report(to=CLIENT, message_id="r9").replace(
        answered.replies[CLIENT]["X-Envelope-From"].encode(), b"soporte@example.com"
    )
    assert (done.outcome, done.ticket_id) == (Outcome.BOUNCE, answered.ticket.id), "its To still names it"
    answered.office.out()
    before = len(answered.events())
    done = answered.office.deliver(forged, recipients=[HOUSE], sender="")
    assert (done.outcome, done.ticket_id) == (Outcome.BOUNCE, None)
    assert len(answered.events()) == before
    assert answered.office.out() == []


def test_a_report_nobody_can_read_is_shown_to_operators(answered: Answered) -> None:
    raw = mail(
        sender="MAILER-DAEMON@mx.andina.example",
        to=answered.replies[CLIENT]["X-Envelope-From"],
        subject="Ihre Nachricht",
        text="Leider.",
        message_id="r5@mx.andina.example",
    )
    done = answered.office.deliver(raw, recipients=[answered.replies[CLIENT]["X-Envelope-From"]], sender="")
    assert (done.outcome, done.reason, done.ticket_id) == (
        Outcome.BOUNCE,
        "unreadable-report",
        answered.ticket.id,
    )
    shown = answered.messages()[-1]
    assert (shown.text, shown.kind, shown.party) == ("Leider.", MessageKind.INTERNAL, Party.SYSTEM)
    assert answered.office.out() == []


def test_a_bounce_that_is_quicker_than_our_books_waits(answered: Answered) -> None:
    row = answered.row()
    row.state, row.holder = OutboxState.TRANSMITTING, "there/1/1"
    row.lease_until = answered.office.now + timedelta(minutes=5)
    answered.office.session.flush()
    with pytest.raises(TryLater):
        answered.bounce()


def test_three_hard_failures_in_a_week_silence_us_until_they_write(office: Office, session: Session) -> None:
    for number in range(3):
        assert silent_until(session) is None
        each = answer_by_martin(office, message_id=f"m{number}@andina.example")
        each.bounce(message_id=f"r{number}")
        office.out()
        office.now += timedelta(days=2)
    assert silent_until(session) == UNTIL_THEY_WRITE
    assert EventKind.SILENCED in [event.kind for event in each.events()]
    office.deliver(mail(message_id="nueva@andina.example"), recipients=[HOUSE])
    assert silent_until(session) == UNTIL_THEY_WRITE, "nothing proves that it was they"


def test_a_proven_mail_of_theirs_ends_the_silence_and_no_other(
    session: Session, make_runtime: Callable[..., Runtime], now: datetime
) -> None:
    make_topic(session, "Facturación", make_operator(session), is_default=True)
    office = Office(make_runtime('[trust]\nauthserv_ids = ["mx.example.com"]\ndkim = false'), session, now)
    verified = "mx.example.com; dmarc=pass header.from=andina.example"
    for until in (UNTIL_THEY_WRITE, now + timedelta(hours=5)):
        user = make_user(session, f"{until.year}@andina.example", silent_until=until)
        proven = {"sender": user.email, "message_id": f"p{until.year}@andina.example"}
        office.deliver(mail(**proven, Authentication_Results=verified), recipients=[HOUSE])
        session.refresh(user)
        assert user.silent_until == (None if until is UNTIL_THEY_WRITE else until), (
            "a loop's ends by the clock"
        )


def test_failures_that_lie_far_apart_silence_nobody(office: Office, session: Session) -> None:
    for number in range(4):
        each = answer_by_martin(office, message_id=f"m{number}@andina.example")
        each.bounce(message_id=f"r{number}")
        office.now += timedelta(days=4)
    assert silent_until(session) is None


def silent_until(session: Session) -> datetime | None:
    return session.execute(
        select(table_of(User).c.silent_until).where(table_of(User).c.email == CLIENT)
    ).scalar()


def test_a_person_who_answers_the_bounce_address_is_held(answered: Answered) -> None:
    to = answered.replies[CLIENT]["X-Envelope-From"]
    raw = answer(answered.replies[CLIENT], "¿Me leen?", sender=CLIENT).replace(
        answered.replies[CLIENT]["Reply-To"].encode(), to.encode()
    )
    done = answered.office.deliver(raw, recipients=[to], sender=CLIENT)
    assert (done.outcome, done.reason, done.ticket_id) == (Outcome.HELD, "not-a-report", answered.ticket.id)
    assert answered.office.out() == []
    assert len(answered.messages()) == 2


def test_a_vacation_reply_to_the_bounce_address_is_put_on_the_ticket(answered: Answered) -> None:
    to = answered.replies[CLIENT]["X-Envelope-From"]
    raw = mail(
        sender=CLIENT, to=to, subject="Fuera de la oficina", text="Vuelvo el lunes.",
        message_id="v@andina.example", Auto_Submitted="auto-replied",
    )  # fmt: skip
    done = answered.office.deliver(raw, recipients=[to], sender="")
    assert (done.outcome, done.ticket_id) == (Outcome.AUTOMATIC, answered.ticket.id)
    assert (answered.messages()[-1].kind, answered.messages()[-1].automatic) == (MessageKind.INTERNAL, True)


@pytest.mark.parametrize(
    ("disposition", "kind"),
    [
        pytest.param("displayed", EventKind.READ, id="read"),
        pytest.param("deleted", EventKind.AUTOMATIC, id="deleted unread"),
    ],
)
def test_a_read_receipt_is_an_event_and_no_message(
    answered: Answered, disposition: str, kind: EventKind
) -> None:
    done = answered.office.deliver(receipt(answered.replies[CLIENT], disposition), recipients=[HOUSE])
    assert (done.outcome, done.reason, done.ticket_id) == (
        Outcome.AUTOMATIC,
        "read-receipt",
        answered.ticket.id,
    )
    assert answered.events()[-1].kind is kind
    assert answered.ticket.updated_at == answered.office.now
    assert len(answered.messages()) == 2
    assert answered.office.out() == []


def test_a_receipt_on_nothing_of_ours_stands_in_the_journal(answered: Answered) -> None:
    raw = receipt(answered.replies[CLIENT], "displayed").replace(
        answered.replies[CLIENT]["Message-ID"].encode(), b"<x@otra.example>"
    )
    done = answered.office.deliver(raw, recipients=[HOUSE])
    assert (done.outcome, done.ticket_id) == (Outcome.AUTOMATIC, None)


def test_a_request_for_a_receipt_is_ignored(office: Office) -> None:
    done = office.deliver(mail(Disposition_Notification_To=CLIENT), recipients=[HOUSE])
    assert done.outcome is Outcome.OPENED
    assert {each["X-Purpose"] for each in office.out()} == {"notice", "acknowledgement"}


def receipt(of: EmailMessage, disposition: str) -> bytes:
    """A read receipt as Outlook sends it: no In-Reply-To, the mail is named in its second part alone."""
    return "\r\n".join(
        [
            f"From: Laura <{CLIENT}>",
            "To: soporte@example.com",
            "Subject: =?utf-8?Q?Le=C3=ADdo:_No_puedo_emitir_facturas_A?=",
            "Message-ID: <receipt@andina.example>",
            "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"',
            "",
            "--b",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            "Su mensaje fue le=EDdo.",
            "--b",
            "Content-Type: message/disposition-notification",
            "",
            "Reporting-UA: andina.example; Microsoft Outlook 16.0",
            f"Final-Recipient: rfc822;{CLIENT}",
            f"Original-Message-ID: {of['Message-ID']}",
            f"Disposition: automatic-action/MDN-sent-automatically; {disposition}",
            "",
            "--b--",
            "",
        ]
    ).encode()


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Auto-Submitted": "auto-generated"}, id="a monitor"),
        pytest.param({"X-Auto-Response-Suppress": "All"}, id="a notice of Microsoft 365"),
        pytest.param({"List-Id": "<l.otra.example>", "X-List-Administrivia": "yes"}, id="a notice of a list"),
    ],
)
def test_what_answers_nothing_opens_a_ticket_silently(office: Office, headers: dict[str, str]) -> None:
    raw = mail(sender="alertas@otra.example", subject="Disco lleno", cc="jefe@otra.example", **headers)
    done = office.deliver(raw, recipients=[HOUSE])
    assert (done.outcome, done.reason) == (Outcome.OPENED, "automatic")
    assert office.out() == []
    ticket = office.session.get(Ticket, done.ticket_id)
    assert ticket is not None
    assert (ticket.status, ticket.messages) == (Status.NEW, 1)
    message = office.session.execute(select(Message).where(Message.ticket_id == ticket.id)).scalar_one()
    assert (message.automatic, message.party) == (True, Party.CLIENT)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Auto-Submitted": "auto-replied"}, id="an automatic reply"),
        pytest.param(
            {"Auto-Submitted": "auto-generated", "In-Reply-To": "<x@otra.example>"}, id="it answers"
        ),
        pytest.param({"Precedence": "auto_reply"}, id="an autoresponder"),
    ],
)
def test_an_automatic_answer_to_nothing_of_ours_stands_in_the_journal(
    office: Office, headers: dict[str, str]
) -> None:
    done = office.deliver(mail(**headers), recipients=[HOUSE])
    assert (done.outcome, done.ticket_id) == (Outcome.AUTOMATIC, None)
    assert office.session.execute(select(func.count(Ticket.id))).scalar() == 0
    assert office.out() == []


def test_our_own_mail_that_comes_back_stands_in_the_journal(answered: Answered) -> None:
    notice = answered.notices[MARTIN]
    for header in ("X-Envelope-To", "X-Envelope-From", "X-Purpose"):
        del notice[header]
    before = len(answered.events())
    done = answered.office.deliver(notice.as_bytes(), recipients=[HOUSE])
    assert (done.outcome, done.reason, done.ticket_id) == (Outcome.AUTOMATIC, "own-loop", None)
    assert len(answered.events()) == before


def corpus_of(*kinds: str) -> Iterator[object]:
    for file in sorted(CORPUS.glob("*.eml")):
        said = tomllib.loads(file.with_suffix(".toml").read_text(encoding="utf-8"))
        if said["expect"].get("kind") in kinds:
            yield pytest.param(file, said.get("arrival", {}), id=file.stem)


@pytest.mark.parametrize(("file", "arrival"), list(corpus_of("automatic", "bounce", "receipt")))
def test_no_automatic_mail_of_the_corpus_is_ever_answered(
    answered: Answered, file: Path, arrival: dict[str, str]
) -> None:
    """Each as it is, then as an answer with a command in it: nothing moves, nobody is written to."""
    office, ticket = answered.office, answered.ticket
    done = office.deliver(file.read_bytes(), recipients=[HOUSE], sender=arrival.get("envelope_from"))
    assert done.outcome in (Outcome.BOUNCE, Outcome.AUTOMATIC, Outcome.OPENED, Outcome.HELD)
    assert done.reason
    assert office.out() == []
    known = answered.notices[MARTIN]
    head, blank, rest = file.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
    fields = [
        line for line in head.split(b"\n") if not line.lower().startswith((b"message-id:", b"references:"))
    ]
    fields += [b"Message-ID: <otra@somewhere.example>", b"References: " + known["Message-ID"].encode()]
    office.deliver(b"\n".join(fields) + blank + b"#cerrar\n" + rest, recipients=[known["Reply-To"]])
    assert office.out() == []
    assert (ticket.status, ticket.closed_at) == (Status.IN_PROGRESS, None)
    public = [each for each in answered.messages() if each.kind is MessageKind.PUBLIC]
    assert len(public) == 2
