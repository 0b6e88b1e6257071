"""One delivery to a scripted relay: every reply at every step, and what each leaves behind."""

import asyncio
from typing import Any

import pytest

from gateway.outbound.delivery import Broken, Deferred, Delivery, Parcel, Refused, Sent, Unclear
from gateway.outbound.relay_connection import RelaySettings, Security
from gateway.outbound.smarthost import Smarthost
from tests.fakes_relay import Answer, Relay, Step

PARCEL = Parcel("soporte@sysmo.example", "laura@andina.example", b"Subject: x\r\n\r\n" + b"line\r\n" * 2000)
LOGIN = ("sysmo", "contraseña")


async def ours() -> bool:
    return True


async def not_ours() -> bool:
    return False


def smarthost_of(relay: Relay, **changes: Any) -> Smarthost:
    settings: dict[str, Any] = {
        "host": "127.0.0.1",
        "security": Security.NONE,
        "local_hostname": "tickets.sysmo.example",
    }
    return Smarthost(RelaySettings(port=relay.port, **(settings | changes)))


async def delivered(relay: Relay, parcel: Parcel = PARCEL, **changes: Any) -> Delivery:
    smarthost = smarthost_of(relay, **changes)
    try:
        return await smarthost.deliver(parcel, before_dot=ours)
    finally:
        await smarthost.close()


async def test_a_mail_arrives_as_it_is_with_its_envelope():
    data = b".begins with a dot\r\n\r\n..\r\n.\r\n a\r\n" + bytes(range(32, 127)) * 9000 + b"\r\n"
    async with Relay() as relay:
        assert await delivered(relay, Parcel("a@x.example", "b@y.example", data)) == Sent("250 2.0.0 queued")
    (mail,) = relay.received
    assert (mail.envelope_from, mail.recipients) == ("a@x.example", ("b@y.example",))
    assert mail.data == data
    assert relay.commands[0] == "EHLO tickets.sysmo.example"
    assert relay.commands[-1] == "QUIT"


async def test_the_null_sender_is_written_as_such():
    async with Relay() as relay:
        await delivered(relay, Parcel("", "b@y.example", b"x\r\n"))
    assert "MAIL FROM:<> SIZE=3" in relay.commands


async def test_a_relay_that_refuses_the_null_sender_gets_our_own_address():
    parcel = Parcel("", "b@y.example", b"x\r\n", otherwise_from="soporte@sysmo.example")
    async with Relay({Step.NULL_SENDER: Answer("550 5.7.1 null sender not allowed")}) as relay:
        smarthost = smarthost_of(relay)
        assert isinstance(await smarthost.deliver(parcel, before_dot=ours), Sent)
        assert isinstance(await smarthost.deliver(parcel, before_dot=ours), Sent)
        await smarthost.close()
    assert [mail.envelope_from for mail in relay.received] == ["soporte@sysmo.example"] * 2
    assert sum("FROM:<>" in command for command in relay.commands) == 1, "it is asked once"


STEPS = [Step.GREETING, Step.EHLO, Step.STARTTLS, Step.AUTH, Step.MAIL, Step.RCPT, Step.DATA, Step.DOT]
ABOUT_THE_MAIL = {Step.RCPT, Step.DATA, Step.DOT}


def settings_to_reach(step: Step) -> dict[str, Any]:
    if step is Step.STARTTLS:
        return {"security": Security.STARTTLS}
    return {"username": LOGIN[0], "password": LOGIN[1]} if step is Step.AUTH else {}


@pytest.mark.parametrize("code", [421, 450, 451, 452, 454, 500, 501, 503, 530, 535, 550, 552, 553, 554, 571])
@pytest.mark.parametrize("step", STEPS)
async def test_every_refusal_at_every_step(step, code):
    expected: type[Delivery] = Broken
    if code < 500:
        expected = Deferred
    elif step in ABOUT_THE_MAIL or (step is Step.MAIL and code == 552):
        expected = Refused
    script = {step: Answer(f"{code} no")}
    async with Relay(script, extensions=("STARTTLS",), login=LOGIN) as relay:
        assert isinstance(await delivered(relay, **settings_to_reach(step)), expected)
        assert relay.received == []


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "answer",
    [pytest.param(Answer(drop=True), id="disconnects"), pytest.param(Answer(delay=60), id="is silent")],
)
async def test_a_relay_that_goes_away_at_any_step(step, answer):
    expected = Unclear if step is Step.DOT else Deferred
    async with Relay({step: answer}, extensions=("STARTTLS",), login=LOGIN) as relay:
        delivery = await delivered(relay, timeout=0.2, final_timeout=0.2, **settings_to_reach(step))
    assert isinstance(delivery, expected)


@pytest.mark.parametrize("step", STEPS)
async def test_a_relay_that_talks_rubbish_at_any_step(step):
    expected = Unclear if step is Step.DOT else Deferred
    async with Relay({step: Answer("¿qué?")}, extensions=("STARTTLS",), login=LOGIN) as relay:
        assert isinstance(await delivered(relay, **settings_to_reach(step)), expected)


async def test_a_mail_that_was_taken_but_not_answered_for_is_unclear():
    async with Relay({Step.DOT: Answer(drop=True)}) as relay:
        assert isinstance(await delivered(relay), Unclear)
        assert len(relay.received) == 1


@pytest.mark.parametrize(
    ("host", "meaning"),
    [
        pytest.param("127.0.0.1", Deferred, id="nobody listens"),
        pytest.param("relay.invalid", Deferred, id="no such name"),
        pytest.param("a..b", Broken, id="not even a name"),
    ],
)
async def test_a_relay_that_cannot_be_reached(host, meaning):
    async with Relay() as relay:
        pass
    assert isinstance(await delivered(relay, host=host), meaning)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(Answer("552 5.3.4 too big", hang_up=True), Refused("552 5.3.4 too big"), id="refusal"),
        pytest.param(Answer("452 4.3.1 full", hang_up=True), Deferred("452 4.3.1 full"), id="not now"),
        pytest.param(Answer("250 thanks", hang_up=True), Deferred("250 thanks"), id="thanks"),
        pytest.param(Answer(drop=True), None, id="nothing"),
    ],
)
async def test_a_relay_that_stops_listening_in_the_middle_of_the_data(answer, expected):
    large = Parcel("a@x.example", "b@y.example", b"0123456789abcdef" * 500_000 + b"\r\n")
    async with Relay({Step.BODY: answer}, extensions=()) as relay:
        delivery = await delivered(relay, large)
        await relay.until_idle()
    assert delivery == expected if expected is not None else isinstance(delivery, Deferred)
    assert len(relay.cut_off) == 1
    assert relay.received == []


async def test_without_the_lease_the_final_dot_is_never_sent():
    async with Relay() as relay:
        smarthost = smarthost_of(relay)
        assert await smarthost.deliver(PARCEL, before_dot=not_ours) == Deferred("lease lost")
        await relay.until_idle()
        assert relay.received == []
        assert relay.cut_off == [PARCEL.data]
        assert await smarthost.deliver(PARCEL, before_dot=ours) == Sent("250 2.0.0 queued")
        await smarthost.close()
    assert relay.connections == 2


async def test_cancelling_before_the_final_dot_sends_nothing():
    waiting = asyncio.Event()

    async def never() -> bool:
        waiting.set()
        await asyncio.Event().wait()
        return True

    async with Relay() as relay:
        task = asyncio.create_task(smarthost_of(relay).deliver(PARCEL, before_dot=never))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await relay.until_idle()
    assert relay.received == []


async def test_what_the_lease_check_raises_comes_through_and_nothing_is_sent():
    async def broken() -> bool:
        raise LookupError("database")

    async with Relay() as relay:
        with pytest.raises(LookupError):
            await smarthost_of(relay).deliver(PARCEL, before_dot=broken)
        await relay.until_idle()
    assert relay.received == []
