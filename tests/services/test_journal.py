"""The ledger of mail in: in order of arrival, tried with patience, never lost (D5, D6, E1, E12)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import Session

from gateway.errors import Invalid, NotFound, StaleLease
from gateway.models.columns import table_of
from gateway.models.queues import Blob, Door, JournalEntry
from gateway.rules.admission import Outcome
from gateway.services import journal, leases
from tests.factories import AT
from tests.queues import incoming, make_entry

MINUTE = timedelta(minutes=1)
IMAP = {"door": Door.IMAP, "mailbox": "soporte", "folder": "INBOX", "uidvalidity": 7}


def claim(
    session: Session, *, limit: int = 12, octets: int = 10_000, now: datetime = AT, worker: str = "a/1/1"
):
    return journal.claim(session, worker=worker, limit=limit, octets=octets, now=now)


def ids(claimed) -> list[int]:
    return [entry.id for entry, _ in claimed]


def fail(session: Session, entry_id: int, *, now: datetime = AT) -> bool:
    """Claim a mail and fail it."""
    ((entry, fence),) = claim(session, now=now)
    assert entry.id == entry_id
    return journal.fail(session, entry, fence, "RuntimeError", now=now)


def row_of(session: Session, entry_id: int):
    session.expire_all()
    return session.execute(
        select(table_of(JournalEntry)).where(table_of(JournalEntry).c.id == entry_id)
    ).one()


def end(session: Session, entry_id: int, outcome: Outcome = Outcome.OPENED, **values: object) -> None:
    """Give a mail an outcome, as if it had been applied."""
    ((entry, fence),) = [each for each in claim(session, limit=99) if each[0].id == entry_id]
    leases.settle(
        session,
        JournalEntry,
        entry.id,
        fence,
        outcome=outcome,
        reason="x",
        due_at=None,
        settled_at=AT,
        **values,
    )
    journal.release(session, "a/1/1", counted=False)


def test_mails_are_written_down_in_order_with_their_envelope(session: Session) -> None:
    mails = [
        incoming(b"one", envelope_from="", peer="192.0.2.1", message_id="a@b"),
        incoming(b"two", envelope_from=None, recipients=("x@example.com", "y@example.com")),
        incoming(b"one"),
    ]
    first, second, third = journal.append(session, mails, now=AT)
    assert first < second < third
    row = row_of(session, first)
    assert (row.envelope_from, row.peer, row.message_id, row.size) == ("", "192.0.2.1", "a@b", 3)
    row = row_of(session, second)
    assert (row.envelope_from, row.recipients) == (None, ["x@example.com", "y@example.com"])
    assert session.execute(select(func.count()).select_from(table_of(Blob))).scalar() == 2
    assert journal.waiting(session) == 3


def test_an_imap_mail_keeps_the_entry_it_has(session: Session) -> None:
    def mail(uid: int, **more: object):
        return incoming(f"{uid}".encode(), **IMAP | {"uid": uid} | more)

    one, two = journal.append(session, [mail(1), mail(2)], now=AT)
    again = journal.append(session, [mail(2), mail(3), incoming(), mail(1), mail(1, uidvalidity=8)], now=AT)
    assert (again[0], again[3]) == (two, one)
    assert len(set(again) - {one, two}) == 3
    assert journal.recorded_uids(session, "soporte", "INBOX", 7, 1) == {2, 3}
    assert journal.recorded_uids(session, "soporte", "INBOX", 8, 0) == {1}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        pytest.param("a\0b@c", "ab@c", id="NUL, which PostgreSQL refuses"),
        pytest.param("a\udc80b@c", "a?b@c", id="half a character, which no database takes"),
        pytest.param("ñ" * 2000, "ñ" * 998, id="endless"),
    ],
)
def test_what_a_stranger_wrote_never_costs_the_mail(session: Session, written: str, kept: str) -> None:
    entry = make_entry(session, message_id=written, envelope_from=written)
    row = row_of(session, entry)
    assert (row.message_id, row.envelope_from) == (kept, kept[:320])


@pytest.mark.parametrize(
    ("sizes", "limit", "octets", "taken"),
    [
        pytest.param([], 12, 100, 0, id="none waits"),
        pytest.param([10, 10, 10], 2, 100, 2, id="as many as asked for"),
        pytest.param([40, 50, 11], 12, 100, 2, id="the third would be too much"),
        pytest.param([900, 1], 12, 100, 1, id="a large one alone"),
        pytest.param([1, 900], 12, 100, 1, id="a large one is left for the next"),
    ],
)
def test_a_claim_takes_what_fits(session: Session, sizes, limit, octets, taken) -> None:
    made = [make_entry(session, bytes([65 + at]) * size) for at, size in enumerate(sizes)]
    assert ids(claim(session, limit=limit, octets=octets)) == made[:taken]


def test_mail_is_taken_in_order_of_arrival_whatever_dates_it_bears(session: Session) -> None:
    dates = [datetime(year, 1, 1, tzinfo=UTC) for year in (9999, 1970, 2038)]
    made = [
        make_entry(session, f"Date: {date:%a, %d %b %Y} 00:00:00 +0000\r\n\r\n".encode()) for date in dates
    ]
    made.append(make_entry(session, b"Subject: no date\r\n\r\n"))
    assert ids(claim(session)) == made


def test_mail_that_was_tried_comes_alone_and_in_its_turn(session: Session) -> None:
    bad = make_entry(session)
    fail(session, bad)
    others = [make_entry(session) for _ in range(3)]
    worse = make_entry(session)
    last = make_entry(session)
    assert ids(claim(session, limit=3)) == others, "while it waits the others go on"
    journal.release(session, "a/1/1", counted=False)
    later = AT + 2 * MINUTE
    assert ids(claim(session, now=later)) == [bad], "the oldest first, so a flood does not starve it"
    claimed = claim(session, now=later, limit=4)
    assert ids(claimed) == [*others, worse]
    journal.fail(session, *claimed[-1], "RuntimeError", now=later - 2 * MINUTE)
    assert ids(claim(session, now=later)) == [worse]
    assert ids(claim(session, now=later)) == [last]


def test_a_lease_that_ended_is_taken_over_alone(session: Session) -> None:
    one, two = make_entry(session), make_entry(session)
    claim(session, limit=2)
    later = AT + 11 * MINUTE
    assert ids(claim(session, now=later, worker="b/2/2")) == [one]
    assert ids(claim(session, now=later, worker="b/2/2")) == [two]


def test_failures_are_retried_ever_more_slowly_and_then_set_aside(session: Session) -> None:
    entry, now, waits = make_entry(session), AT, []
    while not fail(session, entry, now=now):
        due = row_of(session, entry).due_at
        assert claim(session, now=due - timedelta(seconds=1)) == []
        waits.append(due - now)
        now = due
    assert waits == [MINUTE, 5 * MINUTE, 15 * MINUTE]
    row = row_of(session, entry)
    assert (row.outcome, row.reason, row.last_error) == (Outcome.FAILED, "failed", "RuntimeError")
    assert (row.settled_at, row.due_at) == (now, None)
    assert journal.waiting(session) == 0


def test_a_mail_set_aside_can_be_tried_again_as_if_new(session: Session) -> None:
    entry, now = make_entry(session), AT
    with pytest.raises(Invalid):
        journal.retry_failed(session, entry, now=AT)
    while not fail(session, entry, now=now):
        now += timedelta(hours=1)
    journal.retry_failed(session, entry, now=now)
    row = row_of(session, entry)
    assert (row.outcome, row.reason, row.attempts, row.settled_at) == (None, "", 0, None)
    assert ids(claim(session, now=now)) == [entry]
    with pytest.raises(NotFound):
        journal.retry_failed(session, 999, now=AT)


def test_putting_back_is_no_attempt(session: Session) -> None:
    entry = make_entry(session)
    claimed = claim(session)
    journal.put_back(session, *claimed[0], now=AT)
    assert row_of(session, entry).attempts == 0
    assert claim(session) == []
    session.expire_all()
    ((again, fence),) = claim(session, now=AT + timedelta(seconds=3))
    journal.put_back(session, again, fence, now=AT, wait=MINUTE)
    assert (row_of(session, entry).due_at, row_of(session, entry).attempts) == (AT + MINUTE, 0)
    with pytest.raises(StaleLease):
        journal.put_back(session, again, fence, now=AT)


@pytest.mark.parametrize(("counted", "attempts"), [(True, 1), (False, 0)], ids=["counted", "not counted"])
def test_a_worker_lets_go_of_its_own_mails_only(session: Session, counted: bool, attempts: int) -> None:
    ours, done, theirs = (make_entry(session) for _ in range(3))
    claim(session, limit=2)
    claim(session, worker="b/2/2")
    leases.settle(session, JournalEntry, done, 1, outcome=Outcome.HELD, reason="x", due_at=None)
    journal.release(session, "a/1/1", counted=counted)
    assert (row_of(session, ours).holder, row_of(session, ours).attempts) == (None, attempts)
    assert row_of(session, done).attempts == 1
    assert row_of(session, theirs).holder == "b/2/2"


def test_an_answer_waits_for_its_parent_and_for_nothing_else(session: Session) -> None:
    parent = make_entry(session, message_id="parent@x")
    answer = make_entry(session, message_id="answer@x")
    make_entry(session, message_id="later@x")
    entry = session.get_one(JournalEntry, answer)

    def waits(*references: str) -> bool:
        return journal.parent_waits(session, entry, references)

    assert waits("unknown@x", "parent@x")
    assert not waits()
    assert not waits("unknown@x")
    assert not waits("later@x"), "what came after it is no parent"
    assert not waits("answer@x"), "nobody waits for themselves"
    end(session, parent, Outcome.FAILED)
    assert not waits("parent@x"), "a parent set aside is waited for no longer"


@pytest.mark.parametrize(
    ("first", "again", "repeats"),
    [
        pytest.param({}, {}, True, id="the same mail"),
        pytest.param({"recipients": ()}, {}, True, id="from a mailbox, whose recipients nobody knows"),
        pytest.param(
            {"recipients": ("a@x", "b@x")}, {"recipients": ("b@x",)}, True, id="one recipient in common"
        ),
        pytest.param({"recipients": ("a@x",)}, {"recipients": ("b@x",)}, False, id="to another address"),
        pytest.param({}, {"message_id": "other@x"}, False, id="another Message-ID"),
        pytest.param({}, {"digest": "other"}, False, id="the same Message-ID on other words"),
        pytest.param({}, {"message_id": None}, False, id="no Message-ID"),
        pytest.param({}, {"received_at": AT + timedelta(days=30)}, True, id="within thirty days"),
        pytest.param({}, {"received_at": AT + timedelta(days=31)}, False, id="after thirty days"),
        pytest.param({"outcome": Outcome.FAILED}, {}, False, id="the first was set aside"),
        pytest.param({"outcome": Outcome.DUPLICATE}, {}, False, id="the first was itself a repeat"),
        pytest.param({"outcome": Outcome.HELD}, {}, True, id="the first is held"),
    ],
)
def test_is_repeat(session: Session, first: dict, again: dict, repeats: bool) -> None:
    first = {"outcome": Outcome.OPENED, "digest": "same", "message_id": "m@x"} | first
    again = {"digest": "same", "message_id": "m@x"} | again
    outcome, digest = first.pop("outcome"), first.pop("digest")
    earlier = make_entry(session, **first)
    end(session, earlier, outcome, digest=digest)
    message_id, digest = again.pop("message_id"), again.pop("digest")
    entry = session.get_one(JournalEntry, make_entry(session, message_id=message_id, **again))
    assert journal.is_repeat(session, entry, message_id, digest) == (earlier if repeats else None)


def test_a_mail_that_waits_is_no_reason_to_call_another_a_repeat(session: Session) -> None:
    make_entry(session, message_id="m@x")
    entry = session.get_one(JournalEntry, make_entry(session, message_id="m@x"))
    assert journal.is_repeat(session, entry, "m@x", "same") is None
