"""The reader and its children: every way a mail can harm the process that reads it (invariants D7)."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.mail.interpret import read
from gateway.mail.reading import Arrival, Reading, Surroundings
from gateway.reader import protocol
from gateway.reader.reader import Reader, ReadingFailed

SURROUNDINGS = Surroundings("example.com", "soporte+{token}@example.com", "here", dkim=False)
ARRIVAL = Arrival("smtp", "ana@cliente.example", ("soporte@example.com",), listed_peer=False)
MAIL = (
    b"From: =?utf-8?q?Ana_Mu=C3=B1oz?= <ana@cliente.example>\r\nTo: soporte@example.com\r\n"
    b"Subject: Impresora\r\nDate: Mon, 3 Nov 2025 10:00:00 -0300\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n\r\nNo anda.\r\n--x\r\n'
    b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"AAECAw==\r\n--x--\r\n"
)


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    reader = Reader(SURROUNDINGS)
    yield reader
    await reader.close()


@pytest.fixture
async def unruly() -> AsyncIterator[Reader]:
    reader = Reader(SURROUNDINGS, child_module="tests.inbound.unruly_child", wall_seconds=20)
    yield reader
    await reader.close()


@pytest.fixture
async def hasty() -> AsyncIterator[Reader]:
    reader = Reader(SURROUNDINGS, child_module="tests.inbound.unruly_child", wall_seconds=0.7)
    yield reader
    await reader.close()


async def test_a_child_reads_what_this_process_would_read(reader):
    assert await reader.read(MAIL, ARRIVAL) == read(MAIL, ARRIVAL, SURROUNDINGS)


async def test_many_mails_come_back_in_their_order(reader):
    mails = [(MAIL.replace(b"Impresora", b"Impresora %d" % n), ARRIVAL) for n in range(50)]
    results = await reader.read_many(mails)
    assert [each.subject for each in results] == [f"Impresora {n}" for n in range(50)]


async def test_several_children_share_the_mails():
    reader = Reader(SURROUNDINGS, children=2)
    mails = [(MAIL.replace(b"Impresora", b"Impresora %d" % n), ARRIVAL) for n in range(7)]
    results = await reader.read_many(mails)
    await reader.close()
    assert [each.subject for each in results] == [f"Impresora {n}" for n in range(7)]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(b"spin", "processor-time", id="a mail that uses up its processor time"),
        pytest.param(b"devour", "memory", id="a mail that eats memory"),
        pytest.param(b"die", "killed by SIGKILL", id="a mail that kills its process"),
        pytest.param(b"leave", "ended with status 3", id="a mail that ends its process"),
        pytest.param(b"raise", "raised LookupError", id="a mail that raises, without its words"),
        pytest.param(b"rave", "nonsense", id="a child that answers with rubbish"),
        pytest.param(b"environment", "raised StopIteration", id="no secret of ours in its environment"),
        pytest.param(b"write", "raised PermissionError", id="a mail cannot write files"),
    ],
)
async def test_a_bad_mail_costs_only_itself(unruly, monkeypatch, raw, reason):
    monkeypatch.setenv("SYSMO_SECRET", "canary")
    first, bad, last = await unruly.read_many([(MAIL, ARRIVAL), (raw, ARRIVAL), (MAIL, ARRIVAL)])
    assert isinstance(bad, ReadingFailed)
    assert bad.reason == reason
    assert isinstance(first, Reading)
    assert isinstance(last, Reading)


async def test_a_child_that_cannot_start_is_a_failed_reading():
    reader = Reader(SURROUNDINGS, child_module="tests.inbound.there_is_no_such_child")
    with pytest.raises(ReadingFailed, match="no-child"):
        await reader.read(MAIL, ARRIVAL)
    await reader.close()


async def test_a_mail_that_hangs_is_given_up_and_meanwhile_the_loop_runs_on(hasty):
    reading = asyncio.create_task(hasty.read(b"hang", ARRIVAL))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0.05)
        turns += 1
    assert turns > 3
    with pytest.raises(ReadingFailed, match="timeout"):
        await reading


async def test_an_abandoned_reading_leaves_no_answer_for_the_next_mail(unruly):
    abandoned = asyncio.create_task(unruly.read(b"hang", ARRIVAL))
    await asyncio.sleep(0.5)
    abandoned.cancel()
    with pytest.raises(asyncio.CancelledError):
        await abandoned
    assert (await unruly.read(MAIL, ARRIVAL)).subject == "Impresora"


async def test_an_idle_child_ends_and_a_new_one_takes_over():
    reader = Reader(SURROUNDINGS, idle_seconds=0.05)
    await reader.read(MAIL, ARRIVAL)
    (child,) = _children_of(os.getpid())
    while _is_running(child):
        await asyncio.sleep(0.05)
    assert (await reader.read(MAIL, ARRIVAL)).subject == "Impresora"
    await reader.close()


async def test_a_child_made_big_by_a_mail_is_replaced(reader):
    await reader.read(MAIL, ARRIVAL)
    (child,) = _children_of(os.getpid())
    line = b"QUJD" * 18 + b"\r\n"
    big = MAIL.replace(b"AAECAw==", line * (30 * 1024 * 1024 // len(line)))
    results = await reader.read_many([(big, ARRIVAL), (MAIL, ARRIVAL)])
    assert all(isinstance(each, Reading) for each in results)
    assert child not in _children_of(os.getpid())


async def test_a_child_does_not_outlive_its_parent():
    script = (
        "import asyncio, os, sys\n"
        "from gateway.reader.reader import Reader\n"
        "from tests.inbound.test_reader import ARRIVAL, MAIL, SURROUNDINGS, _children_of\n"
        "async def main():\n"
        "    await Reader(SURROUNDINGS).read(MAIL, ARRIVAL)\n"
        "    print(*_children_of(os.getpid()), flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    root = Path(protocol.__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, cwd=root, env={"PYTHONPATH": str(root)}
    )
    output, _ = await process.communicate()
    child = int(output)
    async with asyncio.timeout(10):
        while _is_running(child):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("header", "octets"),
    [
        pytest.param([1, "", "", False], b"", id="a number for a text"),
        pytest.param(["smtp", None, ["a"]], b"", id="a value missing"),
        pytest.param(["smtp", None, "a", False], b"", id="a text for a list"),
        pytest.param({"door": "smtp"}, b"", id="names for values"),
        pytest.param(["smtp", None, [["a"]], 1], b"", id="a number for yes or no"),
    ],
)
def test_rebuild_takes_nothing_but_the_declared_types(header, octets):
    with pytest.raises(ValueError):  # noqa: PT011  whichever it is, it is no Arrival
        protocol.rebuild(Arrival, header, octets)


def test_rebuild_returns_what_was_taken_apart():
    reading = read(MAIL, ARRIVAL, SURROUNDINGS)
    header, octets = protocol.plain(reading)
    assert protocol.rebuild(Reading, header, octets) == reading


def test_rebuild_refuses_octets_that_are_not_there():
    header, octets = protocol.plain(read(MAIL, ARRIVAL, SURROUNDINGS))
    with pytest.raises(ValueError, match="octets missing"):
        protocol.rebuild(Reading, header, octets[:-1])


def _children_of(pid: int) -> list[int]:
    """The reading children: the process that runs the tests may have others, a browser for one."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    every = [int(each) for file in found for each in file.read_text().split()]
    return [each for each in every if b"gateway.reader.child" in Path(f"/proc/{each}/cmdline").read_bytes()]


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
