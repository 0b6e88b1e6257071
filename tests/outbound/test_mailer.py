"""The whole mailer on a scripted relay: what becomes of rows, of pauses and of leases (E3 to E8, O7, O11)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select, update

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import OutboxState
from gateway.models.tickets import Event, Ticket
from gateway.outbound import mailer as mailers
from gateway.outbound.delivery import Broken, Deferred, Sent, Unclear
from gateway.outbound.equipment import Signature
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import UserStatus
from gateway.services import blobs, outbox
from gateway.services.blobs import SMALL, content_of
from tests.factories import make_ticket, make_topic, make_user
from tests.fakes_relay import Answer, Relay, Step
from tests.mail.signing import PRIVATE_KEY
from tests.outage import away, impatient
from tests.outbound.sending import Held, Make, Post, Scripted, arrived, smarthost_to
from tests.outbound.test_smarthost import ABOUT_THE_MAIL, LOGIN, STEPS, settings_to_reach
from tests.queues import items, states


@pytest.fixture
def post(make_runtime: Make) -> Post:
    return Post(make_runtime)


def ticket_of(post: Post) -> Ticket:
    with post.runtime.db.transaction() as session:
        return make_ticket(session, make_user(session), make_topic(session))


def events(post: Post) -> list[EventKind]:
    with post.runtime.db.snapshot() as session:
        return list(session.execute(select(table_of(Event).c.kind).order_by(table_of(Event).c.id)).scalars())


@pytest.mark.parametrize("connections", [1, 4])
async def test_all_that_is_queued_is_sent_once(make_runtime: Make, connections: int) -> None:
    post = Post(make_runtime, connections=connections)
    wanted = [post.queue(recipient=f"cliente{number}@andina.example") for number in range(50)]
    async with Relay() as relay:
        async with post.sending(lambda: smarthost_to(relay, post.runtime)):
            await post.until_state(OutboxState.SENT, *wanted)
        assert 1 <= relay.connections <= connections
    rows = items(post.runtime.db)
    assert sorted(arrived(relay)) == sorted(f"<{row.message_id}>" for row in rows.values())
    assert {mail.data for mail in relay.received} == {row.head for row in rows.values()}
    assert {(row.attempts, row.sent_at) for row in rows.values()} == {(1, post.clock())}


async def test_the_role_writes_files_where_there_is_no_smarthost(post: Post) -> None:
    item = post.queue()
    task = asyncio.create_task(mailers.run(post.runtime))
    await post.until_state(OutboxState.SENT, item)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    (file,) = post.runtime.config.mailer.folder.glob("*.eml")
    assert file.read_bytes().endswith(post.row(item).head)


@pytest.mark.parametrize("code", [421, 450, 452, 454, 499, 500, 530, 535, 550, 552, 554, 599])
@pytest.mark.parametrize("step", STEPS)
async def test_every_refusal_at_every_step(post: Post, step: Step, code: int) -> None:
    item = post.queue()
    about_us = code >= 500 and step not in ABOUT_THE_MAIL and (step, code) != (Step.MAIL, 552)
    script = {step: Answer(f"{code} no")}
    async with (
        Relay(script, extensions=("STARTTLS",), login=LOGIN) as relay,
        post.sending(smarthost_to(relay, post.runtime, **settings_to_reach(step))),
    ):
        await post.until(lambda: post.row(item).last_error is not None)
    row = post.row(item)
    expected = (OutboxState.DEFERRED, 1, 0) if code < 500 else (OutboxState.FAILED, 1, 0)
    assert (row.state, row.attempts, row.pauses) == ((OutboxState.QUEUED, 0, 1) if about_us else expected)
    if (step, code) != (Step.AUTH, 421):  # there aiosmtplib hangs up and keeps the words to itself
        assert f"{code} no" in row.last_error
    with post.runtime.db.snapshot() as session:
        assert outbox.is_paused(session, now=post.clock()) is about_us
    assert relay.received == []


async def test_a_relay_that_refuses_us_thrice_sets_aside_the_mail_and_harms_no_other(post: Post) -> None:
    ticket = ticket_of(post)
    first = post.queue(ticket_id=ticket.id, user_id=ticket.requester_id)
    others = [post.queue() for _ in range(4)]
    async with (
        Relay({Step.MAIL: Answer("530 5.7.0 sign in first")}) as relay,
        post.sending(smarthost_to(relay, post.runtime)),
    ):
        for times in (1, 2):
            await post.until(lambda times=times: post.row(first).pauses == times)
            post.clock.forward(minutes=5)
        await post.until_state(OutboxState.FAILED, first)
        assert [command[:4] for command in relay.commands].count("MAIL") == 3, "one for each pause"
        assert events(post) == [EventKind.NOT_DELIVERED]
        assert {post.row(other).state for other in others} == {OutboxState.QUEUED}
        relay.script = {}
        post.clock.forward(minutes=5)
        await post.until_state(OutboxState.SENT, *others)
    assert {post.row(other).attempts for other in others} == {1}


@pytest.mark.parametrize(
    ("resend", "state", "copies"),
    [
        pytest.param(True, OutboxState.SENT, 2, id="of a person, a twin beats a loss"),
        pytest.param(False, OutboxState.UNCERTAIN, 1, id="automatic, a loss beats a twin"),
    ],
)
async def test_a_mail_whose_last_word_is_lost(
    post: Post, resend: bool, state: OutboxState, copies: int
) -> None:
    item = post.queue(resend=resend)
    async with (
        Relay({Step.DOT: Answer(drop=True)}) as relay,
        post.sending(smarthost_to(relay, post.runtime)),
    ):
        await post.until(lambda: post.row(item).last_error is not None)
        relay.script = {}
        post.clock.forward(minutes=2)
        await post.until_state(state, item)
    assert [mail.data for mail in relay.received] == [post.row(item).head] * copies


@pytest.mark.parametrize(("resend", "state"), [(True, OutboxState.SENT), (False, OutboxState.UNCERTAIN)])
async def test_a_mail_found_on_the_wire_after_a_crash(post: Post, resend: bool, state: OutboxState) -> None:
    item = post.queue(resend=resend)
    with post.runtime.db.transaction() as session:
        (claimed,) = outbox.claim(
            session, worker=post.runtime.worker, lasting=mailers.Bookkeeper(post.runtime, None).lasting,
            limit=1, now=post.clock(),
        )  # fmt: skip
        outbox.transmitting(session, claimed, until=claimed.created_at.replace(year=2030))
    transport = Scripted()
    async with post.sending(transport):
        await post.until_state(state, item)
    assert len(transport.parcels) == (1 if resend else 0)


async def test_of_two_mailers_the_one_past_its_lease_sends_nothing(post: Post) -> None:
    item = post.queue()
    other = post.runtime_of("there/2/2")
    async with Relay() as relay:
        slow = Held(smarthost_to(relay, post.runtime))
        async with post.sending(slow):
            await slow.at_the_dot.wait()
            post.clock.forward(minutes=11)
            async with post.sending(smarthost_to(relay, other), runtime=other):
                await post.until_state(OutboxState.SENT, item)
            slow.go_on.set()
            await post.until(lambda: len(relay.cut_off) == 1)
        await relay.until_idle()
    row = post.row(item)
    assert (len(relay.received), row.state, row.attempts, row.fence) == (1, OutboxState.SENT, 2, 2)


async def test_a_lease_that_is_still_ours_is_renewed_before_the_dot(post: Post) -> None:
    item = post.queue()
    async with Relay({Step.DOT: Answer(delay=0.2)}) as relay:
        slow = Held(smarthost_to(relay, post.runtime))
        async with post.sending(slow):
            await slow.at_the_dot.wait()
            post.clock.forward(minutes=9)
            slow.go_on.set()
            renewed = post.clock() + mailers.Bookkeeper(post.runtime, None).lasting
            await post.until(lambda: post.row(item).lease_until == renewed)
            await post.until_state(OutboxState.SENT, item)
    assert len(relay.received) == 1


async def test_a_result_is_not_lost_while_the_database_is_away(post: Post) -> None:
    impatient(post.runtime.db)
    first, second = post.queue(), post.queue()
    failures: list[object] = []
    event.listen(post.runtime.db.engine, "handle_error", failures.append)
    async with Relay() as relay:
        slow = Held(smarthost_to(relay, post.runtime))
        async with post.sending(slow) as task:
            await slow.at_the_dot.wait()
            with away(post.runtime.db):
                slow.go_on.set()
                async with asyncio.timeout(30):
                    while len(relay.received) < 1 or len(failures) < 4:
                        await asyncio.sleep(0.005)
            await post.until_state(OutboxState.SENT, first, second)
            assert not task.done()
    assert len(relay.received) == 2
    assert {post.row(item).attempts for item in (first, second)} == {1}


async def test_a_mail_is_not_sent_while_nobody_can_tell_whose_it_is(post: Post) -> None:
    impatient(post.runtime.db)
    item = post.queue()
    async with Relay() as relay:
        slow = Held(smarthost_to(relay, post.runtime))
        async with post.sending(slow):
            await slow.at_the_dot.wait()
            post.clock.forward(minutes=4)
            with away(post.runtime.db):
                slow.go_on.set()
                async with asyncio.timeout(30):
                    while not relay.cut_off:
                        await asyncio.sleep(0.005)
            await post.until_state(OutboxState.DEFERRED, item)
            assert "away" in post.row(item).last_error
            post.clock.forward(minutes=2)
            await post.until_state(OutboxState.SENT, item)
    assert len(relay.received) == 1


async def test_a_mailer_that_is_stopped_finishes_one_mail_and_gives_back_the_others(post: Post) -> None:
    wanted = [post.queue() for _ in range(5)]
    async with Relay() as relay:
        slow = Held(smarthost_to(relay, post.runtime))
        async with post.sending(slow) as task:
            await slow.at_the_dot.wait()
            assert {row.holder for row in items(post.runtime.db).values()} == {post.runtime.worker}
            task.cancel()
            await post.until(lambda: post.row(wanted[-1]).holder is None)
            assert not task.done()
            slow.go_on.set()
            await asyncio.wait([task])
    rows = [post.row(item) for item in wanted]
    assert [row.state for row in rows] == [OutboxState.SENT] + [OutboxState.QUEUED] * 4
    assert [row.attempts for row in rows] == [1, 0, 0, 0, 0]
    assert {row.holder for row in rows} == {None}
    assert len(relay.received) == 1


async def test_a_mail_that_does_not_end_in_time_is_cut_and_its_lease_returned(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailers, "STOP_SECONDS", 0.05)
    item = post.queue()
    async with Relay() as relay:
        slow = Held(smarthost_to(relay, post.runtime))
        async with post.sending(slow):
            await slow.at_the_dot.wait()
        await relay.until_idle()
    row = post.row(item)
    assert (row.state, row.holder, row.due_at) == (OutboxState.TRANSMITTING, None, post.clock())
    assert relay.received == []


async def test_every_attempt_sends_the_same_bytes_signature_and_all(post: Post) -> None:
    attached = content_of(b"factura " * SMALL)
    blobs.place(post.runtime.blobs, [attached])
    with post.runtime.db.transaction() as session:
        blobs.keep(session, [attached], now=post.clock())
    head = b"From: soporte@example.com\r\nTo: a@x.example\r\nSubject: a\r\nDate: x\r\n\r\n"
    item = post.queue(head=head, parts=[["--x\r\n\r\n", attached.sha256]], tail=b"--x--\r\n")
    transport = Scripted(Deferred("450"), Unclear("?"), Broken("554"), Deferred("451"), Sent("250"))
    signature = Signature("example.com", "s1", PRIVATE_KEY)
    async with post.sending(transport, signature=signature):
        for attempts in range(1, 6):
            await post.until(lambda attempts=attempts: len(transport.parcels) == attempts)
            await post.until(lambda: post.row(item).holder is None)
            post.clock.forward(hours=3)
    first, *others = (parcel.data for parcel in transport.parcels)
    assert first.startswith(b"DKIM-Signature: ")
    assert first.endswith(b"--x--\r\n")
    assert others == [first] * 4


async def test_who_may_see_it_no_longer_is_sent_nothing(post: Post) -> None:
    ticket = ticket_of(post)
    item = post.queue(ticket_id=ticket.id, user_id=ticket.requester_id)
    other = post.queue()
    with post.runtime.db.transaction() as session:
        session.execute(update(User).values(status=UserStatus.DISABLED))
    async with Relay() as relay, post.sending(smarthost_to(relay, post.runtime)):
        await post.until_state(OutboxState.FAILED, item)
        await post.until_state(OutboxState.SENT, other)
    assert arrived(relay) == [f"<{post.row(other).message_id}>"]


async def test_an_attachment_that_is_lost_ends_its_mail_and_the_ticket_shows_it(post: Post) -> None:
    ticket = ticket_of(post)
    gone, unreadable = content_of(b"x" * (SMALL + 1)), content_of(b"y" * (SMALL + 1))
    blobs.place(post.runtime.blobs, [gone, unreadable])
    with post.runtime.db.transaction() as session:
        blobs.keep(session, [gone, unreadable], now=post.clock())
    for content in (gone, unreadable):
        blobs.file_of(post.runtime.blobs, content.sha256).unlink()
    blobs.file_of(post.runtime.blobs, unreadable.sha256).mkdir()
    lost = post.queue(ticket_id=ticket.id, user_id=ticket.requester_id, parts=[["h", gone.sha256]])
    later, fine = post.queue(parts=[["h", unreadable.sha256]]), post.queue()
    async with post.sending(Scripted()):
        await post.until_state(OutboxState.SENT, fine)
        await post.until_state(OutboxState.FAILED, lost)
        await post.until_state(OutboxState.DEFERRED, later)
        assert events(post) == [EventKind.NOT_DELIVERED]
        blobs.file_of(post.runtime.blobs, unreadable.sha256).rmdir()
        blobs.place(post.runtime.blobs, [unreadable])
        post.clock.forward(minutes=2)
        await post.until_state(OutboxState.SENT, later)


@pytest.mark.parametrize(("resend", "state"), [(True, OutboxState.DEFERRED), (False, OutboxState.UNCERTAIN)])
async def test_a_bug_on_the_wire_leaves_it_unclear_and_the_lane_goes_on(
    post: Post, resend: bool, state: OutboxState
) -> None:
    bad, good = post.queue(resend=resend), post.queue()
    async with post.sending(Scripted(LookupError("a bug"))):
        await post.until_state(state, bad)
        await post.until_state(OutboxState.SENT, good)


@pytest.mark.parametrize("call", ["sent", "transmitting"])
async def test_a_bug_over_one_row_harms_no_other(
    post: Post, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    bad, *good = (post.queue() for _ in range(4))
    original: Callable[..., object] = getattr(outbox, call)

    def buggy(session: object, claimed: Any, **more: Any) -> object:
        if claimed.id == bad:
            raise LookupError
        return original(session, claimed, **more)

    monkeypatch.setattr(outbox, call, buggy)
    async with post.sending(Scripted()):
        await post.until_state(OutboxState.SENT, *good)
    assert post.row(bad).state == (OutboxState.TRANSMITTING if call == "sent" else OutboxState.QUEUED)


async def test_a_way_out_that_cannot_be_made_is_told_to_whoever_started_us(post: Post) -> None:
    def impossible() -> Scripted:
        raise LookupError("no such way")

    with pytest.raises(LookupError):
        async with asyncio.timeout(30):
            await post.mailer(impossible).run()


async def test_for_one_ticket_and_recipient_mail_arrives_in_order(make_runtime: Make) -> None:
    post = Post(make_runtime, connections=4)
    ticket = ticket_of(post)
    wanted = [post.queue(ticket_id=ticket.id, user_id=ticket.requester_id) for _ in range(8)]
    async with Relay() as relay, post.sending(lambda: smarthost_to(relay, post.runtime)):
        await post.until_state(OutboxState.SENT, *wanted)
    assert arrived(relay) == [f"<{post.row(item).message_id}>" for item in wanted]


async def test_a_deferred_mail_holds_up_the_next_for_a_quarter_of_an_hour(post: Post) -> None:
    ticket = ticket_of(post)
    first, second = (post.queue(ticket_id=ticket.id, user_id=ticket.requester_id) for _ in range(2))
    later = post.queue()
    transport = Scripted(*[Deferred("450 not you")] * 2)
    async with post.sending(transport):
        await post.until_state(OutboxState.DEFERRED, first)
        await post.until(lambda: states(post.runtime.db)[1:] == [OutboxState.QUEUED, OutboxState.DEFERRED])
        transport.answers = [Deferred("450 still not you")] * 2
        post.clock.forward(minutes=14)
        await post.until(lambda: (post.row(first).attempts, post.row(later).attempts) == (2, 2))
        await post.until_state(OutboxState.DEFERRED, first, later)
        assert post.row(second).state == OutboxState.QUEUED
        post.clock.forward(minutes=1, seconds=1)
        await post.until_state(OutboxState.SENT, second)
    assert post.row(first).state == OutboxState.DEFERRED


async def test_a_recipient_who_is_deferred_delays_nobody_else(post: Post) -> None:
    busy = [post.queue(recipient="busy@andina.example") for _ in range(3)]
    others = [post.queue() for _ in range(3)]
    script = {"busy@andina.example": {Step.RCPT: Answer("450 4.2.1 mailbox busy")}}
    async with Relay(by_recipient=script) as relay, post.sending(smarthost_to(relay, post.runtime)):
        await post.until_state(OutboxState.SENT, *others)
        await post.until_state(OutboxState.DEFERRED, *busy)
