"""When something breaks behind the listener: a 451 with a fixed text, nothing kept, nothing told."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from gateway.db import Database
from gateway.inbound.journal_writer import JournalWriter
from gateway.inbound.smtp_lobby import Timers
from gateway.runtime import Runtime
from gateway.services.blobs import SMALL
from gateway.services.journal import Incoming
from tests.listener import (
    ADDRESSED,
    GREETED,
    LISTED,
    MAIL,
    Dialogue,
    journalled,
    listening,
    octets_of,
    spooled,
    talking,
)

Make = Callable[..., Runtime]
CANARY = "canary-7f3a"
FAILED = "451 4.3.0 Something went wrong here, try again later"
BIG = b"Subject: hola\r\n\r\n" + b"0123456789\r\n" * (SMALL // 10)


class Broken:
    """Stands for whatever the listener asks, and breaks with words nobody may hear."""

    def __init__(self, error: type[Exception]) -> None:
        self._error = error

    async def admit(self, *_: object, **__: object) -> str:
        raise self._error(CANARY)

    async def is_low(self) -> bool:
        raise self._error(CANARY)

    async def take(self, *_: object, **__: object) -> bool:
        raise self._error(CANARY)

    async def append(self, mail: Incoming) -> int:
        raise self._error(CANARY)


def broken_clock() -> None:
    raise RuntimeError(CANARY)


@pytest.mark.parametrize(
    ("changes", "commands"),
    [
        pytest.param({"disk": Broken(ValueError)}, ADDRESSED[:2], id="MAIL"),
        pytest.param({"recipients": Broken(KeyError)}, ADDRESSED, id="RCPT"),
        pytest.param({"places": Broken(AssertionError)}, (*ADDRESSED, "DATA"), id="DATA before the mail"),
        pytest.param({"spools": Path("/proc/none")}, None, id="DATA while the mail comes"),
        pytest.param({"now": broken_clock}, None, id="DATA after the mail"),
        pytest.param({"append": Broken(OSError).append}, None, id="the commit"),
        pytest.param({"append": Broken(UnicodeError).append}, None, id="the commit, an odd error"),
    ],
)
async def test_an_exception_is_a_451_with_a_fixed_text(
    make_runtime: Make, changes: dict[str, Any], commands: tuple[str, ...] | None
) -> None:
    runtime = make_runtime(LISTED)
    with capture_logs() as lines:
        async with talking(runtime, **changes) as client:
            reply = await client.say(*commands) if commands else await client.deliver(BIG)
            assert reply == FAILED
            assert await client.say("NOOP") == "250 2.0.0 OK"
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["smtp.failed"]
    assert CANARY not in str(lines)
    assert spooled(runtime) == []
    assert journalled(runtime) == []


async def test_a_commit_that_fails_keeps_nothing_and_the_next_one_may_do(make_runtime: Make) -> None:
    runtime = make_runtime(LISTED)
    async with talking(runtime) as client:
        rename(runtime.db, "journal_entry", "elsewhere")
        for mail in (MAIL, BIG):
            assert await client.deliver(mail) == FAILED
        rename(runtime.db, "elsewhere", "journal_entry")
        assert journalled(runtime) == []
        assert spooled(runtime) == []
        assert (await client.deliver(BIG)).startswith("250")
    (entry,) = journalled(runtime)
    assert octets_of(runtime, entry) == BIG


async def test_a_database_that_cannot_be_asked_puts_recipients_off(make_runtime: Make) -> None:
    runtime = make_runtime(LISTED)
    async with talking(runtime) as client:
        rename(runtime.db, "topic", "elsewhere")
        assert await client.say(*ADDRESSED) == FAILED
        rename(runtime.db, "elsewhere", "topic")
        assert (await client.say(ADDRESSED[2])).startswith("250")


async def test_a_commit_over_its_budget_is_put_off_and_may_still_come(make_runtime: Make) -> None:
    runtime = make_runtime(LISTED)
    async with listening(runtime, timers=Timers(commit=0.2, idle=0.1)) as server:
        async with await Dialogue.begin(server.port) as client:
            with locked(runtime.db):
                assert await client.deliver() == FAILED
        await until(lambda: len(journalled(runtime)) == 1)
    (entry,) = journalled(runtime)
    assert octets_of(runtime, entry) == MAIL


async def test_a_commit_may_take_longer_than_an_idle_client(make_runtime: Make) -> None:
    runtime = make_runtime(LISTED)
    async with talking(runtime, timers=Timers(idle=0.5)) as client:
        with locked(runtime.db):
            await client.say(*ADDRESSED, "DATA")
            await client.send(MAIL + b".\r\n")
            await asyncio.sleep(0.7)
        assert (await client.hear()).startswith("250")


async def test_a_mail_whose_client_hangs_up_during_the_commit_is_kept_once(make_runtime: Make) -> None:
    runtime = make_runtime(LISTED)
    handed_over = asyncio.Event()
    async with JournalWriter(runtime) as writer:

        async def append(mail: Incoming) -> int:
            handed_over.set()
            return await writer.append(mail)

        async with listening(runtime, append=append) as server:
            client = await Dialogue.begin(server.port)
            with locked(runtime.db):
                await client.say(*ADDRESSED, "DATA")
                await client.send(BIG + b".\r\n")
                await handed_over.wait()
                await client.close()
            await until(lambda: len(journalled(runtime)) == 1)
    (entry,) = journalled(runtime)
    assert octets_of(runtime, entry) == BIG


async def test_what_is_logged_of_a_mail(make_runtime: Make) -> None:
    runtime = make_runtime(LISTED)
    secret_token = "soporte+" + "k" * 26 + "@example.com"
    with capture_logs() as lines:
        async with talking(runtime) as client:
            await client.say(*ADDRESSED, f"RCPT TO:<{secret_token}>")
            await client.deliver(b"Subject: " + CANARY.encode() + b"\r\n\r\n" + MAIL, "RSET", *ADDRESSED[1:])
            await client.say(f"MAIL FROM:<{secret_token}>", "RCPT TO:<nadie@example.com>")
            await client.say(*GREETED)
    (accepted,) = [line for line in lines if line["event"] == "smtp.accepted"]
    assert accepted.pop("ms") >= 0
    assert accepted == {
        "event": "smtp.accepted",
        "log_level": "info",
        "entry": 1,
        "peer": "127.0.0.1",
        "sender": "laura@andina.example",
        "recipients": "soporte@example.com",
        "size": len(MAIL) + len(CANARY) + 13,
    }
    assert [line["reply"][:9] for line in lines if line["event"] == "smtp.refused"] == ["550 5.1.1"] * 2
    assert CANARY not in str(lines)
    assert "kkkk" not in str(lines)


def rename(database: Database, table: str, name: str) -> None:
    with database.transaction() as session:
        session.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Let nobody else write to the journal meanwhile."""
    with database.transaction() as session:
        if not database.is_sqlite:
            session.execute(text("LOCK TABLE journal_entry IN EXCLUSIVE MODE"))
        yield


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)
