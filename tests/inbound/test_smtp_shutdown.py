"""The end of the listener: newcomers hear a 421, a mail on its way is finished, then all is closed (O7)."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from gateway.errors import ConfigError
from gateway.inbound.smtp_lobby import Timers
from gateway.runtime import Runtime
from tests.listener import (
    ADDRESSED,
    LISTED,
    MAIL,
    Dialogue,
    journalled,
    listening,
    spooled,
)

Make = Callable[..., Runtime]
GOODBYE = "421 4.3.2 Shutting down, try again later"


async def test_a_mail_on_its_way_is_finished_and_newcomers_are_sent_away(make_runtime: Make) -> None:
    runtime = make_runtime(LISTED)
    async with listening(runtime) as server:
        sending, addressed, idle = [await Dialogue.begin(server.port) for _ in range(3)]
        await addressed.say(*ADDRESSED)
        await sending.say(*ADDRESSED, "DATA")
        await sending.send(MAIL)
        stopping = asyncio.create_task(server.stop())
        for client in (idle, addressed):
            assert await client.hear() == GOODBYE
            assert await client.hear() == ""
        assert (await Dialogue.begin(server.port)).heard == GOODBYE
        assert not stopping.done()
        await sending.send(b".\r\n")
        assert (await sending.hear()).startswith("250 2.0.0")
        assert await sending.hear() == GOODBYE
        assert await sending.hear() == ""
        await stopping
        with pytest.raises(ConnectionError):
            await Dialogue.begin(server.port)
        await asyncio.gather(*(client.close() for client in (sending, addressed, idle)))
    assert len(journalled(runtime)) == 1


async def test_a_mail_that_does_not_come_to_an_end_is_given_up(make_runtime: Make) -> None:
    runtime = make_runtime(LISTED)
    timers = Timers(shutdown=0.1)
    async with listening(runtime, timers=timers) as server, await Dialogue.begin(server.port) as client:
        await client.say(*ADDRESSED, "DATA")
        await client.send(b"x" * 400_000)
        async with asyncio.timeout(20):
            while not spooled(runtime):
                await asyncio.sleep(0.01)
            await server.stop()
        assert await client.hear() == ""
    assert spooled(runtime) == []
    assert journalled(runtime) == []


async def test_a_client_that_reads_nothing_holds_nobody_up(make_runtime: Make) -> None:
    """Its replies fill every buffer between, so that not even a last word can be written."""
    connection = socket.socket()
    connection.setblocking(False)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    timers = Timers(goodbye=0.1, shutdown=20)
    loop = asyncio.get_running_loop()
    async with listening(make_runtime(LISTED), timers=timers) as server:
        await loop.sock_connect(connection, ("127.0.0.1", server.port))
        await loop.sock_sendall(connection, b"\r\n".join([b"EHLO x", *[b"RSET"] * 9000, b""]))
        asking = asyncio.create_task(loop.sock_sendall(connection, b"HELP\r\n" * 99 + b"RSET\r\n" * 10**6))
        await asyncio.sleep(0.3)
        async with asyncio.timeout(10):
            await server.stop()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    connection.close()


async def test_a_port_in_use_is_named(make_runtime: Make) -> None:
    async with listening(make_runtime(LISTED)) as server:
        taken = make_runtime(LISTED.replace("port = 0", f"port = {server.port}"))
        with pytest.raises(
            ConfigError, match=rf"\[smtp\] host, port: cannot listen on 127.0.0.1:{server.port}"
        ):
            async with listening(taken):
                pass
