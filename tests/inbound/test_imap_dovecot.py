"""Mail in a real Dovecot: pushed by IDLE, moved or marked, whatever other clients do meanwhile."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from gateway.inbound import imap
from gateway.models.columns import table_of
from gateway.models.queues import JournalEntry
from gateway.models.topics import Mailbox
from gateway.rules.limits import MIB
from gateway.runtime import Runtime
from tests.dovecot import Dovecot, dovecot
from tests.inbound.fetching import Fetching, settings


@pytest.fixture(scope="module")
def running() -> Iterator[Dovecot]:
    with dovecot() as server:
        yield server


@pytest.fixture
def server(running: Dovecot) -> Dovecot:
    """The server with a mailbox of the test's own: it takes any name."""
    return replace(running, user=f"{secrets.token_hex(8)}@example.com")


@pytest.fixture
def mailbox(server: Dovecot, make_runtime: Callable[..., Runtime]) -> Callable[..., Runtime]:
    """Makes a runtime that fetches from it."""
    return lambda **keys: make_runtime(settings(server.port, username=server.user, **keys))


def mail(number: int, *, more: bytes = b"") -> bytes:
    return (
        b"From: laura@andina.example\r\nSubject: Pedido %d\r\n\r\nHola, \xc3\xb1and\xc3\xba\r\n" % number
        + more
    )


@contextlib.asynccontextmanager
async def fetching(runtime: Runtime) -> AsyncIterator[None]:
    """The role at work, until the end of the block; begins when it has looked once."""
    role = asyncio.create_task(imap.run(runtime))
    try:
        await until(runtime, looked)
        yield
    finally:
        role.cancel()
        await asyncio.wait([role])


async def until(runtime: Runtime, true: Callable[[Runtime], bool]) -> None:
    """Wait until something is true of the database."""
    async with asyncio.timeout(30):
        while not true(runtime):
            await asyncio.sleep(0.02)


def looked(runtime: Runtime) -> bool:
    with runtime.db.snapshot() as session:
        return session.execute(select(table_of(Mailbox).c.polled_at)).scalar() is not None


def journalled(count: int) -> Callable[[Runtime], bool]:
    def is_so(runtime: Runtime) -> bool:
        with runtime.db.snapshot() as session:
            return session.execute(select(func.count()).select_from(JournalEntry)).scalar_one() >= count

    return is_so


def contents(runtime: Runtime) -> list[bytes]:
    return Fetching(runtime, None).contents()


async def all_left(server: Dovecot, folder: str, wanted: Callable[[list[set[bytes]]], bool]) -> None:
    """Wait until the flags of all messages of a folder are as wanted."""
    async with asyncio.timeout(30):
        while not wanted(await asyncio.to_thread(flags_in, server, folder)):
            await asyncio.sleep(0.05)


def flags_in(server: Dovecot, folder: str) -> list[set[bytes]]:
    with server.client() as client:
        if not client.folder_exists(folder):
            return []
        client.select_folder(folder, readonly=True)
        uids = client.search()
        return [set(each) - {b"\\Recent"} for each in client.get_flags(uids).values()] if uids else []


async def test_a_mail_appended_is_pushed_and_marked_as_seen(server, mailbox):
    runtime = mailbox()
    async with fetching(runtime):
        for number in range(3):
            await asyncio.to_thread(server.deliver, mail(number))
            await until(runtime, journalled(number + 1))
        await all_left(server, "INBOX", lambda flags: flags == [{b"\\Seen"}] * 3)
    assert contents(runtime) == [mail(0), mail(1), mail(2)]


async def test_mail_that_was_there_before_is_moved_once_it_is_in(server, mailbox):
    for number in range(3):
        await asyncio.to_thread(server.deliver, mail(number))
    runtime = mailbox(processed="Hecho")
    async with fetching(runtime):
        await all_left(server, "Hecho", lambda flags: len(flags) == 3)
        await all_left(server, "INBOX", lambda flags: flags == [])
    assert contents(runtime) == [mail(0), mail(1), mail(2)]


async def test_another_client_that_marks_all_as_read_hides_no_mail(server, mailbox):
    runtime = mailbox()

    def deliver_and_mark_all() -> None:
        with server.client() as client:
            for number in range(20):
                client.append("INBOX", mail(number))
                client.noop()
                client.add_flags(client.search(), [b"\\Seen"], silent=True)

    async with fetching(runtime):
        await asyncio.to_thread(deliver_and_mark_all)
        await until(runtime, journalled(20))
    assert contents(runtime) == [mail(number) for number in range(20)]


async def test_a_large_mail_comes_whole(server, mailbox):
    large = mail(1, more=b"".join(b"%076d\r\n" % number for number in range(3 * MIB // 78)))
    runtime = mailbox()
    async with fetching(runtime):
        await asyncio.to_thread(server.deliver, large)
        await until(runtime, journalled(1))
    assert contents(runtime) == [large]


async def test_what_came_while_we_were_away_is_taken_in_once(server, mailbox):
    runtime = mailbox()
    await asyncio.to_thread(server.deliver, mail(0))
    async with fetching(runtime):
        await until(runtime, journalled(1))
    await asyncio.to_thread(server.deliver, mail(1))
    async with fetching(runtime):
        await until(runtime, journalled(2))
    assert contents(runtime) == [mail(0), mail(1)]


def test_a_folder_made_anew_is_scanned_anew(server, mailbox):
    """Dovecot gives a folder of the same name another UIDVALIDITY."""
    runtime = mailbox(folder="Casos")
    seen = Fetching(runtime, server)
    for number in range(2):
        with server.client() as client:
            if client.folder_exists("Casos"):
                client.delete_folder("Casos")
            client.create_folder("Casos")
            client.append("Casos", mail(number))
        assert seen.look() == 1
    assert contents(runtime) == [mail(0), mail(1)]
    assert [uid for _, uid in seen.journalled()] == [1, 1]
