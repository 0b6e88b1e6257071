"""The octets of DATA: where they end, what is undone, what is refused, and how little is kept in memory."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import MailRefused
from gateway.inbound.smtp_data import END, WireText, receive, to_the_end, wire_chunks
from gateway.runtime import Runtime
from gateway.services.blobs import SMALL, Spool
from tests.listener import (
    ADDRESSED,
    LISTED,
    STRANGER,
    Dialogue,
    journalled,
    listening,
    octets_of,
    spooled,
    talking,
)

Make = Callable[..., Runtime]

HEAD = b"Subject: hola\r\n\r\n"
BROKEN = "550 5.5.2"


async def read(wire: bytes, *, limit: int = 64, piece: int | None = None) -> tuple[bytes, bytes]:
    """Return the mail in some octets and what follows it, the octets coming `piece` by `piece`."""
    reader = asyncio.StreamReader(limit=limit)
    text = WireText()
    step = piece or len(wire)

    async def feed() -> None:
        for start in range(0, len(wire), step):
            reader.feed_data(wire[start : start + step])
            await asyncio.sleep(0)
        reader.feed_eof()

    feeding = asyncio.create_task(feed())
    mail = b"".join([text.feed(chunk) async for chunk in wire_chunks(reader)]) + text.finish()
    await feeding
    return mail, await reader.read()


@pytest.mark.parametrize(
    ("wire", "mail"),
    [
        pytest.param(b".\r\n", b"", id="an empty mail"),
        pytest.param(b"\r\n.\r\n", b"\r\n", id="one empty line"),
        pytest.param(b"\r\n\r\n.\r\n", b"\r\n\r\n", id="two empty lines"),
        pytest.param(b"a\r\n.\r\n", b"a\r\n", id="one letter"),
        pytest.param(b"ab\r\n.\r\n", b"ab\r\n", id="two letters"),
        pytest.param(b"abc\r\n.\r\n", b"abc\r\n", id="three letters"),
        pytest.param(b"..\r\n.\r\n", b".\r\n", id="a lone dot, doubled, comes first"),
        pytest.param(b"a\r\n..\r\n.\r\n", b"a\r\n.\r\n", id="a lone dot, doubled"),
        pytest.param(b"a\r\n...b\r\n.\r\n", b"a\r\n..b\r\n", id="two dots, one added"),
        pytest.param(b"a\r\n.b\r\n.\r\n", b"a\r\nb\r\n", id="a dot nobody doubled"),
        pytest.param(b"\r\n..\r\n.\r\n", b"\r\n.\r\n", id="an empty line, then a dot"),
        pytest.param(b"a.\r\nb.\r\n.\r\n", b"a.\r\nb.\r\n", id="dots at the end of lines"),
        pytest.param(b"a\r\n.\n.\r\n.\r\n", b"a\r\n\n.\r\n", id="a dot and a bare line feed are no end"),
        pytest.param(b"\r\r\n.\r\n", b"\r\r\n", id="a bare CR in front of the end"),
        pytest.param(b"x" * 500 + b"\r\n.\r\n", b"x" * 500 + b"\r\n", id="a line longer than the buffer"),
        pytest.param(
            b"a\r\n" * 99 + b"..\r\n.\r\n", b"a\r\n" * 99 + b".\r\n", id="more than the buffer holds"
        ),
    ],
)
@pytest.mark.parametrize("piece", [None, 1, 2, 3, 7])
async def test_a_mail_is_read_to_its_end(wire: bytes, mail: bytes, piece: int | None) -> None:
    assert await read(wire + b"QUIT\r\n", piece=piece) == (mail, b"QUIT\r\n")


@given(
    mail=st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"a", b"\0"])).map(b"".join),
    piece=st.integers(1, 9),
    limit=st.integers(1, 12),
)
def test_whatever_is_in_a_mail_comes_out_of_it(mail: bytes, piece: int, limit: int) -> None:
    mail += b"\r\n"
    lines = mail.split(b"\r\n")
    wire = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b".\r\n"
    assert asyncio.run(read(wire + b"NOOP", limit=limit, piece=piece)) == (mail, b"NOOP")


@given(chunks=st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b".", b"\0"]), min_size=1))
def test_broken_lines_are_noticed_however_they_are_cut(chunks: list[bytes]) -> None:
    text = WireText()
    for chunk in chunks:
        text.feed(chunk)
    text.feed(b"\n" if chunks[-1] == b"\r" else b"\r\n")
    whole = b"".join([*chunks, b"\n" if chunks[-1] == b"\r" else b"\r\n"])
    rest = whole.replace(b"\r\n", b"")
    assert text.broken == any(octet in rest for octet in b"\r\n\0")


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(b"\n.\n", id="LF . LF"),
        pytest.param(b"\n.\r\n", id="LF . CR LF"),
        pytest.param(b"\r\n.\n", id="CR LF . LF"),
        pytest.param(b"\r.\r", id="CR . CR"),
        pytest.param(b"\r.\r\n", id="CR . CR LF"),
        pytest.param(b"\r\n.\r", id="CR LF . CR"),
        pytest.param(b"\r\n\0.\r\n", id="CR LF NUL . CR LF"),
        pytest.param(b"\r\n.\0\r\n", id="CR LF . NUL CR LF"),
        pytest.param(b"\r\n.\r\r\n", id="CR LF . CR CR LF"),
        pytest.param(b"\n\n.\r\n", id="LF LF . CR LF"),
    ],
)
async def test_no_second_mail_is_smuggled_in(make_runtime: Make, ending: bytes) -> None:
    smuggled = (
        b"MAIL FROM:<jefa@example.com>\r\nRCPT TO:<soporte@example.com>\r\nDATA\r\n" + HEAD + b"falso\r\n"
    )
    wire = HEAD + b"cierto" + ending + smuggled
    for trust, expected, kept in ((STRANGER, BROKEN, 0), (LISTED, "250 2.0.0", 1)):
        runtime = make_runtime(trust)
        async with talking(runtime) as client:
            assert (await client.deliver(wire)).startswith(expected)
            assert await client.say("NOOP") == "250 2.0.0 OK"  # one reply to one mail, and nothing left over
        assert len(journalled(runtime)) == kept
        assert not any(entry.envelope_from == "jefa@example.com" for entry in journalled(runtime))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"a\nb\r\n", BROKEN, id="a bare line feed"),
        pytest.param(b"a\rb\r\n", BROKEN, id="a bare carriage return"),
        pytest.param(b"a\0b\r\n", BROKEN, id="a NUL"),
        pytest.param(b"x" * 1_098 + b"\r\n", "250 2.0.0", id="a line of 1 100 octets"),
        pytest.param(b"x" * 30_000 + b"\r\n", "250 2.0.0", id="a line of 30 000 octets"),
        pytest.param(b"x" * 300_000 + b"\r\n", "250 2.0.0", id="a line of 300 000 octets"),
        pytest.param(b"\xff\xfe \xe1\r\n", "250 2.0.0", id="octets that are no text"),
        pytest.param(b"", "250 2.0.0", id="no body"),
    ],
)
async def test_a_strangers_mail(make_runtime: Make, body: bytes, expected: str) -> None:
    runtime = make_runtime(STRANGER)
    async with talking(runtime) as client:
        assert (await client.deliver(HEAD + body)).startswith(expected)
    assert [octets_of(runtime, entry) for entry in journalled(runtime)] == (
        [HEAD + body] if expected.startswith("250") else []
    )


async def test_a_listed_peers_octets_are_kept_as_they_are(make_runtime: Make) -> None:
    runtime = make_runtime(LISTED)
    mail = HEAD + b"a\nb\rc\0d\r\n"
    async with talking(runtime) as client:
        assert (await client.deliver(mail)).startswith("250")
        assert (await client.deliver(b"", *ADDRESSED[1:])).startswith("250")
    assert [octets_of(runtime, entry) for entry in journalled(runtime)] == [mail, b""]


async def test_a_mail_too_big_is_refused_at_its_end_and_leaves_nothing(make_runtime: Make) -> None:
    runtime = make_runtime(STRANGER)
    most = SMALL + 1000
    async with talking(runtime, max_bytes=most) as client:
        assert (await client.deliver(b"x" * most + b"\r\n")).startswith("552 5.3.4")
        assert spooled(runtime) == []
        assert (await client.deliver(b"x" * (most - 2) + b"\r\n", *ADDRESSED[1:])).startswith("250")
    (entry,) = journalled(runtime)
    assert entry.size == most
    assert spooled(runtime) == []


async def test_a_mail_cut_off_leaves_nothing(make_runtime: Make) -> None:
    runtime = make_runtime(STRANGER)
    async with listening(runtime) as server:
        client = await Dialogue.begin(server.port)
        await client.say(*ADDRESSED, "DATA")
        await client.send(b"x" * (SMALL * 3))
        async with asyncio.timeout(20):
            while not spooled(runtime):
                await asyncio.sleep(0.01)
            await client.close()
            while spooled(runtime):
                await asyncio.sleep(0.01)
    assert journalled(runtime) == []


class Tight(Spool):
    """A spool that tells the most it ever held in memory, and whose disk may be full."""

    most = 0
    full_at = 10**9

    def write(self, chunk: bytes) -> None:
        if self.size + len(chunk) > self.full_at:
            raise OSError(28, "No space left on device")
        super().write(chunk)
        self.most = max(self.most, len(self._memory))


async def wire(*octets: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=64 * 1024)
    for each in octets:
        reader.feed_data(each)
    return reader


async def test_a_large_mail_goes_to_a_file(tmp_path: Path) -> None:
    spool = Tight(tmp_path)
    line = b"0123456789" * 7 + b"\r\n"
    reader = await wire(line * 40_000, END[2:])
    steps: list[None] = []
    content = await receive(
        reader, spool, max_bytes=4_000_000, strict=True, progress=lambda: steps.append(None)
    )
    assert spool.most <= SMALL
    assert content.data is None
    assert (content.size, content.sha256) == (len(line) * 40_000, hashlib.sha256(line * 40_000).hexdigest())
    assert content.read() == line * 40_000
    assert len(steps) < 100  # not a step for each line


async def test_a_full_disk_is_told_after_the_end_of_data(tmp_path: Path) -> None:
    spool = Tight(tmp_path)
    spool.full_at = SMALL * 2
    spool.write(b"x" * SMALL * 2)
    reader = await wire(b"x" * SMALL * 4, END, b"QUIT\r\n")
    with pytest.raises(OSError, match="No space"):
        await receive(reader, spool, max_bytes=SMALL * 9, strict=True, progress=lambda: None)
    assert await reader.readline() == b"QUIT\r\n"
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_the_first_fault_of_a_mail_is_the_one_told(tmp_path: Path) -> None:
    reader = await wire(b"a\nb" + b"x" * 2000, END)
    with pytest.raises(MailRefused, match=BROKEN):
        await receive(reader, Spool(tmp_path), max_bytes=100, strict=True, progress=lambda: None)


async def test_file_work_ends_before_its_canceller_goes_on() -> None:
    done: list[str] = []
    began, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(began.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(20)
        done.append("worked")

    task = asyncio.create_task(to_the_end(work))
    await began.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["worked"]
