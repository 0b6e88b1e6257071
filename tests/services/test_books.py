"""The books: sound ones show no difference, and each way to cook them is found under its name."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from gateway.models.queues import Blob, Door, JournalEntry, OutboxItem, OutboxState, Purpose
from gateway.models.tickets import Event, Message, Ticket
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import Channel, EventKind
from gateway.rules.people import Party
from gateway.services import blobs, books
from gateway.services.books import Rule
from tests import factories

BIG = b"x" * (blobs.SMALL + 1)


class Office:
    """One request opened by a mail and answered by another, with every row as it should be."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session, self.now = session, now
        content = blobs.content_of(b"a mail")
        blobs.keep(session, [content], now=now)
        laura = factories.make_user(session)
        self.topic = factories.make_topic(session, is_default=True)
        self.ticket = factories.make_ticket(session, laura, self.topic, messages=1)
        self.entry = JournalEntry(
            door=Door.SMTP,
            received_at=now,
            sha256=content.sha256,
            size=content.size,
            outcome=Outcome.OPENED,
            reason="new",
            settled_at=now,
            ticket_id=self.ticket.id,
        )
        self.add(self.entry)
        self.message = self.make_message(1)
        self.add(self.message)
        self.opened = Event(ticket_id=self.ticket.id, kind=EventKind.OPENED, at=now)
        self.item = OutboxItem(
            recipient=laura.email,
            purpose=Purpose.ACKNOWLEDGEMENT,
            resend=False,
            message_id="one@sysmo.example",
            head=b"",
            state=OutboxState.SENT,
            created_at=now,
            sent_at=now,
        )
        self.add(self.opened, self.item)

    def add(self, *rows: object) -> None:
        self.session.add_all(rows)
        self.session.flush()

    def make_message(self, number: int) -> Message:
        return Message(
            ticket_id=self.ticket.id,
            number=number,
            party=Party.CLIENT,
            channel=Channel.EMAIL,
            journal_id=self.entry.id,
            text="Hola",
            created_at=self.now,
        )

    def second_ticket(self) -> Ticket:
        laura_id = self.ticket.requester_id
        ticket = Ticket(
            subject="Otra",
            topic_id=self.topic.id,
            requester_id=laura_id,
            created_at=self.now,
            updated_at=self.now,
            public_at=self.now,
        )
        self.add(ticket)
        self.add(Event(ticket_id=ticket.id, kind=EventKind.OPENED, at=self.now))
        return ticket

    # Ways to cook the books

    def forget_outcome(self) -> None:
        self.entry.outcome = None
        self.message.journal_id = None
        self.message.channel = Channel.WEB

    def leave_waiting(self) -> None:
        self.entry.due_at = self.now

    def forget_reason(self) -> None:
        self.entry.reason = ""

    def forget_time(self) -> None:
        self.entry.settled_at = None

    def lose_message(self) -> None:
        self.message.journal_id = None
        self.message.channel = Channel.WEB

    def apply_held(self) -> None:
        self.entry.outcome = Outcome.HELD

    def apply_twice(self) -> None:
        self.add(self.make_message(2))
        self.ticket.messages = 2

    def misfile(self) -> None:
        self.entry.ticket_id = self.second_ticket().id

    def lose_mail(self) -> None:
        self.message.journal_id = None
        self.entry.outcome = Outcome.HELD

    def miscount(self) -> None:
        self.ticket.messages = 2

    def misnumber(self) -> None:
        self.message.number = 2

    def open_twice(self) -> None:
        self.add(Event(ticket_id=self.ticket.id, kind=EventKind.OPENED, at=self.now))

    def never_open(self) -> None:
        self.session.delete(self.opened)

    def leave_unsent(self) -> None:
        self.item.state, self.item.sent_at = OutboxState.QUEUED, None

    def leave_due(self) -> None:
        self.item.due_at = self.now

    def send_at_no_time(self) -> None:
        self.item.sent_at = None

    def no_default(self) -> None:
        self.topic.is_default = False


COOKED = [
    pytest.param(Office.forget_outcome, Rule.NO_OUTCOME, id="a mail that neither waits nor ended"),
    pytest.param(Office.leave_waiting, Rule.TWO_OUTCOMES, id="a mail that ended and waits"),
    pytest.param(Office.forget_reason, Rule.NO_REASON, id="an outcome without a reason"),
    pytest.param(Office.forget_time, Rule.NO_REASON, id="an outcome without a time"),
    pytest.param(Office.lose_message, Rule.NO_MESSAGE, id="an opened mail without a message"),
    pytest.param(Office.apply_held, Rule.UNDUE_MESSAGE, id="a held mail with a message"),
    pytest.param(Office.apply_twice, Rule.TWO_MESSAGES, id="one mail, two messages"),
    pytest.param(Office.misfile, Rule.OTHER_TICKET, id="a mail on another request than its message"),
    pytest.param(Office.lose_mail, Rule.NO_MAIL, id="a message by mail without a mail"),
    pytest.param(Office.miscount, Rule.MISCOUNTED, id="a request that counts too many"),
    pytest.param(Office.misnumber, Rule.MISCOUNTED, id="a message whose number is not its place"),
    pytest.param(Office.open_twice, Rule.MISOPENED, id="a request opened twice"),
    pytest.param(Office.never_open, Rule.MISOPENED, id="a request nobody opened"),
    pytest.param(Office.leave_unsent, Rule.NO_END, id="a mail out nobody will ever send"),
    pytest.param(Office.leave_due, Rule.STILL_DUE, id="a sent mail that would go again"),
    pytest.param(Office.send_at_no_time, Rule.NO_TIME, id="a mail sent at no time"),
    pytest.param(Office.no_default, Rule.DEFAULT_TOPIC, id="no default topic"),
]


@pytest.mark.parametrize(("cook", "rule"), COOKED)
def test_cooked_books_are_found(
    session: Session, now: datetime, cook: Callable[[Office], None], rule: Rule
) -> None:
    office = Office(session, now)
    cook(office)
    session.flush()
    assert [difference.rule for difference in books.differences(session)] == [rule]


def test_sound_books_show_nothing(session: Session, now: datetime) -> None:
    office = Office(session, now)
    office.add(OutboxItem(**office.item.model_dump(exclude={"id", "message_id"}), message_id="two"))
    assert list(books.differences(session)) == []


def test_empty_books_show_nothing(session: Session) -> None:
    assert list(books.differences(session)) == []


def test_a_mail_of_nothing_but_commands_needs_no_message(session: Session, now: datetime) -> None:
    office = Office(session, now)
    commands = office.entry.model_dump(exclude={"id"}) | {"outcome": Outcome.APPENDED, "reason": "commands"}
    office.add(JournalEntry(**commands))
    assert list(books.differences(session)) == []


def test_every_rule_is_broken_by_a_test() -> None:
    assert {parameter.values[1] for parameter in COOKED} == set(Rule)


def test_examples_are_few_and_the_count_is_whole(session: Session, now: datetime) -> None:
    office = Office(session, now)
    row = office.entry.model_dump(exclude={"id"}) | {"outcome": None, "due_at": None, "ticket_id": None}
    office.add(*(JournalEntry(**row) for _ in range(books.EXAMPLES + 5)))
    (difference,) = books.differences(session)
    assert difference.count == books.EXAMPLES + 5
    assert len(difference.examples) == books.EXAMPLES


def test_damaged_and_lost_blobs_are_named(session: Session, now: datetime, tmp_path: Path) -> None:
    small, big, lost = (blobs.content_of(data) for data in (b"small", BIG, BIG + b"y"))
    blobs.place(tmp_path, [big])
    blobs.keep(session, [small, big, lost], now=now)
    bad = blobs.content_of(b"good")
    session.add(Blob(sha256=bad.sha256, size=4, data=b"evil", created_at=now))
    session.flush()
    found = list(books.damaged_blobs(session, tmp_path))
    assert len(found) == books.count_blobs(session) == 4
    assert {each for each in found if each} == {lost.sha256, bad.sha256}


def test_a_damaged_file_is_named(session: Session, now: datetime, tmp_path: Path) -> None:
    big = blobs.content_of(BIG)
    blobs.place(tmp_path, [big])
    blobs.keep(session, [big], now=now)
    blobs.file_of(tmp_path, big.sha256).write_bytes(BIG[:-1] + b"y")
    assert list(books.damaged_blobs(session, tmp_path)) == [big.sha256]
