"""STARTTLS: offered with a certificate, TLS 1.2 at least, and nothing said before it counts after it."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config import Smtp
from gateway.errors import ConfigError
from gateway.inbound.smtp import tls_context
from gateway.runtime import Runtime
from tests.certificates import make_certificate
from tests.listener import (
    ADDRESSED,
    GREETED,
    LISTED,
    MAIL,
    Dialogue,
    journalled,
    listening,
    talking,
)

Make = Callable[..., Runtime]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def runtime(make_runtime: Make, certificate: Path) -> Runtime:
    return make_runtime(
        LISTED.replace("[mail]", f'tls_cert = "{certificate}"\ntls_key = "{certificate}"\n[mail]')
    )


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


async def test_a_mail_over_tls(runtime: Runtime, trusting: ssl.SSLContext) -> None:
    async with talking(runtime) as client:
        assert "250-STARTTLS" in (await client.say(*ADDRESSED[:1])).splitlines()
        assert await client.say("STARTTLS") == "220 2.0.0 Ready to start TLS"
        await client.start_tls(trusting)
        assert (await client.say("MAIL FROM:<a@b.example>")).startswith("503 5.5.1")  # greet anew
        assert "STARTTLS" not in await client.say(*GREETED)
        assert (await client.say("STARTTLS")).startswith("503 5.5.1")
        assert (await client.deliver(b"x" * 400_000 + b"\r\n")).startswith("250")
    assert len(journalled(runtime)) == 1


@pytest.mark.parametrize(
    "injected",
    [
        pytest.param(b"MAIL FROM:<evil@evil.example>\r\n", id="a command"),
        pytest.param(
            b"EHLO evil\r\nMAIL FROM:<evil@evil.example>\r\nRCPT TO:<so", id="commands, and half of one"
        ),
    ],
)
async def test_what_is_sent_before_tls_is_dropped(
    runtime: Runtime, trusting: ssl.SSLContext, injected: bytes
) -> None:
    async with talking(runtime) as client:
        await client.say(*ADDRESSED)
        await client.send(b"STARTTLS\r\n" + injected)
        assert await client.hear() == "220 2.0.0 Ready to start TLS"
        await client.start_tls(trusting)
        assert await client.say("NOOP") == "250 2.0.0 OK"
        assert (await client.say("DATA")).startswith("503 5.5.1")
        assert (await client.deliver(MAIL)).startswith("250")
    (entry,) = journalled(runtime)
    assert entry.envelope_from == "laura@andina.example"


async def test_a_handshake_that_fails_ends_the_connection(runtime: Runtime) -> None:
    async with listening(runtime) as server:
        async with await Dialogue.begin(server.port) as client:
            await client.say(*GREETED, "STARTTLS")
            await client.send(b"this is no handshake, by any means\r\n")
            assert "250" not in await client.hear()
            assert await client.hear() == ""
        async with await Dialogue.begin(server.port) as client:
            assert (await client.deliver()).startswith("250")


async def test_old_tls_is_not_spoken(runtime: Runtime, trusting: ssl.SSLContext) -> None:
    assert tls_context(runtime.config.smtp).minimum_version == ssl.TLSVersion.TLSv1_2
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    trusting.set_ciphers("ALL:@SECLEVEL=0")
    async with talking(runtime) as client:
        await client.say(*GREETED, "STARTTLS")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await client.start_tls(trusting)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no such file"),
        pytest.param("not a certificate", id="something else in the file"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "cert.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=r"\[smtp\] tls_cert, tls_key"):
        tls_context(Smtp(tls_cert=file, tls_key=file))


async def test_an_idle_handshake_is_cut_off_by_the_shutdown(runtime: Runtime) -> None:
    async with listening(runtime) as server, await Dialogue.begin(server.port) as client:
        await client.say(*GREETED, "STARTTLS")
        async with asyncio.timeout(20):
            await server.stop()
