"""What reports count, as tickets move: the same as when it is made anew from their events."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.reports import CountedClosing, CountedRequest
from gateway.models.tickets import Event, Ticket
from gateway.models.topics import Topic
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Party, Sender
from gateway.rules.periods import quarter_of
from gateway.rules.working_time import USUAL
from gateway.runtime import Runtime
from gateway.services import recounting, tickets, working_hours
from gateway.services.contributions import Contribution
from gateway.services.desk import Desk, open_desk
from gateway.services.tickets import Opening
from tests.factories import make_operator, make_topic, make_user, sender_of

ZONE = ZoneInfo("America/Argentina/Buenos_Aires")
MONDAY = datetime(2026, 5, 11, 12, 0, tzinfo=UTC)  # 9:00 in Argentina, when work begins
Rows = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]


class Counter:
    """A desk with two topics, a client and an operator, and the verbs at moments of a test's own."""

    def __init__(self, session: Session, desk: Desk) -> None:
        self.session, self.desk = session, desk
        self.martin = make_operator(session)
        self.laura = make_user(session)
        self.topics: list[Topic] = [
            make_topic(session, name, self.martin) for name in ("Facturación", "Redes")
        ]

    def open(self, at: datetime = MONDAY, **values: object) -> Ticket:
        said = Contribution("No anda", **values)  # type: ignore[arg-type]
        opening = Opening(self.topics[0], "No anda", said, silent=said.automatic)
        made = tickets.open_ticket(self.session, self.desk, sender_of(self.laura), opening, now=at)
        return self.session.execute(select(Ticket).where(table_of(Ticket).c.id == made.id)).scalar_one()

    def say(self, ticket: Ticket, by: User, at: datetime) -> None:
        party = Party.CLIENT if by is self.laura else Party.OPERATOR
        who, said = sender_of(by), Contribution("Algo")
        tickets.add_message(self.session, self.desk, ticket, who, said, party=party, now=at)

    def close(self, ticket: Ticket, at: datetime, by: Sender | None = None) -> None:
        tickets.close(self.session, self.desk, ticket, by=by, tell=False, now=at)

    def rows(self) -> Rows:
        """What is counted, in order."""
        self.session.flush()
        found = []
        for counted in (CountedRequest, CountedClosing):
            table = table_of(counted)
            found.append(
                [tuple(each) for each in self.session.execute(select(table).order_by(*table.primary_key))]
            )
        return found[0], found[1]


@pytest.fixture
def desk(runtime: Runtime) -> Desk:
    return open_desk(runtime.config, runtime.secret)


@pytest.fixture
def counter(session: Session, desk: Desk) -> Counter:
    return Counter(session, desk)


def after(**values: float) -> datetime:
    return MONDAY + timedelta(**values)


def never_answered(counter: Counter, ticket: Ticket) -> None:
    """Opened, and nothing since."""


def answered_twice(counter: Counter, ticket: Ticket) -> None:
    counter.say(ticket, counter.martin, after(hours=2))
    counter.say(ticket, counter.martin, after(hours=3))


def closed_by_itself(counter: Counter, ticket: Ticket) -> None:
    counter.close(ticket, after(days=3))


def closed_and_woken_by_the_client(counter: Counter, ticket: Ticket) -> None:
    counter.close(ticket, after(hours=1), sender_of(counter.martin))
    counter.say(ticket, counter.laura, after(days=2))


def closed_taken_closed_reopened_closed(counter: Counter, ticket: Ticket) -> None:
    martin = sender_of(counter.martin)
    counter.close(ticket, after(hours=1), martin)
    tickets.take(counter.session, ticket, martin, now=after(hours=2))
    counter.close(ticket, after(hours=3), martin)
    tickets.reopen(counter.session, ticket, by=martin, now=after(days=30))
    counter.say(ticket, counter.martin, after(days=31))
    counter.close(ticket, after(days=31), martin)


def closed_twice_in_a_moment(counter: Counter, ticket: Ticket) -> None:
    martin = sender_of(counter.martin)
    for _ in range(2):
        counter.say(ticket, counter.martin, after(hours=1))
        counter.close(ticket, after(hours=1), martin)


def moved_when_closed(counter: Counter, ticket: Ticket) -> None:
    martin = sender_of(counter.martin)
    counter.close(ticket, after(hours=1), martin)
    tickets.move(counter.session, counter.desk, ticket, counter.topics[1], by=martin, now=after(hours=2))


LIVES = (
    never_answered,
    answered_twice,
    closed_by_itself,
    closed_and_woken_by_the_client,
    closed_taken_closed_reopened_closed,
    closed_twice_in_a_moment,
    moved_when_closed,
)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_counted_as_it_happens_is_counted_anew(
    counter: Counter, life: Callable[[Counter, Ticket], None]
) -> None:
    life(counter, counter.open())
    written = counter.rows()
    assert written[0]
    for counted in (CountedClosing, CountedRequest):
        counter.session.execute(delete(counted))
    assert not recounting.count_some(counter.session, ZONE, now=after(days=40))
    assert counter.rows() == written


def test_what_a_closing_tells(counter: Counter) -> None:
    ticket = counter.open()
    closed_taken_closed_reopened_closed(counter, ticket)
    requests, closings = counter.rows()
    martin, opened = counter.martin.id, quarter_of(MONDAY)
    topic, laura = counter.topics[0].id, counter.laura.id
    days = 24 * 60
    assert requests == [
        (ticket.id, opened, topic, laura, "email", opened + 31 * 96, martin, 31 * days, _working(31 * days))
    ]
    assert [each[2:] for each in closings] == [
        (opened + 4, martin, topic, laura, 60, 60, opened + 8, opened + 12),
        (opened + 12, martin, topic, laura, 180, 180, opened + 30 * 96, opened + 31 * 96),
        (opened + 31 * 96, martin, topic, laura, 31 * days, _working(31 * days), None, None),
    ]


def test_a_request_of_a_program_counts_nowhere(counter: Counter) -> None:
    ticket = counter.open(automatic=True)
    counter.say(ticket, counter.martin, after(hours=1))
    counter.close(ticket, after(hours=2), sender_of(counter.martin))
    assert counter.rows() == ([], [])
    assert not recounting.count_some(counter.session, ZONE, now=after(days=1))
    assert counter.rows() == ([], [])


def test_taking_a_closed_request_says_that_it_is_open_again(counter: Counter) -> None:
    ticket = counter.open()
    counter.close(ticket, after(hours=1))
    tickets.take(counter.session, ticket, sender_of(counter.martin), now=after(hours=2))
    event = table_of(Event).c
    kinds = counter.session.execute(select(event.kind).where(event.ticket_id == ticket.id).order_by(event.id))
    assert list(kinds.scalars()) == [EventKind.OPENED, EventKind.CLOSED, EventKind.REOPENED, EventKind.TAKEN]
    assert ticket.closed_at is None


def test_older_events_told_of_no_reopening(counter: Counter) -> None:
    at = [after(hours=each) for each in range(6)]
    told = [
        (EventKind.TAKEN, 1, at[0]),
        (EventKind.CLOSED, 1, at[1]),
        (EventKind.ASSIGNED, 2, at[2]),
        (EventKind.REOPENED, 2, at[2]),
        (EventKind.CLOSED, None, at[3]),
        (EventKind.CLOSED, 1, at[4]),
    ]
    first, second = recounting.closings_of(told)
    assert (first.at, first.by, first.reopened, first.next) == (at[1], 1, at[2], at[3])
    assert (second.at, second.by, second.reopened, second.next) == (at[3], None, None, None)


def test_other_hours_are_counted_in_batches_and_once(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recounting, "BATCH", 2)
    for _ in range(5):
        counter.close(counter.open(), after(days=1))
    session = counter.session
    assert not recounting.is_current(session, ZONE)
    assert [_count(session) for _ in range(4)] == [True, True, False, False]
    assert recounting.is_current(session, ZONE)
    before = counter.rows()
    holiday = replace(USUAL, free=((date(2026, 5, 11), "Aniversario"),))
    working_hours.save(session, holiday, by=sender_of(counter.martin), now=after(days=2))
    assert not recounting.is_current(session, ZONE)
    assert [_count(session) for _ in range(3)] == [True, True, False]
    assert [row[7] for row in before[1]] == [9 * 60] * 5
    assert [row[7] for row in counter.rows()[1]] == [0] * 5
    assert not recounting.is_current(session, ZoneInfo("America/Santiago"))


def test_minutes_never_run_back(counter: Counter) -> None:
    """A clock may be set back between the two."""
    counter.close(counter.open(), after(hours=-1))
    (closing,) = counter.rows()[1]
    assert closing[6:8] == (0, 0)


def _count(session: Session) -> bool:
    more = recounting.count_some(session, ZONE, now=after(days=2))
    session.flush()
    return more


def _working(minutes: int) -> int:
    """From a Monday at 9:00 on, slowly: Monday to Friday from 9 to 18, without the 25th of May."""
    found = 0
    for each in range(minutes):
        local = (MONDAY + timedelta(minutes=each)).astimezone(ZONE)
        found += local.weekday() < 5 and 9 <= local.hour < 18 and (local.month, local.day) != (5, 25)
    return found
