"""The role as it runs: a real listener on a real loop."""

import asyncio
import socket
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from gateway.errors import ConfigError
from gateway.runtime import Runtime
from webui.app import run


async def bound_port(logs: list[dict[str, object]]) -> int:
    async with asyncio.timeout(10):
        while not logs:
            await asyncio.sleep(0.01)
    assert logs[0]["event"] == "web.listening"
    return int(str(logs[0]["port"]))


async def exchange(port: int, request: bytes) -> bytes:
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer


async def test_it_serves_until_cancelled_and_closes_its_port(make_runtime: Callable[..., Runtime]) -> None:
    with capture_logs() as logs:
        role = asyncio.create_task(run(make_runtime("[web]\nport = 0")))
        port = await bound_port(logs)  # type: ignore[arg-type]
    answer = await exchange(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\nok")
    assert b"server:" not in answer.lower()
    role.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(role, 10)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.parametrize(
    ("request_line", "hosts"),
    [
        pytest.param(b"GET /healthz HTTP/1.1", b"Host: localhost\r\nHost: localhost\r\n", id="two hosts"),
        pytest.param(b"GET /healthz HTTP/1.1", b"", id="no host"),
        pytest.param(b"GET /healthz HTTP/1.0", b"", id="no host in HTTP/1.0"),
        pytest.param(b"GET /healthz HTTP/1.1", b"Host: evil.example\r\n", id="another host"),
    ],
)
async def test_a_request_that_is_not_for_us_answers_400(
    request_line: bytes, hosts: bytes, make_runtime: Callable[..., Runtime]
) -> None:
    with capture_logs() as logs:
        role = asyncio.create_task(run(make_runtime("[web]\nport = 0")))
        port = await bound_port(logs)  # type: ignore[arg-type]
    answer = await exchange(port, request_line + b"\r\n" + hosts + b"Connection: close\r\n\r\n")
    role.cancel()
    assert answer.split(b" ")[1] == b"400"
    await asyncio.wait([role], timeout=10)


async def test_a_port_in_use_is_named_as_a_mistake_of_the_configuration(
    make_runtime: Callable[..., Runtime],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        runtime = make_runtime(f"[web]\nport = {taken.getsockname()[1]}")
        with pytest.raises(ConfigError) as refused:
            await run(runtime)
    assert refused.value.problems[0].startswith("[web] port: 127.0.0.1:")
