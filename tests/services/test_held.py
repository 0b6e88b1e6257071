"""Held mail: what a decision makes of it, and what it never does (T4, T16, C10, D5, L9)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import Session

from gateway.catalogue import LANGUAGES, catalogue
from gateway.errors import Invalid, NotFound
from gateway.models.people import User
from gateway.models.queues import JournalEntry, OutboxItem, Purpose
from gateway.models.tickets import Event, Message, Participant, Ticket
from gateway.models.topics import TopicOperator
from gateway.outbound import scheduler
from gateway.rules import limits
from gateway.rules.admission import Decision, Outcome
from gateway.rules.lifecycle import EventKind, MessageKind, Status
from gateway.rules.people import Party, Role, Sender, UserStatus
from gateway.runtime import Runtime
from gateway.services import attention, books, held, ledger
from gateway.services.held import Acceptance
from gateway.services.journal import Settled
from tests.factories import make_operator, make_topic, make_user
from tests.office import Office, answer, body, mail
from tests.queues import Clock

CLIENT = "laura.gimenez@andina.example"
STRANGER = "codigos@tienda.example"
MARTIN = "martin.sosa@sysmo.example"
ADA = "ada@sysmo.example"
SUPPORT = "soporte@example.com"


@dataclass
class Desk:
    """An office with one request, its operator and an administrator."""

    office: Office
    martin: User
    ada: Sender
    ticket: Ticket
    sent: dict[str, EmailMessage]

    @property
    def session(self) -> Session:
        return self.office.session

    def hold(self, raw: bytes) -> int:
        """Deliver a mail that is held; return its entry."""
        entry_id = self.office.journal(raw, recipients=[SUPPORT])
        assert self.office.apply(entry_id).outcome is Outcome.HELD
        return entry_id

    def from_stranger(self, text: str = "Tu código es 9182", **values: str) -> int:
        """A mail to the client's reply address from somebody else."""
        return self.hold(answer(self.sent[CLIENT], text, sender=STRANGER, **values))

    def accept(self, entry_id: int, *, by: Sender | None = None, **wish: object) -> Settled:
        """Accept a held mail and apply it."""
        acceptance = Acceptance(**wish)  # type: ignore[arg-type]
        held.accept(self.session, self.office.desk, entry_id, acceptance, by=by, now=self.office.now)
        return self.office.apply(entry_id)

    def entry(self, entry_id: int) -> JournalEntry:
        return self.session.get_one(JournalEntry, entry_id, populate_existing=True)

    def messages(self, number: int | None) -> list[Message]:
        query = select(Message).where(Message.ticket_id == number).order_by(Message.number)  # type: ignore[arg-type]
        return list(self.session.execute(query).scalars())

    def events(self, number: int | None) -> list[Event]:
        query = select(Event).where(Event.ticket_id == number).order_by(Event.id)  # type: ignore[arg-type]
        return list(self.session.execute(query).scalars())

    def participants(self) -> set[str]:
        query = select(User.email).join(Participant, Participant.user_id == User.id)  # type: ignore[call-overload]
        return set(self.session.execute(query.where(Participant.ticket_id == self.ticket.id)).scalars())


def open_desk(office: Office) -> Desk:
    session = office.session
    martin = make_operator(session)
    ada = make_operator(session, ADA, name="Ada", role=Role.ADMIN)
    make_topic(session, "Facturación", martin, is_default=True)
    done = office.deliver(mail(), recipients=[SUPPORT])
    ticket = session.get_one(Ticket, done.ticket_id)
    sent = {each["X-Envelope-To"]: each for each in office.out()}
    return Desk(office, martin, Sender(ada.id, ADA, "Ada", Role.ADMIN, UserStatus.ACTIVE), ticket, sent)


@pytest.fixture
def desk(session: Session, runtime: Runtime, now: datetime) -> Desk:
    return open_desk(Office(runtime, session, now))


def test_a_strangers_mail_is_added_and_the_stranger_told_nothing(desk: Desk) -> None:
    entry = desk.from_stranger()
    assert desk.entry(entry).ticket_id == desk.ticket.id
    done = desk.accept(entry, by=desk.ada)
    assert done == Settled(Outcome.APPENDED, "accepted", desk.ticket.id)
    added = desk.messages(desk.ticket.id)[-1]
    assert (added.text, added.kind, added.party) == ("Tu código es 9182", MessageKind.PUBLIC, Party.CLIENT)
    assert not added.verified
    told = {each["X-Envelope-To"] for each in desk.office.out()}
    assert told == {MARTIN}
    assert desk.participants() == {CLIENT}
    last = desk.events(desk.ticket.id)[-1]
    assert (last.kind, last.detail) == (EventKind.REPLIED, {"accepted_by": desk.ada.user_id})


def test_until_it_is_accepted_nothing_of_it_is_on_the_request(desk: Desk) -> None:
    before = len(desk.events(desk.ticket.id))
    desk.from_stranger()
    assert len(desk.messages(desk.ticket.id)) == 1
    assert len(desk.events(desk.ticket.id)) == before
    assert desk.office.out() == []


def test_the_person_is_let_in_separately(desk: Desk) -> None:
    entry = desk.from_stranger()
    desk.accept(entry, by=desk.ada, person=True)
    assert desk.participants() == {CLIENT, STRANGER}
    joined = next(each for each in desk.events(desk.ticket.id) if each.kind is EventKind.JOINED)
    assert (joined.actor_id, joined.detail) == (desk.ada.user_id, {"to": STRANGER})
    desk.office.out()
    desk.office.deliver(answer(desk.sent[MARTIN], "Gracias a los dos.", sender=MARTIN, message_id="m@x"))
    replies = [each for each in desk.office.out() if each["X-Purpose"] == "reply"]
    assert {each["X-Envelope-To"] for each in replies} == {CLIENT, STRANGER}


def test_whoever_takes_part_already_does_not_join_twice(desk: Desk) -> None:
    stranger = make_user(desk.session, STRANGER)
    entry = desk.from_stranger()
    desk.session.add(Participant(ticket_id=desk.ticket.id, user_id=stranger.id, joined_at=desk.office.now))
    desk.session.flush()
    desk.accept(entry, person=True)
    assert EventKind.JOINED not in {each.kind for each in desk.events(desk.ticket.id)}


def test_as_new_it_opens_a_request_that_operators_can_connect(desk: Desk) -> None:
    entry = desk.from_stranger()
    done = desk.accept(entry, as_new=True)
    assert (done.outcome, done.reason) == (Outcome.OPENED, "accepted")
    assert done.ticket_id != desk.ticket.id
    (opened,) = desk.events(done.ticket_id)
    assert opened.detail == {"accepted_by": None, "may_belong_to": desk.ticket.id}
    assert {each["X-Envelope-To"] for each in desk.office.out()} == {MARTIN}, "no acknowledgement"
    assert len(desk.messages(desk.ticket.id)) == 1


def test_it_goes_onto_another_request_if_told_so(desk: Desk) -> None:
    other = desk.office.deliver(mail(message_id="dos@andina.example", subject="Otra"), recipients=[SUPPORT])
    done = desk.accept(desk.from_stranger(), ticket=other.ticket_id)
    assert done.ticket_id == other.ticket_id
    assert len(desk.messages(other.ticket_id)) == 2


def test_a_request_closed_for_good_is_gone_on_with_in_a_new_one(desk: Desk) -> None:
    entry = desk.from_stranger()
    desk.ticket.status = Status.CLOSED
    desk.ticket.closed_at = desk.office.now - timedelta(days=31)
    desk.session.add(desk.ticket)
    desk.session.flush()
    done = desk.accept(entry)
    assert done.outcome is Outcome.OPENED
    assert desk.session.get_one(Ticket, done.ticket_id).linked_to == desk.ticket.id


def test_a_mail_its_domain_disowns_is_apart_from_any_request(
    session: Session, make_runtime: Callable[..., Runtime], now: datetime
) -> None:
    desk = open_desk(Office(make_runtime('[trust]\nauthserv_ids = ["mx.sysmo.example"]'), session, now))
    refused = (
        b"Authentication-Results: mx.sysmo.example; dmarc=fail (p=reject) header.from=andina.example\r\n"
    )
    entry = desk.hold(refused + answer(desk.sent[CLIENT], "Paguen acá", sender=CLIENT))
    assert (desk.entry(entry).reason, desk.entry(entry).ticket_id) == ("sender-refused", None)
    with pytest.raises(Invalid):
        desk.accept(entry, person=True, ticket=desk.ticket.id)
    done = desk.accept(entry)
    assert done.outcome is Outcome.OPENED
    (message,) = desk.messages(done.ticket_id)
    assert not message.verified
    assert {each["X-Envelope-To"] for each in desk.office.out()} == {MARTIN}


def test_what_claims_to_be_an_operators_stays_internal_and_commands_nothing(desk: Desk) -> None:
    raw = mail(
        sender=MARTIN,
        subject=desk.sent[CLIENT]["Subject"],
        text="#cerrar\n\nYa está resuelto.",
        message_id="m@sysmo.example",
    )
    entry = desk.hold(raw)
    assert desk.entry(entry).reason == "operator-without-token"
    done = desk.accept(entry, by=desk.ada)
    assert done.outcome is Outcome.APPENDED
    comment = desk.messages(desk.ticket.id)[-1]
    assert (comment.kind, comment.party) == (MessageKind.INTERNAL, Party.OPERATOR)
    assert "#cerrar" in comment.text
    assert desk.ticket.status is Status.NEW
    assert all(each["X-Purpose"] == "notice" for each in desk.office.out())


def test_the_mail_of_an_operator_who_lost_the_topic_stays_internal(desk: Desk) -> None:
    serving = desk.session.get_one(TopicOperator, (desk.ticket.topic_id, desk.martin.id))
    desk.session.delete(serving)
    desk.session.flush()
    entry = desk.hold(answer(desk.sent[MARTIN], "Cliente: te paso la clave", sender=MARTIN))
    assert desk.entry(entry).reason == "stranger"
    with pytest.raises(Invalid):
        desk.accept(entry, by=desk.ada, person=True)
    desk.accept(entry, by=desk.ada)
    assert desk.messages(desk.ticket.id)[-1].kind is MessageKind.INTERNAL
    assert CLIENT not in {each["X-Envelope-To"] for each in desk.office.out()}


def test_nobody_accepts_a_mail_of_their_own(desk: Desk) -> None:
    entry = desk.hold(
        mail(sender=ADA, subject=desk.sent[CLIENT]["Subject"], text="#cerrar", message_id="a@sysmo.example")
    )
    with pytest.raises(Invalid):
        desk.accept(entry, by=desk.ada)


def test_a_mistaken_command_cannot_be_accepted(desk: Desk) -> None:
    entry = desk.hold(answer(desk.sent[MARTIN], "#cerarr\nListo", sender=MARTIN))
    assert desk.entry(entry).reason == "command-mistake"
    with pytest.raises(Invalid):
        desk.accept(entry)


@pytest.mark.parametrize("sender", [pytest.param(SUPPORT, id="ours"), pytest.param("undisclosed", id="none")])
def test_a_mail_nobody_could_be_answered_for_cannot_be_accepted(desk: Desk, sender: str) -> None:
    header = b"From: Laura =?utf-8?q?Gim=C3=A9nez?= <laura.gimenez@andina.example>"
    raw = mail(message_id="x@y.example").replace(header, f"From: {sender}".encode())
    entry = desk.hold(raw)
    with pytest.raises(Invalid):
        desk.accept(entry, as_new=True)


def test_a_disabled_persons_mail_opens_a_request_and_they_get_no_mail(desk: Desk) -> None:
    person = desk.session.get_one(User, desk.ticket.requester_id)
    person.status = UserStatus.DISABLED
    desk.session.add(person)
    desk.session.flush()
    entry = desk.hold(answer(desk.sent[CLIENT], "Hola", sender=CLIENT))
    done = desk.accept(entry)
    assert done.outcome is Outcome.OPENED
    assert {each["X-Envelope-To"] for each in desk.office.out()} == {MARTIN}


def test_an_unknown_senders_mail_opens_a_request_that_can_be_answered(
    session: Session, make_runtime: Callable[..., Runtime], now: datetime
) -> None:
    office = Office(make_runtime(), session, now)
    desk = open_desk(office)
    desk.office = Office(make_runtime('[trust]\nunknown_senders = "hold"'), session, now, seen=office.seen)
    entry = desk.hold(mail(sender=f"Ana Ruiz <{STRANGER}>", message_id="ana@tienda.example"))
    done = desk.accept(entry)
    (notice,) = desk.office.out()
    assert notice["X-Envelope-To"] == MARTIN
    desk.office.deliver(answer(notice, "Hola, Ana.", sender=MARTIN, message_id="m@sysmo.example"))
    assert [each["X-Envelope-To"] for each in desk.office.out()] == [STRANGER]
    assert done.outcome is Outcome.OPENED


def test_a_mail_that_seemed_to_go_in_circles_opens_a_request(desk: Desk) -> None:
    hops = b"Received: from a.example by b.example; Mon, 11 May 2026 17:48:00 -0300\r\n" * (limits.HOPS + 1)
    entry = desk.hold(hops + mail(sender=STRANGER, message_id="vuelta@tienda.example"))
    assert desk.entry(entry).reason == "too-many-hops"
    assert desk.accept(entry).outcome is Outcome.OPENED
    assert {each["X-Envelope-To"] for each in desk.office.out()} == {MARTIN}


def test_an_accepted_mail_is_not_taken_for_its_own_twin(desk: Desk) -> None:
    raw = answer(desk.sent[CLIENT], "Tu código es 9182", sender=STRANGER)
    entry, twin = desk.hold(raw), desk.office.deliver(raw, recipients=[SUPPORT])
    assert twin.outcome is Outcome.DUPLICATE
    assert desk.accept(entry).outcome is Outcome.APPENDED
    assert desk.office.deliver(raw, recipients=[SUPPORT]).outcome is Outcome.DUPLICATE
    assert len(desk.messages(desk.ticket.id)) == 2


def test_discarded_it_is_kept_without_effect_listed_no_more_and_can_still_be_accepted(desk: Desk) -> None:
    entry = desk.from_stranger()
    held.discard(desk.session, entry, by=desk.ada, now=desk.office.now)
    kept = desk.entry(entry)
    assert (kept.outcome, kept.reason) == (Outcome.HELD, "stranger")
    assert (kept.decision, kept.decided_by, kept.decided_at) == (
        Decision.DISCARD,
        desk.ada.user_id,
        desk.office.now,
    )
    assert list(ledger.mails_in(desk.session, outcome="held")) == []
    assert [each.id for each in ledger.mails_in(desk.session, outcome="discarded")] == [str(entry)]
    assert attention.set_aside(desk.session).held == 0
    assert desk.accept(entry).outcome is Outcome.APPENDED


def test_the_second_who_decides_finds_it_decided(desk: Desk) -> None:
    entry = desk.from_stranger()
    wish = Acceptance()
    held.accept(desk.session, desk.office.desk, entry, wish, by=desk.ada, now=desk.office.now)
    with pytest.raises(NotFound):
        held.accept(desk.session, desk.office.desk, entry, wish, by=None, now=desk.office.now)
    with pytest.raises(NotFound):
        held.discard(desk.session, entry, by=None, now=desk.office.now)


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param(Acceptance(as_new=True, person=True), id="a new request and the person"),
        pytest.param(Acceptance(as_new=True, ticket=1), id="a new request and an old one"),
    ],
)
def test_wishes_that_contradict_themselves(desk: Desk, wish: Acceptance) -> None:
    entry = desk.from_stranger()
    with pytest.raises(Invalid):
        held.accept(desk.session, desk.office.desk, entry, wish, by=None, now=desk.office.now)


def test_a_request_that_is_not_there(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.accept(desk.from_stranger(), ticket=999)


def test_the_books_balance_before_and_after_each_decision(desk: Desk) -> None:
    def sound() -> None:
        desk.session.flush()
        assert list(books.differences(desk.session)) == []

    first, second, third = (
        desk.from_stranger(text, message_id=f"{text}@tienda.example") for text in ("uno", "dos", "tres")
    )
    sound()
    held.discard(desk.session, first, by=None, now=desk.office.now)
    sound()
    held.accept(desk.session, desk.office.desk, second, Acceptance(), by=None, now=desk.office.now)
    sound()
    desk.office.apply(second)
    sound()
    desk.accept(third, as_new=True)
    sound()


def test_held_for_a_fortnight_somebody_is_reminded(desk: Desk) -> None:
    entry = desk.from_stranger()
    fortnight = desk.office.now + attention.HELD_LONG

    def waiting_long(at: datetime) -> int:
        return attention.held_since(desk.session, at - attention.HELD_LONG)

    assert waiting_long(fortnight) == 0
    assert waiting_long(fortnight + timedelta(seconds=1)) == 1
    held.discard(desk.session, entry, by=None, now=desk.office.now)
    assert waiting_long(fortnight + timedelta(days=1)) == 0


def test_the_administrators_are_mailed_once_a_day_of_what_waits_for_long(
    make_runtime: Callable[..., Runtime], now: datetime
) -> None:
    clock = Clock(now)
    runtime = make_runtime(now=clock)
    with runtime.db.transaction() as session:
        open_desk(Office(runtime, session, now)).from_stranger()

    def alerts_after(time: timedelta) -> list[str]:
        clock.time = now + time
        scheduler.work_off(runtime, {"remind-of-held": scheduler.remind_of_held})
        with runtime.db.snapshot() as session:
            query = select(OutboxItem.recipient).where(OutboxItem.purpose == Purpose.ALERT)  # type: ignore[call-overload]
            return list(session.execute(query).scalars())

    assert alerts_after(timedelta()) == []
    assert alerts_after(timedelta(days=14)) == []
    assert alerts_after(timedelta(days=15)) == [ADA]
    assert alerts_after(timedelta(days=15, hours=2)) == [ADA]
    assert alerts_after(timedelta(days=16)) == [ADA, ADA]


def test_every_reason_says_what_happened_and_what_accepting_does() -> None:
    gateway = Path(__file__).parents[2] / "gateway"
    files = [gateway / "rules" / "admission.py", *sorted((gateway / "services").glob("*.py"))]
    source = "".join(each.read_text(encoding="utf-8") for each in files)
    found = set(re.findall(r'(?:Admission\.HOLD,|held\.keep\(|admission,)\s*"([a-z-]+)"', source))
    refusals = source[source.index("def _refusal(") :].partition("\n\n\n")[0]
    found |= set(re.findall(r'return "([a-z-]+)"', refusals)) | set(held.NEVER_ACCEPTED)
    found |= {key.partition(".")[2] for key in catalogue("es") if key.startswith("held.")}
    assert {"stranger", "command-mistake", "disabled", "no-sender", "several-senders"} <= found
    lacking = [
        f"{kind}.{reason} in {language}"
        for reason in found
        for language in LANGUAGES
        for kind in ("held", "held-why")
        if f"{kind}.{reason}" not in catalogue(language)
    ]
    assert sorted(lacking) == []


def test_the_notice_of_an_accepted_mail_shows_it_as_not_verified(desk: Desk) -> None:
    desk.accept(desk.from_stranger())
    (notice,) = desk.office.out()
    assert "remitente NO VERIFICADO" in " ".join(body(notice).split())
