"""What the listener bears, and what it answers beyond: connections, recipients, errors, rates, time."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import tokens
from gateway.inbound.bounds import Disk, Places, SlidingWindow
from gateway.inbound.smtp_lobby import Timers
from gateway.models.people import Token, TokenPurpose
from gateway.models.queues import Door, JournalEntry
from gateway.rules import limits
from gateway.rules.limits import Rate
from gateway.rules.people import Verdict
from gateway.runtime import Runtime
from gateway.services import rates
from tests.listener import (
    ADDRESSED,
    GREETED,
    LISTED,
    MAIL,
    STRANGER,
    Dialogue,
    journalled,
    listening,
    spooled,
    talking,
)

Make = Callable[..., Runtime]
CROWDED = "421 4.7.0 Too many connections, try again later"


async def begin_many(port: int, count: int) -> list[Dialogue]:
    return list(await asyncio.gather(*(Dialogue.begin(port) for _ in range(count))))


@pytest.mark.parametrize(
    ("trust", "tried", "taken"),
    [
        pytest.param(STRANGER, 30, limits.CONNECTIONS_PER_PEER, id="a stranger"),
        pytest.param(LISTED, 300, limits.CONNECTIONS, id="a listed peer"),
    ],
)
async def test_connections(make_runtime: Make, trust: str, tried: int, taken: int) -> None:
    async with listening(make_runtime(trust)) as server:
        clients = await begin_many(server.port, tried)
        heard = [client.heard for client in clients]
        assert sum(greeting.startswith("220") for greeting in heard) == taken
        assert heard.count(CROWDED) == tried - taken
        for client in clients:
            if client.heard == CROWDED:
                assert await client.hear() == ""  # closed
        leaving = [client for client in clients if client.heard.startswith("220")]
        await asyncio.gather(*(client.say("QUIT") for client in leaving))
        async with asyncio.timeout(20):
            while (await Dialogue.begin(server.port)).heard == CROWDED:  # until the listener saw them go
                await asyncio.sleep(0.01)
        await asyncio.gather(*(client.close() for client in clients))


async def test_of_five_thousand_recipients_a_hundred_are_taken(make_runtime: Make) -> None:
    runtime = make_runtime('[mail]\naddress = "soporte@example.com"\n' + LISTED.partition("[mail]")[0])
    issued = [f"t{number}@example.com" for number in range(5000)]

    class Everybody:
        async def admit(self, written: str, *_: object, **__: object) -> str:
            return written

    async with (
        listening(runtime, recipients=Everybody()) as server,
        await Dialogue.begin(server.port) as client,
    ):
        await client.say(*ADDRESSED[:2])
        replies = [await client.say(f"RCPT TO:<{address}>") for address in issued]
        assert [reply[:9] for reply in replies] == ["250 2.1.5"] * 100 + ["452 4.5.3"] * 4900
        assert (await client.say("RCPT TO:<T7@example.com>")).startswith("452 4.5.3")
        assert (await client.say("DATA")).startswith("354")
        await client.send(MAIL + b".\r\n")
        assert (await client.hear()).startswith("250")
    (entry,) = journalled(runtime)
    assert entry.recipients == issued[:100]


async def test_one_recipient_named_again_and_again_counts_each_time(make_runtime: Make) -> None:
    async with talking(make_runtime(LISTED)) as client:
        await client.say(*ADDRESSED[:2])
        replies = [await client.say(ADDRESSED[2]) for _ in range(101)]
    assert [reply[:9] for reply in replies] == ["250 2.1.5"] * 100 + ["452 4.5.3"]


async def test_the_twentieth_error_is_the_last(make_runtime: Make) -> None:
    async with talking(make_runtime(LISTED)) as client:
        replies = [await client.say("HOLA") for _ in range(20)]
        assert replies == ["500 5.5.1 Command not known"] * 19 + ["421 4.7.0 Too many errors, closing"]
        assert await client.hear() == ""


async def test_a_command_may_not_come_for_ever(make_runtime: Make) -> None:
    async with talking(make_runtime(LISTED)) as client:
        replies = [await client.say("NOOP") for _ in range(101)]
        assert replies[99:] == ["250 2.0.0 OK", "421 4.7.0 NOOP sent too many times"]
        assert await client.hear() == ""


@pytest.mark.parametrize(
    ("trust", "expected"),
    [
        pytest.param(STRANGER, "451 4.7.1", id="a stranger waits"),
        pytest.param(LISTED, "250 2.1.0", id="a listed peer does not"),
    ],
)
async def test_the_sixty_first_message_of_a_minute(make_runtime: Make, trust: str, expected: str) -> None:
    async with talking(make_runtime(trust)) as client:
        await client.say(*GREETED)
        for _ in range(60):
            assert (await client.say("MAIL FROM:<a@b.example>")).startswith("250")
            await client.say("RSET")
        assert (await client.say("MAIL FROM:<a@b.example>")).startswith(expected)


@pytest.mark.parametrize(
    ("trust", "expected"),
    [
        pytest.param(STRANGER, "451 4.7.1", id="a stranger is stopped"),
        pytest.param(LISTED, "550 5.1.1", id="a listed peer passes on what it gets"),
    ],
)
async def test_guessing_tokens(make_runtime: Make, trust: str, expected: str) -> None:
    async with talking(make_runtime(trust)) as client:
        await client.say(*ADDRESSED)
        guesses = [f"RCPT TO:<soporte+{tokens.new_token()}@example.com>" for _ in range(21)]
        replies = [await client.say(guess) for guess in guesses]
        assert [reply[:9] for reply in replies] == ["550 5.1.1"] * 20 + [expected]
        assert (await client.say("RCPT TO:<soporte@example.com>")).startswith("250")


async def test_an_idle_connection_is_closed(make_runtime: Make) -> None:
    timers = Timers(idle=0.05)
    async with talking(make_runtime(LISTED), timers=timers) as client:
        assert await client.hear() == "421 4.4.2 Too slow, closing"
        assert await client.hear() == ""


@pytest.mark.parametrize(
    "timers",
    [
        pytest.param(Timers(idle=0.3), id="octets that stop coming"),
        pytest.param(Timers(transaction=0.3), id="octets that come too slowly"),
    ],
)
async def test_a_slow_mail_is_cut_off(make_runtime: Make, timers: Timers) -> None:
    runtime = make_runtime(LISTED)
    async with talking(runtime, timers=timers) as client:
        await client.say(*ADDRESSED, "DATA")
        await client.send(b"x" * 400_000 + b"\r\n")

        async def drip() -> None:
            while timers.transaction < 1:
                await client.send(b"x")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        assert await client.hear() == "421 4.4.2 Too slow, closing"
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        async with asyncio.timeout(20):
            while spooled(runtime):
                await asyncio.sleep(0.01)
    assert journalled(runtime) == []


async def test_a_transaction_that_ended_in_time_may_be_followed_by_another(make_runtime: Make) -> None:
    timers = Timers(transaction=1)
    async with talking(make_runtime(LISTED), timers=timers) as client:
        assert (await client.deliver()).startswith("250")
        await client.say("MAIL FROM:<a@b.example>", "RSET")
        await asyncio.sleep(1.1)
        assert (await client.deliver(MAIL, *ADDRESSED[1:])).startswith("250")


async def test_a_ninth_mail_waits_for_a_place_and_is_put_off_before_it_is_sent(make_runtime: Make) -> None:
    runtime = make_runtime(LISTED)
    async with listening(runtime, timers=Timers(place=0.1)) as server:
        clients = await begin_many(server.port, limits.DATA_MESSAGES + 1)
        *first, last = clients
        sized = (GREETED[0], "MAIL FROM:<a@b.example> SIZE=1000", ADDRESSED[2])
        for client in first:
            assert (await client.say(*sized, "DATA")).startswith("354")
        assert (await last.say(*sized, "DATA")).startswith("451 4.3.2")
        await first[0].send(MAIL + b".\r\n")
        assert (await first[0].hear()).startswith("250")
        assert (await last.say(*sized[1:], "DATA")).startswith("354")
        await asyncio.gather(*(client.close() for client in clients))
        async with asyncio.timeout(20):
            while True:  # every place is free again when those who took them are gone
                async with await Dialogue.begin(server.port) as client:
                    if (await client.deliver()).startswith("250"):
                        break


async def test_little_disk_puts_mail_off_and_is_asked_for_once(make_runtime: Make, tmp_path: Path) -> None:
    asked: list[Path] = []

    def usage(folder: Path) -> tuple[int, int, int]:
        asked.append(folder)
        return 100 * limits.FREE_OCTETS, 0, limits.FREE_OCTETS

    disk = Disk(tmp_path / "not" / "yet", usage=usage)
    async with talking(make_runtime(LISTED), disk=disk) as client:
        await client.say(*GREETED)
        for _ in range(3):
            assert (await client.say("MAIL FROM:<a@b.example>")).startswith("452 4.3.1")
    assert set(asked) == {tmp_path}
    assert len(asked) < 3


def test_a_window_slides() -> None:
    window = SlidingWindow(Rate(2, limits.PER_PEER.period))
    assert not window.is_full("a", now=0)
    window.add("a", now=0)
    window.add("a", now=59)
    assert window.is_full("a", now=59.9)
    assert not window.is_full("b", now=59.9)
    assert not window.is_full("a", now=60)
    window.add("a", now=60)
    assert window.is_full("a", now=118.9)


def test_a_window_forgets_peers_that_are_quiet() -> None:
    window = SlidingWindow(Rate(1, limits.PER_PEER.period))
    for number in range(10_000):
        window.add(str(number), now=0)
    window.add("late", now=61)
    assert window.is_full("late", now=61)
    assert len(window._events) == 1


async def test_places_are_given_in_turn_by_number_and_by_size() -> None:
    places = Places(2, 100)
    order: list[str] = []

    async def take(name: str, octets: int) -> None:
        assert await places.take(octets, seconds=20)
        order.append(name)

    assert await places.take(60, seconds=20)
    tasks = [asyncio.create_task(take("large", 50)), asyncio.create_task(take("small", 10))]
    await asyncio.sleep(0)
    assert order == []
    places.give_back(60)
    await asyncio.gather(*tasks)
    assert order == ["large", "small"]
    assert not await places.take(1, seconds=0.01)
    places.give_back(50)
    assert await places.take(90, seconds=20)


async def test_who_gives_up_waiting_leaves_no_place_taken() -> None:
    places = Places(1, 100)
    assert await places.take(1, seconds=20)
    waiting = asyncio.create_task(places.take(1, seconds=20))
    behind = asyncio.create_task(places.take(1, seconds=20))
    await asyncio.sleep(0)
    places.give_back(1)
    waiting.cancel()  # in the moment the place was given
    assert await behind
    with pytest.raises(asyncio.CancelledError):
        await waiting


def of(sender: str, number: int, more: bytes = b"") -> bytes:
    """A mail from somebody."""
    return more + b"From: %s\r\nSubject: Pedido\r\nMessage-ID: <%d@x.example>\r\n\r\nHola\r\n" % (
        sender.encode(),
        number,
    )


def opened(runtime: Runtime, sender: str, count: int, verdict: Verdict = Verdict.NONE) -> None:
    """Requests opened by mail, as the processor counts them."""
    with runtime.db.transaction() as session:
        for _ in range(count):
            assert rates.admit(session, JournalEntry(door=Door.SMTP), sender, verdict, now=runtime.now())


LAURA = "laura@andina.example"
TOO_MANY = "451 4.7.1 Too many requests of this sender, try again later"


async def test_a_sender_of_too_many_requests_is_put_off_and_a_reply_of_theirs_is_not(
    make_runtime: Make,
) -> None:
    runtime = make_runtime(STRANGER)
    opened(runtime, LAURA, 20)
    token = tokens.new_token()
    with runtime.db.transaction() as session:
        hashed = tokens.hash_token(token)
        session.add(Token(hash=hashed, purpose=TokenPurpose.REPLY, created_at=runtime.now()))
    reply = [*ADDRESSED[:2], f"RCPT TO:<soporte+{token}@example.com>"]
    async with talking(runtime) as client:
        assert await client.deliver(of(LAURA, 1)) == TOO_MANY
        assert journalled(runtime) == []
        assert (await client.deliver(of("jorge@litoral.example", 2), *ADDRESSED[1:])).startswith("250")
        assert (await client.deliver(of(LAURA, 3), *reply[1:])).startswith("250")
    assert [entry.from_address for entry in journalled(runtime)] == ["jorge@litoral.example", LAURA]


async def test_from_a_listed_peer_such_mail_is_taken_and_held_later(make_runtime: Make) -> None:
    runtime = make_runtime(LISTED)
    opened(runtime, LAURA, 20)
    async with talking(runtime) as client:
        assert (await client.deliver(of(LAURA, 1))).startswith("250")


async def test_what_waits_counts_with_what_was_opened(make_runtime: Make) -> None:
    runtime = make_runtime(STRANGER)
    opened(runtime, LAURA, 17)
    async with talking(runtime) as client:
        await client.say(*GREETED)
        heard = [await client.deliver(of(LAURA, number), *ADDRESSED[1:]) for number in range(5)]
    assert [reply[:3] for reply in heard] == ["250", "250", "250", "451", "451"]


async def test_a_domain_nobody_vouches_for_is_put_off_and_signed_mail_of_it_is_not(
    make_runtime: Make,
) -> None:
    runtime = make_runtime(STRANGER)
    for number in range(30):
        opened(runtime, f"v{number}@andina.example", 1)
    opened(runtime, "p@litoral.example", 1, Verdict.PASS)
    signed = b"DKIM-Signature: v=1; d=andina.example\r\n"
    async with talking(runtime) as client:
        assert await client.deliver(of(LAURA, 1)) == TOO_MANY
        assert (await client.deliver(of(LAURA, 2, signed), *ADDRESSED[1:])).startswith("250")
