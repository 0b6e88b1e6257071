"""The listener's dialogue: a mail in, and each reply of the table of invariants B1."""

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from gateway import tokens
from gateway.inbound.smtp import run
from gateway.models.people import Token, TokenPurpose
from gateway.models.queues import Door
from gateway.runtime import Runtime
from gateway.tokens import loop_mark
from tests.factories import make_topic
from tests.listener import (
    ADDRESSED,
    GREETED,
    LISTED,
    MAIL,
    STRANGER,
    Dialogue,
    journalled,
    listening,
    octets_of,
    talking,
)
from tests.queues import commits

Make = Callable[..., Runtime]
TOKEN = tokens.new_token()


async def test_a_mail_answered_250_is_in_the_journal(make_runtime: Make) -> None:
    runtime = make_runtime(LISTED)
    async with talking(runtime) as client:
        assert (
            await client.deliver(MAIL, *ADDRESSED, "RCPT TO:<SOPORTE@Example.COM>") == "250 2.0.0 Kept as 1"
        )
        assert await client.say("QUIT") == "221 2.0.0 Bye"
    (entry,) = journalled(runtime)
    assert octets_of(runtime, entry) == MAIL
    assert (entry.door, entry.peer, entry.listed_peer) == (Door.SMTP, "127.0.0.1", True)
    assert (entry.envelope_from, entry.recipients) == ("laura@andina.example", ["soporte@example.com"])
    assert (entry.message_id, entry.size) == ("1@andina.example", len(MAIL))


async def test_ehlo_names_what_is_offered_and_no_more(make_runtime: Make) -> None:
    runtime = make_runtime(STRANGER)
    async with listening(runtime, hostname="mx.example.com") as server:
        client = await Dialogue.begin(server.port)
        assert client.heard == "220 mx.example.com ESMTP"
        offers = [line[4:] for line in (await client.say(*GREETED)).splitlines()]
        assert offers[1:] == ["SIZE 36700160", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"]
        await client.close()


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        pytest.param(("HELO client.example",), "250 example.com", id="the old greeting is understood"),
        pytest.param(("EHLO",), "501 5.5.4", id="a greeting without a name"),
        pytest.param(("MAIL FROM:<a@b.example>",), "503 5.5.1", id="mail before the greeting"),
        pytest.param((*GREETED, "MAIL FROM:<>"), "250 2.1.0", id="the null sender"),
        pytest.param((*GREETED, "mail from: a@b.example"), "250 2.1.0", id="no brackets, lower case"),
        pytest.param((*GREETED, "MAIL FROM:<a..b.@docomo.example>"), "250 2.1.0", id="dots in a row"),
        pytest.param(
            (*GREETED, "MAIL FROM:<ñandú@ejemplo.ar> SMTPUTF8"), "250 2.1.0", id="a sender in UTF-8"
        ),
        pytest.param((*GREETED, b"MAIL FROM:<\xff@b.example>"), "501 5.1.7", id="a sender in broken UTF-8"),
        pytest.param((*GREETED, b"MAIL FROM:<a\0@b.example>"), "501 5.1.7", id="a sender with a NUL"),
        pytest.param((*GREETED, "MAIL a@b.example"), "501 5.1.7", id="no FROM"),
        pytest.param((*GREETED, "MAIL FROM:<a@b.example> BODY=8BITMIME"), "250 2.1.0", id="eight bits"),
        pytest.param((*GREETED, "MAIL FROM:<a@b.example> BODY=BINARYMIME"), "501 5.5.4", id="binary bodies"),
        pytest.param((*GREETED, "MAIL FROM:<a@b.example> RET=FULL"), "555 5.5.4", id="delivery reports"),
        pytest.param((*GREETED, "MAIL FROM:<a@b.example> SIZE=99"), "250 2.1.0", id="a size"),
        pytest.param(
            (*GREETED, "MAIL FROM:<a@b.example> SIZE=²"), "501 5.5.4", id="a size that is no number"
        ),
        pytest.param((*GREETED, "MAIL FROM:<a@b.example> SIZE=36700161"), "552 5.3.4", id="declared too big"),
        pytest.param((*ADDRESSED, "MAIL FROM:<a@b.example>"), "503 5.5.1", id="a second sender"),
        pytest.param((*GREETED, "RCPT TO:<soporte@example.com>"), "503 5.5.1", id="a recipient before MAIL"),
        pytest.param((*ADDRESSED, "RCPT TO:<>"), "501 5.1.3", id="an empty recipient"),
        pytest.param((*ADDRESSED, "RCPT TO:<a@b.example> NOTIFY=NEVER"), "555 5.5.4", id="parameter of RCPT"),
        pytest.param((*GREETED, "DATA"), "503 5.5.1", id="data before MAIL"),
        pytest.param(
            (*ADDRESSED[:2], "RCPT TO:<nadie@example.com>", "DATA"), "554 5.5.1", id="no recipient taken"
        ),
        pytest.param((*ADDRESSED, "DATA now"), "501 5.5.4", id="data with an argument"),
        pytest.param((*ADDRESSED, "RSET", "DATA"), "503 5.5.1", id="data after RSET"),
        pytest.param((*ADDRESSED, *GREETED, "DATA"), "503 5.5.1", id="a new greeting forgets the mail"),
        pytest.param(("VRFY soporte",), "252 2.0.0", id="verify"),
        pytest.param(("EXPN soporte",), "502 5.5.1", id="expand"),
        pytest.param((*GREETED, "AUTH PLAIN AGEAYg=="), "502 5.5.1", id="signing in is not offered"),
        pytest.param((*GREETED, "STARTTLS"), "454 4.7.0", id="no certificate, no TLS"),
        pytest.param((*GREETED, "BDAT 3 LAST"), "500 5.5.1", id="an unknown command"),
        pytest.param((b"\xff\xfe",), "500 5.5.2", id="no command at all"),
        pytest.param(("",), "500 5.5.2", id="an empty line"),
        pytest.param(("NOOP " + "x" * 2000,), "500 5.5.2", id="a command too long"),
        pytest.param(("NOOP " + "x" * 200_000,), "500 5.5.2", id="a command longer than the buffer"),
        pytest.param(("NOOP",), "250 2.0.0", id="nothing"),
        pytest.param(("HELP",), "214 2.0.0", id="help"),
    ],
)
async def test_a_reply(make_runtime: Make, commands: tuple[str | bytes, ...], expected: str) -> None:
    async with talking(make_runtime(STRANGER)) as client:
        reply = await client.say(*commands)
        assert reply.startswith(expected)
        assert await client.say("RSET") == "250 2.0.0 Begin anew"


@pytest.mark.parametrize(
    "trust", [pytest.param(STRANGER, id="stranger"), pytest.param(LISTED, id="listed peer")]
)
@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        pytest.param("soporte@example.com", "250", id="our address"),
        pytest.param("Soporte@EXAMPLE.com", "250", id="our address in capitals"),
        pytest.param('"soporte"@example.com', "250", id="our address in quotes it does not need"),
        pytest.param("facturacion@topics.example", "250", id="a topic of another domain"),
        pytest.param("postmaster@example.com", "250", id="the postmaster"),
        pytest.param("PostMaster", "250", id="the postmaster without a domain"),
        pytest.param("postmaster@topics.example", "250", id="the postmaster of a topic's domain"),
        pytest.param(f"soporte+{TOKEN}@example.com", "250", id="a token we issued"),
        pytest.param(f"SOPORTE+{TOKEN.upper()}@example.com", "250", id="a token in capitals"),
        pytest.param(f"soporte+b-{TOKEN}@example.com", "550 5.1.1", id="a reply token as a bounce token"),
        pytest.param(f"soporte+{'a' * 26}@example.com", "550 5.1.1", id="a token never issued"),
        pytest.param(f"soporte+{TOKEN[:-1]}@example.com", "550 5.1.1", id="a token cut short"),
        pytest.param("nadie@example.com", "550 5.1.1", id="nobody"),
        pytest.param("soporté@example.com", "550 5.1.1", id="nobody in UTF-8"),
        pytest.param("victim%evil.example@example.com", "550 5.1.1", id="percent hack"),
        pytest.param("evil.example!victim@example.com", "550 5.1.1", id="bang path"),
        pytest.param('"victim@evil.example"@example.com', "550 5.1.1", id="an address in quotes"),
        pytest.param("victim@evil.example", "550 5.7.1", id="elsewhere"),
        pytest.param("víctima@evil.example", "550 5.7.1", id="elsewhere in UTF-8"),
        pytest.param("@example.com:victim@evil.example", "550 5.7.1", id="source route out"),
        pytest.param("@evil.example:soporte@example.com", "550 5.7.1", id="source route in"),
        pytest.param("soporte@example.com@evil.example", "550 5.7.1", id="two domains"),
        pytest.param("victim@[127.0.0.1]", "550 5.7.1", id="a literal"),
        pytest.param("soporte", "550 5.7.1", id="no domain"),
    ],
)
async def test_a_recipient(make_runtime: Make, trust: str, recipient: str, expected: str) -> None:
    runtime = make_runtime(trust)
    with runtime.db.transaction() as session:
        make_topic(session, address="facturacion@topics.example")
        issued = Token(hash=tokens.hash_token(TOKEN), purpose=TokenPurpose.REPLY, created_at=runtime.now())
        session.add(issued)
    async with talking(runtime) as client:
        assert (await client.say(*ADDRESSED[:2], f"RCPT TO:<{recipient}>")).startswith(expected)


async def test_a_topic_made_just_now_gets_its_mail(make_runtime: Make) -> None:
    runtime = make_runtime(STRANGER)
    async with talking(runtime) as client:
        command = "RCPT TO:<red@example.com>"
        assert (await client.say(*ADDRESSED, command)).startswith("550 5.1.1")
        with runtime.db.transaction() as session:
            make_topic(session, address="red@example.com")
        assert (await client.say(command)).startswith("250")


async def test_the_null_sender_and_unicode_reach_the_journal(make_runtime: Make) -> None:
    runtime = make_runtime(STRANGER)
    with runtime.db.transaction() as session:
        make_topic(session, address="atención@example.com")
    async with talking(runtime) as client:
        await client.deliver(MAIL, *GREETED, "MAIL FROM:<> SMTPUTF8", "RCPT TO:<Atención@example.com>")
        await client.deliver(MAIL, "MAIL FROM:<ñandú@ejemplo.ar>", "RCPT TO:<postmaster>")
    first, second = journalled(runtime)
    assert (first.envelope_from, first.recipients) == ("", ["atención@example.com"])
    assert (second.envelope_from, second.recipients) == ("ñandú@ejemplo.ar", ["postmaster@example.com"])


async def test_commands_sent_in_one_breath_are_answered_in_order(make_runtime: Make) -> None:
    runtime = make_runtime(STRANGER)
    async with talking(runtime) as client:
        await client.say(*GREETED)
        await client.send("\r\n".join([*ADDRESSED[1:], "RCPT TO:<x@example.com>", "DATA", ""]).encode())
        assert [(await client.hear())[:3] for _ in range(4)] == ["250", "250", "550", "354"]
        await client.send(MAIL + b".\r\n" + "\r\n".join([*ADDRESSED[1:], "RSET", "QUIT", ""]).encode())
        assert [(await client.hear())[:3] for _ in range(5)] == ["250", "250", "250", "250", "221"]
    assert len(journalled(runtime)) == 1


@pytest.mark.parametrize(
    ("hops", "expected"),
    [pytest.param(100, "250 2.0.0", id="a hundred hops"), pytest.param(101, "554 5.4.6", id="one more")],
)
async def test_hops(make_runtime: Make, hops: int, expected: str) -> None:
    async with talking(make_runtime(STRANGER)) as client:
        assert (await client.deliver(b"Received: by x\r\n" * hops + MAIL)).startswith(expected)


async def test_three_passes_of_our_own_loop_header_are_enough_and_forged_ones_are_nothing(
    make_runtime: Make,
) -> None:
    runtime = make_runtime(STRANGER)
    ours = f"X-Sysmo-Loop: {loop_mark(runtime.secret, runtime.config.mail.message_id_domain)}\r\n".encode()
    async with talking(runtime) as client:
        assert (await client.deliver(ours * 2 + MAIL)).startswith("250")
        assert (await client.deliver(ours * 3 + MAIL)).startswith("554 5.4.6")
        assert (await client.deliver(b"X-Sysmo-Loop: example.com.forged\r\n" * 9 + MAIL)).startswith("250")


async def test_mails_that_come_together_share_a_commit(make_runtime: Make) -> None:
    runtime = make_runtime(LISTED)

    async def deliver(port: int) -> str:
        async with await Dialogue.begin(port) as client:
            return await client.deliver()

    async with listening(runtime) as server:
        shared = commits(runtime.db)
        replies = await asyncio.gather(*(deliver(server.port) for _ in range(20)))
    assert len(set(replies)) == 20
    assert all(reply.startswith("250 2.0.0") for reply in replies)
    assert len(journalled(runtime)) == 20
    assert len(shared) < 20


async def test_the_role_serves_until_it_is_cancelled(make_runtime: Make) -> None:
    with capture_logs() as lines:
        role = asyncio.create_task(run(make_runtime(STRANGER)))
        async with asyncio.timeout(20):
            while not lines:
                await asyncio.sleep(0.01)
        (listens,) = lines
        assert (listens["event"], listens["host"]) == ("smtp.listening", "127.0.0.1")
        async with await Dialogue.begin(listens["port"]) as client:
            assert (await client.deliver()).startswith("250")
            role.cancel()
            assert await client.hear() == "421 4.3.2 Shutting down, try again later"
            assert await client.hear() == ""
        with pytest.raises(asyncio.CancelledError):
            await role
