"""Is this mail yours? Nothing happens until its operator says so, signed in (T9)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import delete, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.people import Token, TokenPurpose, User
from gateway.models.queues import JournalEntry
from gateway.models.tickets import Event, Message, Ticket
from gateway.models.topics import TopicOperator
from gateway.rules import limits
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import EventKind, MessageKind, Status
from gateway.rules.people import Role, Sender, UserStatus
from gateway.runtime import Runtime
from gateway.services import books, held, verification
from gateway.services.verification import State
from gateway.tokens import hash_token
from tests.factories import make_operator, make_topic
from tests.office import Office, answer, body, mail

CLIENT = "laura.gimenez@andina.example"
MARTIN = "martin.sosa@sysmo.example"
SOFIA = "sofia.paz@sysmo.example"
SUPPORT = "soporte@example.com"
LINK = re.compile(r"/correos/confirmar/([a-z0-9]+)")


def sender_of(user: User) -> Sender:
    return Sender(user.id, user.email, user.name, user.role, user.status)


@dataclass
class Desk:
    """An office that wants operators' mail verified, with one request and its notices."""

    office: Office
    martin: User
    sofia: User
    ticket: Ticket
    sent: dict[str, EmailMessage]

    @property
    def session(self) -> Session:
        return self.office.session

    def answered(self, text: str = "Ya lo vimos.", **values: str) -> tuple[int, EmailMessage]:
        """Martín answers his notice, unverified; return the entry held and what he is asked."""
        raw = answer(self.sent[MARTIN], text, sender=MARTIN, **values)
        entry_id = self.office.journal(raw, recipients=[SUPPORT])
        done = self.office.apply(entry_id)
        assert (done.outcome, done.reason) == (Outcome.HELD, "operator-not-verified")
        (asked,) = self.office.out()
        return entry_id, asked

    def confirm(
        self, asked: EmailMessage, *, by: User | None = None, later: timedelta | None = None
    ) -> State:
        now = self.office.now + (later or timedelta())
        operator = sender_of(by or self.martin)
        return verification.confirm(self.session, token_of(asked), operator, now=now).state

    def messages(self) -> list[Message]:
        query = select(Message).where(Message.ticket_id == self.ticket.id).order_by(Message.number)  # type: ignore[arg-type]
        return list(self.session.execute(query).scalars())


def token_of(asked: EmailMessage) -> str:
    found = LINK.search(body(asked).replace("\r\n", "\n"))
    assert found is not None
    return found[1]


@pytest.fixture
def desk(session: Session, make_runtime: Callable[..., Runtime], now: datetime) -> Desk:
    office = Office(make_runtime('[trust]\noperator_mail = "verified"'), session, now)
    martin, sofia = make_operator(session), make_operator(session, SOFIA, name="Sofía Paz")
    make_topic(session, "Facturación", martin, sofia, is_default=True)
    done = office.deliver(mail(), recipients=[SUPPORT])
    sent = {each["X-Envelope-To"]: each for each in office.out()}
    return Desk(office, martin, sofia, session.get_one(Ticket, done.ticket_id), sent)


def test_only_its_operator_is_asked_and_nothing_else_happens(desk: Desk) -> None:
    _, asked = desk.answered("#cerrar\nYa lo vimos.")
    assert (asked["X-Envelope-To"], asked["X-Purpose"]) == (MARTIN, "verify")
    shown = " ".join(body(asked).split())
    assert "¿Este correo es tuyo?" in shown
    assert f"#{desk.ticket.id}" in shown
    assert "No puedo emitir facturas A" in shown
    assert "Ya lo vimos." in shown
    assert len(desk.messages()) == 1
    assert desk.ticket.status is Status.NEW


def test_only_the_beginning_of_the_mail_is_shown(desk: Desk) -> None:
    _, asked = desk.answered("palabra " * 100 + "final")
    assert "palabra" in body(asked)
    assert "final" not in body(asked)


def test_confirmed_it_is_as_if_it_had_come_verified(desk: Desk) -> None:
    entry, asked = desk.answered("#cerrar\nYa lo vimos.")
    assert desk.confirm(asked) is State.OPEN
    done = desk.office.apply(entry)
    assert (done.outcome, done.ticket_id) == (Outcome.APPENDED, desk.ticket.id)
    (reply,) = desk.office.out()
    assert (reply["X-Envelope-To"], reply["X-Purpose"]) == (CLIENT, "reply")
    assert "Ya lo vimos." in body(reply)
    assert desk.ticket.status is Status.CLOSED
    message = desk.messages()[-1]
    assert (message.kind, message.verified, message.verdict_reason) == (
        MessageKind.PUBLIC,
        True,
        "confirmed",
    )
    query = select(Event.detail).where(Event.kind == EventKind.REPLIED)  # type: ignore[call-overload]
    assert list(desk.session.execute(query).scalars()) == [{"accepted_by": desk.martin.id}]
    assert list(books.differences(desk.session)) == []


def test_a_mistaken_command_is_told_as_ever(desk: Desk) -> None:
    entry, asked = desk.answered("#cerarr\nYa lo vimos.")
    desk.confirm(asked)
    done = desk.office.apply(entry)
    assert (done.outcome, done.reason) == (Outcome.HELD, "command-mistake")
    assert [each["X-Purpose"] for each in desk.office.out()] == ["mistake"]


def test_looking_uses_nothing_up(desk: Desk) -> None:
    entry, asked = desk.answered()
    for _ in range(3):
        found = verification.question(
            desk.session, token_of(asked), sender_of(desk.martin), now=desk.office.now
        )
        assert (found.state, found.entry_id, found.ticket) == (State.OPEN, entry, desk.ticket.id)
    assert desk.session.get_one(JournalEntry, entry).outcome is Outcome.HELD


def test_another_operator_finds_no_such_link(desk: Desk) -> None:
    entry, asked = desk.answered()
    with pytest.raises(NotFound):
        desk.confirm(asked, by=desk.sofia)
    assert desk.session.get_one(JournalEntry, entry).decision is None


def test_the_link_holds_a_day(desk: Desk) -> None:
    entry, asked = desk.answered()
    assert desk.confirm(asked, later=verification.LIFE) is State.EXPIRED
    assert desk.session.get_one(JournalEntry, entry).outcome is Outcome.HELD
    assert desk.confirm(asked, later=verification.LIFE - timedelta(seconds=1)) is State.OPEN


def test_the_link_works_once(desk: Desk) -> None:
    entry, asked = desk.answered()
    desk.confirm(asked)
    assert desk.confirm(asked) is State.DECIDED
    desk.office.apply(entry)
    assert desk.confirm(asked) is State.DECIDED
    assert len(desk.messages()) == 2


def test_what_an_administrator_discarded_is_not_confirmed(desk: Desk) -> None:
    entry, asked = desk.answered()
    held.discard(desk.session, entry, by=None, now=desk.office.now)
    assert desk.confirm(asked) is State.DECIDED
    assert desk.session.get_one(JournalEntry, entry).outcome is Outcome.HELD


def test_whoever_lost_the_topic_finds_no_such_link(desk: Desk) -> None:
    _, asked = desk.answered()
    desk.session.execute(delete(TopicOperator).where(table_of(TopicOperator).c.user_id == desk.martin.id))
    with pytest.raises(NotFound):
        desk.confirm(asked)


@pytest.mark.parametrize("lost", ["topic", "role", "account"])
def test_access_lost_after_confirming_counts(desk: Desk, lost: str) -> None:
    entry, asked = desk.answered("#cerrar\nYa lo vimos.")
    desk.confirm(asked)
    if lost == "topic":
        serving = table_of(TopicOperator).c
        desk.session.execute(delete(TopicOperator).where(serving.user_id == desk.martin.id))
    elif lost == "role":
        desk.martin.role = Role.CLIENT
    else:
        desk.martin.status = UserStatus.DISABLED
    desk.session.flush()
    done = desk.office.apply(entry)
    assert done.outcome is Outcome.HELD
    assert done.reason == ("disabled" if lost == "account" else "stranger")
    told = [each["X-Purpose"] for each in desk.office.out()]
    assert told == (["mistake"] if lost == "topic" else []), "an operator hears that it reached nobody"
    assert desk.ticket.status is Status.NEW


def test_each_held_mail_is_asked_about_once(desk: Desk) -> None:
    entry, _ = desk.answered()
    again = desk.session.get_one(JournalEntry, entry)
    again.outcome, again.due_at = None, desk.office.now
    desk.session.flush()
    assert desk.office.apply(entry).outcome is Outcome.HELD
    assert desk.office.out() == []


def test_the_link_is_kept_as_a_hash_alone(desk: Desk) -> None:
    entry, asked = desk.answered()
    (row,) = desk.session.execute(select(Token).where(Token.purpose == TokenPurpose.VERIFY)).scalars()  # type: ignore[arg-type]
    assert row.hash == hash_token(token_of(asked))
    assert (row.journal_id, row.user_id, row.ticket_id) == (entry, desk.martin.id, desk.ticket.id)


def test_a_stolen_token_gets_a_forger_nowhere(desk: Desk) -> None:
    """Whoever has Martín's notice and forges his From: the client reads nothing, Martín is asked."""
    entry, asked = desk.answered("#cerrar\nDepositen en esta otra cuenta.")
    assert asked["X-Envelope-To"] == MARTIN
    second = desk.office.deliver(
        answer(asked, "#cerrar\nDepositen acá.", sender=MARTIN, message_id="f@x"), recipients=[SUPPORT]
    )
    assert second.outcome is Outcome.HELD
    assert {each["X-Envelope-To"] for each in desk.office.out()} == {MARTIN}
    assert len(desk.messages()) == 1
    assert desk.session.get_one(JournalEntry, entry).outcome is Outcome.HELD


def test_many_forgeries_cost_their_operator_few_mails(desk: Desk) -> None:
    for number in range(limits.VERIFICATIONS.count + 3):
        raw = answer(desk.sent[MARTIN], f"Pagá {number}", sender=MARTIN, message_id=f"{number}@x.example")
        assert desk.office.deliver(raw, recipients=[SUPPORT]).outcome is Outcome.HELD
    assert len(desk.office.out()) == limits.VERIFICATIONS.count


def test_two_from_fields_ask_nobody(desk: Desk) -> None:
    raw = answer(desk.sent[MARTIN], "Hola", sender=MARTIN)
    assert raw.startswith(b"From: martin.sosa@sysmo.example\r\n")
    raw = raw.replace(b"\r\n", b"\r\nFrom: otro@tienda.example\r\n", 1)
    done = desk.office.deliver(raw, recipients=[SUPPORT])
    assert done.outcome is Outcome.HELD
    assert desk.office.out() == []


def test_let_in_by_somebody_else_it_stays_internal(desk: Desk) -> None:
    entry, asked = desk.answered("#cerrar\nYa lo vimos.")
    wish = held.Acceptance()
    held.accept(desk.session, desk.office.desk, entry, wish, by=sender_of(desk.sofia), now=desk.office.now)
    desk.office.apply(entry)
    assert desk.messages()[-1].kind is MessageKind.INTERNAL
    assert desk.ticket.status is Status.NEW
    assert CLIENT not in {each["X-Envelope-To"] for each in desk.office.out()}
    assert desk.confirm(asked) is State.DECIDED
