"""From the journal to the outcome: once, all or nothing; a bad mail costs only itself (D5, D6, E2)."""

import asyncio
import errno
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from gateway.inbound.processor import BATCH, Processor
from gateway.mail.interpret import read
from gateway.mail.reading import Reading, Surroundings
from gateway.models.columns import table_of
from gateway.models.queues import OutboxItem, Purpose
from gateway.models.tickets import Message, Ticket
from gateway.reader.reader import NO_CHILD, Mail, Reader, ReadingFailed
from gateway.rules.admission import Outcome
from gateway.rules.people import Role
from gateway.runtime import Runtime
from gateway.services import blobs, contributions, intake, settings
from gateway.services.blobs import SMALL
from gateway.services.desk import Desk, open_desk
from tests.conftest import ONE_ENGINE
from tests.factories import make_operator, make_topic, make_user, sender_of
from tests.office import mail, parsed_templates
from tests.outage import away, impatient
from tests.queues import Clock, entries, items, make_entry

Make = Callable[..., Runtime]
NUMBERS = count(1)


class Instant:
    """A reader without a child. `before` is awaited before each batch is read."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self.before: Callable[[Sequence[Mail]], Any] | None = None
        self.batches: list[int] = []

    async def read_many(self, mails: Sequence[Mail]) -> list[Reading | ReadingFailed]:
        self.batches.append(len(mails))
        if self.before is not None:
            await self.before(mails)
        return [read(raw, arrival, self._surroundings) for raw, arrival in mails]

    async def close(self) -> None:
        """Nothing to end."""


class Hall:
    """An installation with a topic, a clock that is told to go, and mails to put down."""

    def __init__(self, runtime: Runtime, clock: Clock) -> None:
        self.runtime = runtime
        self.clock = clock
        self.desk: Desk = replace(open_desk(runtime.config, runtime.secret), templates=parsed_templates())
        self.reader = Instant(self.desk.surroundings())
        with runtime.db.transaction() as session:
            make_topic(session, "Facturación", make_operator(session), is_default=True)

    def processor(self, reader: Any = None, **more: Any) -> Processor:
        return Processor(self.runtime, self.desk, reader=reader or self.reader, pause_seconds=0.01, **more)

    def put_down(self, raw: bytes = b"", **values: Any) -> int:
        number = next(NUMBERS)
        sender = f"Ana <ana@empresa{number}.example>"  # many, so that no rate is reached
        more = {"sender": sender, "subject": f"Pedido {number}", "message_id": f"{number}@andina.example"}
        raw = raw or mail(**more)
        with self.runtime.db.transaction() as session:
            return make_entry(session, raw, now=self.clock(), **values)

    def outcomes(self) -> dict[int, Outcome | None]:
        return {number: row.outcome for number, row in entries(self.runtime.db).items()}

    def effects(self) -> tuple[int, int, int]:
        """How many tickets, messages and mails out there are."""
        with self.runtime.db.snapshot() as session:
            counted = [
                session.execute(select(func.count()).select_from(table_of(model))).scalar_one()
                for model in (Ticket, Message)
            ]
        return counted[0], counted[1], len(items(self.runtime.db))

    async def until(self, *wanted: int, outcome: Outcome | None = Outcome.OPENED) -> None:
        """Wait until these mails have that outcome."""
        async with asyncio.timeout(30):
            while any(self.outcomes()[number] is not outcome for number in wanted):
                self.runtime.wakeup.ring("journal")
                await asyncio.sleep(0.01)


@pytest.fixture
def hall(make_runtime: Make) -> Hall:
    clock = Clock()
    return Hall(make_runtime(now=clock), clock)


@asynccontextmanager
async def running(processor: Processor) -> AsyncIterator[None]:
    """Run a processor beside the test, as the role does."""
    task = asyncio.create_task(processor.run())
    try:
        yield
    finally:
        assert not task.done(), "the loop outlives everything"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await processor.close()


async def test_all_that_waits_is_applied_and_told_of(hall: Hall) -> None:
    made = [hall.put_down() for _ in range(2 * BATCH + 3)]
    hall.put_down(mail(message_id="twice@x"), message_id="twice@x")
    again = hall.put_down(mail(message_id="twice@x"), message_id="twice@x")
    await hall.processor().work_off()
    outcomes = hall.outcomes()
    assert outcomes.pop(again) is Outcome.DUPLICATE
    assert set(outcomes.values()) == {Outcome.OPENED}
    assert hall.effects()[:2] == (len(made) + 1, len(made) + 1)
    assert max(hall.reader.batches) == BATCH


async def test_mail_says_the_name_of_the_site_as_it_is_when_it_is_written(hall: Hall) -> None:
    with hall.runtime.db.transaction() as session:
        ada = sender_of(make_user(session, "ada@sysmo.example", role=Role.ADMIN))
    processor = hall.processor()
    for name in ("Andina", "Pampeana"):
        with hall.runtime.db.transaction() as session:
            settings.name_site(session, hall.runtime.config.site, name, by=ada, now=hall.clock())
        before = len(items(hall.runtime.db))
        hall.put_down()
        await processor.work_off()
        written = list(items(hall.runtime.db).values())[before:]
        assert written
        assert all(name.encode() in row.head for row in written)


async def test_a_new_mail_wakes_the_processor_and_it_wakes_the_mailer(hall: Hall) -> None:
    async with running(hall.processor()):
        await hall.until(hall.put_down())
        async with asyncio.timeout(10):
            await hall.runtime.wakeup.wait("outbox", seconds=60)


@ONE_ENGINE
async def test_mail_that_harms_its_reader_is_retried_and_set_aside_while_others_go_on(hall: Hall) -> None:
    reader = Reader(hall.desk.surroundings(), child_module="tests.inbound.unruly_child", wall_seconds=1.5)
    processor = hall.processor(reader)
    reasons = {
        b"raise": "raised LookupError",
        b"hang": "timeout",
        b"devour": "memory",
        b"die": "killed by SIGKILL",
    }
    with hall.runtime.db.transaction() as session:
        make_operator(session, "ada@sysmo.example", role=Role.ADMIN)
    good = [hall.put_down()]
    bad = {hall.put_down(word + b" \r\n\r\n"): reason for word, reason in reasons.items()}
    for minutes in (1, 5, 15, None):
        good.append(hall.put_down())
        await processor.work_off()
        assert {hall.outcomes()[number] for number in good} == {Outcome.OPENED}
        rows = entries(hall.runtime.db)
        assert {number: rows[number].last_error for number in bad} == bad
        if minutes is not None:
            assert {hall.outcomes()[number] for number in bad} == {None}
            hall.clock.forward(minutes=minutes, seconds=-1)
            await processor.work_off()
            assert {row.attempts for number, row in entries(hall.runtime.db).items() if number in bad} == {
                rows[number].attempts for number in bad
            }, "not before its time"
            hall.clock.forward(seconds=1)
    assert {hall.outcomes()[number] for number in bad} == {Outcome.FAILED}
    with hall.runtime.db.snapshot() as session:
        for number in bad:
            assert blobs.read(session, hall.runtime.blobs, rows[number].sha256)
        alerted = select(table_of(OutboxItem).c.recipient).where(
            table_of(OutboxItem).c.purpose == Purpose.ALERT
        )
        assert session.execute(alerted).scalars().all() == ["ada@sysmo.example"], "once, not for each"
    await processor.close()


async def test_mail_that_ends_the_program_each_time_is_set_aside_unread(hall: Hall) -> None:
    bad, good = hall.put_down(), hall.put_down()
    processor = hall.processor()
    for _ in range(4):
        assert processor._claim()  # and dies
        hall.clock.forward(minutes=11)
    hall.reader.batches.clear()
    await processor.work_off()
    assert (hall.outcomes()[bad], hall.outcomes()[good]) == (Outcome.FAILED, Outcome.OPENED)
    assert "ended" in entries(hall.runtime.db)[bad].last_error


async def test_a_bug_over_one_mail_of_a_batch_is_that_mails_alone(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_mail, made = intake.apply_mail, [hall.put_down() for _ in range(5)]

    def buggy(session: Any, desk: Any, entry: Any, *given: Any, **more: Any) -> Any:
        done = apply_mail(session, desk, entry, *given, **more)
        if entry.id == made[2]:
            raise LookupError("a bug, after all was written")
        return done

    monkeypatch.setattr(intake, "apply_mail", buggy)
    await hall.processor().work_off()
    outcomes = hall.outcomes()
    assert outcomes.pop(made[2]) is None
    assert set(outcomes.values()) == {Outcome.OPENED}
    assert hall.effects()[0] == 4
    assert entries(hall.runtime.db)[made[2]].last_error == "LookupError"


async def test_a_bug_in_the_loop_is_counted_and_set_aside_too(hall: Hall) -> None:
    bad, good = hall.put_down(b"Subject: poison\r\n\r\n"), [hall.put_down() for _ in range(3)]

    async def raving(mails: Sequence[Mail]) -> None:
        if any(b"poison" in raw for raw, _ in mails):
            raise AttributeError

    hall.reader.before = raving
    async with running(hall.processor()):
        await hall.until(*good)
        await hall.until(bad, outcome=Outcome.FAILED)


async def test_a_machine_that_can_start_no_reader_costs_no_attempt(hall: Hall) -> None:
    entry, tries = hall.put_down(), count()

    class Childless(Instant):
        async def read_many(self, mails: Sequence[Mail]) -> list[Reading | ReadingFailed]:
            if next(tries) < 6:
                return [ReadingFailed(NO_CHILD) for _ in mails]
            return await super().read_many(mails)

    async with running(hall.processor(Childless(hall.desk.surroundings()))):
        await hall.until(entry)
    assert entries(hall.runtime.db)[entry].attempts == 1


async def test_a_blob_that_is_lost_or_cannot_be_read_is_one_mails_trouble(hall: Hall) -> None:
    lost, unreadable = (hall.put_down(bytes([number]) * (SMALL + 9)) for number in (65, 66))
    good = hall.put_down()
    rows = entries(hall.runtime.db)
    folder = hall.runtime.blobs
    blobs.place(folder, [blobs.content_of(bytes([number]) * (SMALL + 9)) for number in (65, 66)])
    blobs.file_of(folder, rows[lost].sha256).unlink()
    blobs.file_of(folder, rows[unreadable].sha256).unlink()
    blobs.file_of(folder, rows[unreadable].sha256).mkdir()
    await hall.processor().work_off()
    assert hall.outcomes() == {lost: None, unreadable: None, good: Outcome.OPENED}
    errors = [entries(hall.runtime.db)[number].last_error for number in (lost, unreadable)]
    assert "no file" in errors[0]
    assert "Is a directory" in errors[1]


async def test_attachments_that_the_disk_does_not_take_wait_for_room(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, good = hall.put_down(), hall.put_down()
    file_away, calls = contributions.file_away, count()

    def on_a_full_disk(*given: Any) -> Any:
        if next(calls) == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return file_away(*given)

    monkeypatch.setattr(contributions, "file_away", on_a_full_disk)
    processor = hall.processor()
    await processor.work_off()
    assert hall.outcomes() == {full: None, good: Outcome.OPENED}
    assert entries(hall.runtime.db)[full].attempts == 0
    hall.clock.forward(minutes=1)
    await processor.work_off()
    assert hall.outcomes()[full] is Outcome.OPENED


async def test_the_effects_of_a_mail_are_one_transaction_wherever_it_breaks(hall: Hall) -> None:
    """The n-th statement of the transaction fails, for every n; each time nothing is left of it."""
    entry = hall.put_down()
    broken_at = 0
    while hall.outcomes()[entry] is None:
        processor, statements, broken_at = hall.processor(), count(1), broken_at + 1
        batch = await processor._read_next()

        def fail(*_: object, statements: Any = statements, broken_at: int = broken_at) -> None:
            if next(statements) == broken_at:
                raise locked()

        event.listen(hall.runtime.db.engine, "before_cursor_execute", fail)
        try:
            processor._apply(batch)
        except OperationalError:
            assert hall.effects() == (0, 0, 0)
        finally:
            event.remove(hall.runtime.db.engine, "before_cursor_execute", fail)
        await processor.close()
    assert broken_at > 10
    assert hall.effects() == (1, 1, 2)
    assert entries(hall.runtime.db)[entry].attempts == 1


async def test_a_database_away_in_the_middle_is_waited_for_and_costs_no_attempt(hall: Hall) -> None:
    impatient(hall.runtime.db)
    made = [hall.put_down() for _ in range(BATCH + 5)]
    reading, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_: Sequence[Mail]) -> None:
        reading.set()
        await go_on.wait()

    hall.reader.before = hold
    failures: list[object] = []
    event.listen(hall.runtime.db.engine, "handle_error", failures.append)
    async with running(hall.processor()):
        await reading.wait()
        with away(hall.runtime.db):
            go_on.set()
            async with asyncio.timeout(30):
                while len(failures) < 4:
                    await asyncio.sleep(0.01)
        await hall.until(*made)
    assert hall.effects()[:2] == (len(made), len(made))
    assert {row.attempts for row in entries(hall.runtime.db).values()} == {1}


async def test_who_lost_the_lease_leaves_no_second_ticket(hall: Hall, make_runtime: Make) -> None:
    other = Hall.__new__(Hall)
    other.__dict__ |= hall.__dict__ | {"runtime": make_runtime(now=hall.clock, worker="other/1/1")}
    entry = hall.put_down()
    slow, quick = hall.processor(), other.processor()
    batch = await slow._read_next()
    hall.clock.forward(minutes=11)
    await quick.work_off()
    assert hall.outcomes()[entry] is Outcome.OPENED
    effects = hall.effects()
    slow._apply(batch)
    assert hall.effects() == effects
    assert effects[0] == 1


async def test_an_answer_waits_for_the_mail_it_answers(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    apply_mail, tries = intake.apply_mail, count()
    parent = hall.put_down(mail(message_id="parent@x", subject="Primero"), message_id="parent@x")
    answer = hall.put_down(mail(message_id="answer@x", subject="Segundo", in_reply_to="<parent@x>"))

    def fails_once(session: Any, desk: Any, entry: Any, *given: Any, **more: Any) -> Any:
        if entry.id == parent and next(tries) == 0:
            raise LookupError
        return apply_mail(session, desk, entry, *given, **more)

    monkeypatch.setattr(intake, "apply_mail", fails_once)
    processor = hall.processor()
    await processor.work_off()
    assert hall.outcomes() == {parent: None, answer: None}
    assert entries(hall.runtime.db)[answer].attempts == 0
    hall.clock.forward(minutes=1)
    await processor.work_off()
    rows = entries(hall.runtime.db)
    assert rows[parent].ticket_id < rows[answer].ticket_id


async def test_a_processor_that_is_stopped_lets_go_of_what_it_reads(hall: Hall) -> None:
    made = [hall.put_down() for _ in range(3)]
    reading = asyncio.Event()

    async def hold(_: Sequence[Mail]) -> None:
        reading.set()
        await asyncio.Event().wait()

    hall.reader.before = hold
    async with running(hall.processor()):
        await reading.wait()
        assert {row.holder for row in entries(hall.runtime.db).values()} == {hall.runtime.worker}
    rows = entries(hall.runtime.db)
    assert [(rows[number].holder, rows[number].attempts) for number in made] == [(None, 0)] * 3


async def test_a_processor_that_is_stopped_finishes_what_it_applies(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, apply_mail = hall.put_down(), intake.apply_mail
    loop, applying = asyncio.get_running_loop(), asyncio.Event()
    go_on = asyncio.Event()

    def slow(*given: Any, **more: Any) -> Any:
        loop.call_soon_threadsafe(applying.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(30)
        return apply_mail(*given, **more)

    monkeypatch.setattr(intake, "apply_mail", slow)
    async with running(hall.processor()):
        await applying.wait()
        loop.call_later(0.05, go_on.set)
    assert hall.outcomes()[entry] is Outcome.OPENED
    assert hall.effects()[0] == 1


def locked() -> OperationalError:
    """What SQLAlchemy raises of a database that is locked."""
    cause = sqlite3.OperationalError("database is locked")
    cause.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return OperationalError("UPDATE", {}, cause)
