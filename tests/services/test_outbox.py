"""What becomes of mail out, at the level of its rows (invariants E3 to E8)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select, update
from sqlmodel import Session

from gateway.errors import StaleLease
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import OutboxItem, OutboxState, Purpose
from gateway.models.tickets import Event, Participant, Ticket
from gateway.models.topics import TopicOperator
from gateway.rules import retry
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Role, UserStatus
from gateway.services import outbox
from gateway.services.outbox import Claimed
from tests.factories import AT, make_operator, make_ticket, make_topic, make_user
from tests.queues import make_item

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TEN_MINUTES = 10 * MINUTE
EVEN = 0.5
ITEM = table_of(OutboxItem)


def claim(session: Session, now: datetime = AT, *, worker: str = "a/1/1", limit: int = 16) -> list[Claimed]:
    return outbox.claim(session, worker=worker, lasting=TEN_MINUTES, limit=limit, now=now)


def take_up(session: Session, now: datetime = AT) -> Claimed:
    """Claim the one row that is due, and mark it."""
    (claimed,) = claim(session, now)
    assert outbox.transmitting(session, claimed, until=now + TEN_MINUTES) is None
    return claimed


def row_of(session: Session, item_id: int):
    return session.execute(select(ITEM).where(ITEM.c.id == item_id)).one()


def events(session: Session) -> list[EventKind]:
    event = table_of(Event)
    return list(session.execute(select(event.c.kind).order_by(event.c.id)).scalars())


@pytest.fixture
def ticket(session: Session) -> Ticket:
    return make_ticket(session, make_user(session), make_topic(session, "Ventas", make_operator(session)))


def on_ticket(session: Session, ticket: Ticket, **values: object) -> int:
    """A mail to the requester of a ticket."""
    return make_item(session, **{"ticket_id": ticket.id, "user_id": ticket.requester_id} | values)


def test_a_claim_brings_all_there_is_to_send(session: Session) -> None:
    item = make_item(session, parts=[["Content-Type: x\r\n\r\n", "f" * 64]], tail=b"--x--\r\n", resend=False)
    (claimed,) = claim(session)
    assert (claimed.id, claimed.fence, claimed.attempts, claimed.resend) == (item, 1, 1, False)
    assert claimed.composed.parts[0].header == b"Content-Type: x\r\n\r\n"
    assert claimed.composed.tail == b"--x--\r\n"
    assert claim(session) == []


def test_what_was_sent_is_done(session: Session) -> None:
    item = make_item(session)
    outbox.sent(session, take_up(session), now=AT + MINUTE)
    row = row_of(session, item)
    assert (row.state, row.sent_at, row.due_at, row.holder) == (OutboxState.SENT, AT + MINUTE, None, None)
    assert claim(session, AT + 9 * DAY) == []


def test_for_one_ticket_and_recipient_mail_leaves_in_order(session: Session, ticket: Ticket) -> None:
    first, second = on_ticket(session, ticket), on_ticket(session, ticket)
    other = on_ticket(session, ticket, recipient="else@andina.example")
    without_ticket = [make_item(session), make_item(session)]
    claimed = claim(session)
    assert [each.id for each in claimed] == [first, other, *without_ticket]
    assert claim(session) == []
    outbox.sent(session, claimed[0], now=AT)
    assert [each.id for each in claim(session)] == [second]


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        pytest.param(OutboxState.QUEUED, True, id="queued"),
        pytest.param(OutboxState.TRANSMITTING, True, id="on the wire"),
        pytest.param(OutboxState.DEFERRED, True, id="deferred"),
        pytest.param(OutboxState.FAILED, False, id="failed"),
        pytest.param(OutboxState.UNCERTAIN, False, id="uncertain"),
        pytest.param(OutboxState.BOUNCED, False, id="bounced"),
    ],
)
def test_a_mail_waits_while_the_one_before_it_may_still_leave(
    session: Session, ticket: Ticket, state: OutboxState, waits: bool
) -> None:
    on_ticket(session, ticket, state=state, due_at=AT + HOUR if waits else None)
    second = on_ticket(session, ticket)
    assert [each.id for each in claim(session)] == ([] if waits else [second])


@pytest.mark.parametrize(
    ("deferred", "overtakes"),
    [
        pytest.param(timedelta(0), False, id="just now"),
        pytest.param(-14 * MINUTE, False, id="14 minutes ago"),
        pytest.param(-16 * MINUTE, True, id="16 minutes ago"),
        pytest.param(-DAY, True, id="yesterday"),
        pytest.param(MINUTE, False, id="in a minute, by another machine's clock"),
        pytest.param(DAY, True, id="tomorrow, by a clock set back"),
    ],
)
def test_a_deferred_mail_is_overtaken_after_a_quarter_of_an_hour(
    session: Session, ticket: Ticket, deferred: timedelta, overtakes: bool
) -> None:
    on_ticket(
        session,
        ticket,
        state=OutboxState.DEFERRED,
        first_deferred_at=AT + deferred,
        due_at=AT + HOUR,
    )
    second = on_ticket(session, ticket)
    assert [each.id for each in claim(session)] == ([second] if overtakes else [])


def test_only_the_newest_holder_may_write_a_result(session: Session) -> None:
    item = make_item(session)
    old = take_up(session)
    later = AT + 11 * MINUTE
    (new,) = claim(session, later, worker="b/2/2")
    assert (new.fence, new.was_transmitting) == (2, True)
    assert outbox.transmitting(session, old, until=later) == "lease lost"
    for write in (outbox.sent, lambda *given, now: outbox.failed(*given, "no", now=now)):
        with pytest.raises(StaleLease):
            write(session, old, now=later)
    outbox.give_back(session, old)
    assert row_of(session, item).holder == "b/2/2"
    outbox.sent(session, new, now=later)
    assert (row_of(session, item).state, events(session)) == (OutboxState.SENT, [])


@pytest.mark.parametrize("was_transmitting", [False, True])
def test_a_lost_lease_is_noticed_before_anything_is_written(session: Session, was_transmitting: bool) -> None:
    user = make_user(session, status=UserStatus.DISABLED)
    state = OutboxState.TRANSMITTING if was_transmitting else OutboxState.QUEUED
    item = make_item(session, user_id=user.id, resend=False, state=state)
    (old,) = claim(session)
    claim(session, AT + 11 * MINUTE, worker="b/2/2")
    assert outbox.transmitting(session, old, until=AT) == "lease lost"
    assert row_of(session, item).state == state


@pytest.mark.parametrize(
    ("purpose", "resend"),
    [(Purpose.REPLY, True), (Purpose.NOTICE, True), (Purpose.CLOSED, True), (Purpose.ACKNOWLEDGEMENT, False),
     (Purpose.RESET, False), (Purpose.CONFIRM, False), (Purpose.MISTAKE, False)],
)  # fmt: skip
@pytest.mark.parametrize("how", ["the program ended", "no answer came"])
def test_when_nobody_knows_whether_it_was_sent(
    session: Session, purpose: Purpose, resend: bool, how: str
) -> None:
    item = make_item(session, purpose=purpose, resend=resend)
    claimed = take_up(session)
    if how == "no answer came":
        outbox.unclear(session, claimed, "DATA: timeout", now=AT, chance=EVEN)
    else:
        outbox.release_former(session, "b/2/2", lambda worker: worker == "a/1/1")
        (found,) = claim(session)
        expected = None if resend else "uncertain"
        assert outbox.transmitting(session, found, until=AT) == expected
        if resend:
            outbox.deferred(session, found, "again", now=AT, chance=EVEN)
    row = row_of(session, item)
    assert row.state == (OutboxState.DEFERRED if resend else OutboxState.UNCERTAIN)
    assert (row.due_at is not None) is resend


def test_a_restarted_mailer_takes_back_what_it_held(session: Session) -> None:
    make_item(session), make_item(session)
    claim(session, limit=1, worker="a/1/1")
    claim(session, worker="b/2/2")
    assert outbox.release_former(session, "a/1/1", lambda _: False) == 1
    assert len(claim(session)) == 1


def test_giving_back_is_no_attempt(session: Session) -> None:
    one, two = make_item(session), make_item(session, state=OutboxState.TRANSMITTING)
    for claimed in claim(session):
        outbox.give_back(session, claimed)
    for item, state in ((one, OutboxState.QUEUED), (two, OutboxState.TRANSMITTING)):
        row = row_of(session, item)
        assert (row.state, row.attempts, row.holder) == (state, 0, None)
    assert len(claim(session)) == 2


def test_letting_go_of_all_counts_only_what_was_begun(session: Session) -> None:
    begun, waiting, theirs = make_item(session), make_item(session), make_item(session)
    for claimed in claim(session, limit=2)[:1]:
        outbox.transmitting(session, claimed, until=AT + TEN_MINUTES)
    claim(session, worker="b/2/2")
    outbox.release(session, "a/1/1")
    assert [row_of(session, item).attempts for item in (begun, waiting, theirs)] == [1, 0, 1]
    assert [row_of(session, item).holder for item in (begun, waiting, theirs)] == [None, None, "b/2/2"]


def test_a_mail_that_never_gets_through_ends_after_five_days_and_its_ticket_says_so(
    session: Session, ticket: Ticket
) -> None:
    item, now, waits = on_ticket(session, ticket), AT, []
    while row_of(session, item).state != OutboxState.FAILED:
        outbox.deferred(session, take_up(session, now), "450 busy", now=now, chance=EVEN)
        row = row_of(session, item)
        assert (EventKind.DELAYED in events(session)) is (now - AT >= 4 * HOUR)
        if row.due_at is not None:
            assert claim(session, row.due_at - timedelta(seconds=1)) == []
            waits.append(row.due_at - now)
            now = row.due_at
    assert waits[:7] == [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 2 * HOUR]
    assert max(waits) == 2 * HOUR
    assert 5 * DAY <= now - AT < 5 * DAY + 2 * HOUR
    assert row_of(session, item).attempts >= retry.SENDING_ATTEMPTS
    assert events(session) == [EventKind.DELAYED, EventKind.NOT_DELIVERED]


@pytest.mark.parametrize("jump_after", [0, 3, 6, 20])
@pytest.mark.parametrize("jump", [-DAY, -HOUR, HOUR, DAY], ids=["-1 day", "-1 hour", "+1 hour", "+1 day"])
def test_clock_jumps_end_nothing_early_and_let_nothing_sleep(
    session: Session, jump: timedelta, jump_after: int
) -> None:
    """Time that passed for the mail is counted apart from what the clock says; a restart reads it anew."""
    item, now, passed, attempts = make_item(session), AT, timedelta(0), 0
    while row_of(session, item).state != OutboxState.FAILED:
        asleep = row_of(session, item).due_at - now
        if timedelta(0) < asleep <= 2.5 * HOUR:
            assert claim(session, now + asleep / 2) == []
            passed, now = passed + asleep, now + asleep
        outbox.deferred(session, take_up(session, now), "450 busy", now=now, chance=1.0)
        attempts += 1
        if attempts == jump_after + 1:
            now += jump
    assert attempts >= retry.SENDING_ATTEMPTS
    assert passed >= retry.SENDING_DAYS - max(jump, timedelta(0)) - HOUR


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(
            datetime(2026, 3, 8, 1, 59, tzinfo=ZoneInfo("America/New_York")), id="clocks go forward"
        ),
        pytest.param(datetime(2026, 11, 1, 0, 30, tzinfo=ZoneInfo("America/New_York")), id="clocks go back"),
    ],
)
def test_summer_time_changes_no_wait(session: Session, start: datetime) -> None:
    item = make_item(session, due_at=start, created_at=start)
    now = start.astimezone(UTC)
    for wait in (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR):
        outbox.deferred(session, take_up(session, now), "450", now=now, chance=EVEN)
        assert row_of(session, item).due_at - now == wait
        assert claim(session, now + wait - timedelta(seconds=1)) == []
        now += wait


def test_a_relay_that_refuses_us_pauses_all_and_fails_nobody_until_the_third_time(
    session: Session, ticket: Ticket
) -> None:
    item, other, now = on_ticket(session, ticket), make_item(session), AT
    for times in (1, 2):
        claimed, _ = claim(session, now)
        outbox.relay_refuses(session, claimed, "554 go away", now=now)
        row = row_of(session, item)
        assert (row.state, row.pauses, row.attempts) == (OutboxState.QUEUED, times, 0)
        assert outbox.is_paused(session, now=now + 5 * MINUTE - timedelta(seconds=1))
        outbox.release(session, "a/1/1")
        assert claim(session, now + 4 * MINUTE) == []
        now += 5 * MINUTE
        assert not outbox.is_paused(session, now=now)
    claimed, _ = claim(session, now)
    outbox.relay_refuses(session, claimed, "554 go away", now=now)
    assert row_of(session, item).state == OutboxState.FAILED
    assert row_of(session, other).state == OutboxState.QUEUED
    assert events(session) == [EventKind.NOT_DELIVERED]


def test_a_mail_on_the_wire_when_the_pause_began_is_not_counted(session: Session) -> None:
    one, two = make_item(session), make_item(session)
    for claimed in claim(session):
        outbox.relay_refuses(session, claimed, "554 go away", now=AT)
    assert [row_of(session, item).pauses for item in (one, two)] == [1, 0]
    assert len(claim(session, AT + 5 * MINUTE)) == 2


@pytest.mark.parametrize(
    ("until", "holds"),
    [
        pytest.param(AT - MINUTE, False, id="over"),
        pytest.param(AT + 5 * MINUTE, True, id="for five minutes"),
        pytest.param(AT + DAY, False, id="for a day, by a clock set back"),
        pytest.param(outbox.UNTIL_RELEASED, True, id="until an administrator ends it"),
    ],
)
def test_a_pause(session: Session, until: datetime, holds: bool) -> None:
    make_item(session)
    outbox.pause(session, AT + 99 * MINUTE)
    outbox.pause(session, until)
    assert outbox.is_paused(session, now=AT) is holds
    assert (claim(session) == []) is holds


@pytest.mark.parametrize(
    ("mail", "change", "allowed"),
    [
        pytest.param(("operator", True), None, True, id="an operator of the topic"),
        pytest.param(("operator", True), "topic", False, id="an operator who left the topic"),
        pytest.param(("operator", False), "topic", False, id="the same, of what a client wrote"),
        pytest.param(("operator", False), "disabled", False, id="an operator who was disabled"),
        pytest.param(("operator", True), "client", False, id="an operator who is one no longer"),
        pytest.param(
            ("operator", True), "unconfirmed", False, id="an operator whose account is not confirmed"
        ),
        pytest.param(("operator", True), "assigned", True, id="one who left the topic and has it assigned"),
        pytest.param(("operator", True), "admin", True, id="one who left the topic and is administrator"),
        pytest.param(("operator", False), "takes part", True, id="one who left the topic and takes part"),
        pytest.param(("operator", True), "takes part", False, id="the same, of what is internal"),
        pytest.param(("requester", False), None, True, id="the requester"),
        pytest.param(("requester", True), None, False, id="the requester, of what is internal"),
        pytest.param(("requester", False), "left", False, id="a participant who was removed"),
        pytest.param(("requester", False), "disabled", False, id="a participant who was disabled"),
        pytest.param(("nobody", False), None, False, id="a ticket's mail to nobody we know"),
    ],
)
@pytest.mark.parametrize("when", ["before the first attempt", "between attempts", "after a crash"])
@pytest.mark.usefixtures("ticket")
def test_who_may_no_longer_see_a_mail_is_not_sent_it(
    session: Session, mail: tuple[str, bool], change: str | None, allowed: bool, when: str
) -> None:
    who, internal = mail
    ticket = session.execute(select(Ticket)).scalar_one()
    operator = session.execute(select(User).where(table_of(User).c.role == Role.OPERATOR)).scalar_one()
    user = {"operator": operator.id, "requester": ticket.requester_id, "nobody": None}[who]
    item, now = on_ticket(session, ticket, user_id=user, internal=internal), AT
    if when != "before the first attempt" and who == "operator":
        claimed = take_up(session)
        if when == "between attempts":
            outbox.deferred(session, claimed, "450", now=AT, chance=EVEN)
        outbox.release(session, "a/1/1")
        now = AT + HOUR
    if change is not None:
        take_away(session, ticket, change)
    (claimed,) = claim(session, now)
    refusal = outbox.transmitting(session, claimed, until=now + TEN_MINUTES)
    assert refusal == (None if allowed else outbox.NOT_ALLOWED)
    expected = OutboxState.TRANSMITTING if allowed else OutboxState.FAILED
    assert row_of(session, item).state == expected


@pytest.mark.parametrize("purpose", [Purpose.RESET, Purpose.MISTAKE])
@pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.UNCONFIRMED, UserStatus.DISABLED])
def test_mail_on_an_account_goes_unless_it_is_disabled(
    session: Session, ticket: Ticket, purpose: Purpose, status: UserStatus
) -> None:
    user = make_user(session, "other@andina.example", status=status)
    ticket_id = ticket.id if purpose is Purpose.MISTAKE else None
    make_item(session, ticket_id=ticket_id, user_id=user.id, purpose=purpose)
    (claimed,) = claim(session)
    refusal = outbox.transmitting(session, claimed, until=AT)
    assert (refusal is None) is (status is not UserStatus.DISABLED)


def take_away(session: Session, ticket: Ticket, change: str) -> None:
    person, operator = table_of(User), table_of(User).c.role == Role.OPERATOR
    operator_id = session.execute(select(person.c.id).where(operator)).scalar_one()
    match change:
        case "disabled":
            session.execute(update(User).values(status=UserStatus.DISABLED))
            return
        case "client":
            session.execute(update(User).values(role=Role.CLIENT))
            return
        case "unconfirmed":
            session.execute(update(User).where(operator).values(status=UserStatus.UNCONFIRMED))
            return
        case "left":
            session.execute(delete(Participant))
            return
        case "assigned":
            session.execute(update(Ticket).values(assignee_id=operator_id))
        case "admin":
            session.execute(update(User).where(operator).values(role=Role.ADMIN))
        case "takes part":
            session.add(Participant(ticket_id=ticket.id, user_id=operator_id, joined_at=AT))
            session.flush()
    session.execute(delete(TopicOperator))
