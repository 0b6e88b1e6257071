"""The `imap` role and its pollers: patience with servers, one holder a mailbox, an end that is quick."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.errors import ConfigError, TryLater
from gateway.inbound import imap
from gateway.inbound.imap_poller import Poller
from gateway.models.topics import Mailbox
from gateway.runtime import Runtime
from gateway.services.mailboxes import LEASE
from tests.certificates import make_certificate
from tests.fakes_imap import CAPABILITIES, PASSWORD, FakeImap
from tests.imap_faults import (
    accept,
    hang_up,
    hang_up_midway,
    misunderstand,
    refuse,
    say_bye,
    say_nothing,
    talk_garbage,
)
from tests.inbound.fetching import IMPATIENT, QUICK, Fetching, attending, settings

MAIL = b"From: laura.gimenez@andina.example\r\nSubject: Pedido\r\n\r\nHola\r\n"
A_WHILE = (timedelta(seconds=4), timedelta(seconds=6))
FIVE_MINUTES = timedelta(minutes=5)


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with FakeImap() as server:
        yield server


@pytest.fixture
def fetching(server: FakeImap, make_runtime: Callable[..., Runtime]) -> Fetching:
    return Fetching(make_runtime(settings(server.port)), server)


def test_idle_wakes_the_poller_for_new_mail(server, fetching):
    with attending(fetching.poller(timing=replace(QUICK, idle_steps=(30,)))):
        server.wait_until(lambda: server.asked("IDLE") == ["IDLE"])
        server.deliver(MAIL)
        server.wait_until(lambda: bool(server.asked("STORE")))
    assert fetching.journalled() == [(1, 1)]
    assert len(server.asked("SELECT")) == 1


def test_mail_that_comes_while_others_are_fetched_needs_no_new_word_of_the_server(server, fetching):
    server.deliver(MAIL)

    def one_more(session, answer):
        server.deliver(MAIL)
        session.send(answer)

    server.fault("STORE", one_more)
    with attending(fetching.poller(timing=replace(QUICK, idle_steps=(30,)))):
        server.wait_until(lambda: len(server.asked("STORE")) == 2)
    assert fetching.journalled() == [(1, 1), (1, 2)]


def test_mail_announced_during_another_command_is_not_forgotten(server, fetching):
    def one_more(session, answer):
        server.deliver(MAIL)
        session.send(b"* 1 EXISTS\r\n" + answer)

    server.fault("SEARCH", accept, one_more)
    with attending(fetching.poller(timing=replace(QUICK, idle_steps=(30,)))):
        server.wait_until(lambda: bool(server.asked("STORE")))
    assert fetching.journalled() == [(1, 1)]


def test_mail_announced_in_the_breath_that_starts_idle_is_found_soon(server, fetching):
    """imapclient leaves what came along with the go-ahead unread in its buffer."""

    def one_more(session, answer):
        server.deliver(MAIL)
        session.send(answer + b"* 1 EXISTS\r\n")

    server.fault("IDLE", one_more)
    with attending(fetching.poller()):
        server.wait_until(lambda: bool(server.asked("STORE")))
    assert fetching.journalled() == [(1, 1)]


def test_without_idle_the_folder_is_polled(server, make_runtime):
    fetching = Fetching(make_runtime(settings(server.port, poll_seconds=1)), server)
    server.capabilities = tuple(set(CAPABILITIES) - {"IDLE"})
    with attending(fetching.poller()):
        server.wait_until(lambda: len(server.asked("SEARCH")) == 1)
        server.deliver(MAIL)
        server.wait_until(lambda: bool(server.asked("STORE")))
    assert fetching.journalled() == [(1, 1)]
    assert server.asked("IDLE") == []


def test_idle_can_be_switched_off(server, make_runtime):
    fetching = Fetching(make_runtime(settings(server.port, idle=False, poll_seconds=1)), server)
    with attending(fetching.poller()):
        server.wait_until(lambda: len(server.asked("SEARCH")) == 2)
    assert server.asked("IDLE") == []


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        pytest.param("IDLE", hang_up, id="hung up on at the start"),
        pytest.param("IDLE", refuse(), id="refused"),
        pytest.param("IDLE", say_bye, id="answered with BYE"),
        pytest.param("IDLE", talk_garbage, id="answered with garbage"),
        pytest.param("DONE", say_nothing, id="gone dead without a word"),
        pytest.param("DONE", hang_up_midway, id="cut off while it ends"),
    ],
)
def test_an_idle_that_goes_wrong_loses_no_mail(server, fetching, command, fault):
    server.fault(command, fault)
    fetching.timing = replace(IMPATIENT, idle_steps=(0.1, 0.1))
    with attending(fetching.poller()):
        server.wait_until(lambda: len(server.asked("LOGIN")) == 2)
        server.deliver(MAIL)
        server.wait_until(lambda: bool(server.asked("STORE")))
    assert fetching.journalled() == [(1, 1)]


def test_a_server_that_drops_idling_connections_is_not_asked_in_a_frenzy(server, fetching):
    with attending(fetching.poller(timing=replace(QUICK, idle_steps=(30,)))):
        server.wait_until(lambda: len(server.asked("IDLE")) == 1)
        server.disconnect_all()
        server.wait_until(lambda: len(server.asked("IDLE")) == 2)
        assert len(server.asked("LOGIN")) == 2


# --- patience


@pytest.mark.parametrize(
    ("command", "fault", "pause"),
    [
        pytest.param("LOGIN", refuse("wrong"), (FIVE_MINUTES,) * 2, id="a wrong password waits long"),
        pytest.param("LOGIN", refuse("[UNAVAILABLE] try later"), A_WHILE, id="a server not ready, a little"),
        pytest.param("LOGIN", hang_up, A_WHILE, id="and so one that hangs up at the password"),
        pytest.param("SELECT", refuse("no such folder"), A_WHILE, id="and one without the folder"),
    ],
)
def test_pause_after_a_failure(server, fetching, command, fault, pause):
    server.fault(command, fault)
    least, most = pause
    assert least <= fetching.poller().attend() <= most


def test_a_wrong_password_is_tried_once_each_time(server, make_runtime):
    fetching = Fetching(make_runtime(settings(server.port, password="otra")), server)
    assert fetching.poller().attend() == FIVE_MINUTES
    assert len(server.asked("LOGIN")) == 1


def test_pauses_grow_while_nothing_works_and_start_over_after_a_success(server, fetching):
    server.fault("SELECT", *[refuse()] * 3)
    poller = fetching.poller(chance=lambda: 0.5)
    assert [poller.attend().total_seconds() for _ in range(3)] == [5, 10, 20]
    server.fault("IDLE", hang_up)
    assert poller.attend().total_seconds() == 5


def test_a_server_that_cannot_be_reached_is_told_of(fetching, server):
    server.close()
    least, most = A_WHILE
    assert least <= fetching.poller().attend() <= most
    assert "ConnectionRefusedError" in fetching.mailbox().last_error


def test_no_password_gets_into_what_is_told(server, fetching, capsys):
    server.fault("LOGIN", misunderstand)
    fetching.poller().attend()
    assert PASSWORD in server.asked("LOGIN")[0]
    assert PASSWORD not in fetching.mailbox().last_error
    assert PASSWORD not in capsys.readouterr().out


def test_a_success_clears_what_was_told(server, fetching):
    server.fault("SELECT", refuse())
    fetching.poller().attend()
    assert fetching.mailbox().last_error
    fetching.look()
    assert fetching.mailbox().last_error is None
    assert fetching.mailbox().polled_at is not None


def test_the_journal_away_pauses_and_marks_nothing(server, fetching):
    server.deliver(MAIL)

    def fail(mails):
        raise TryLater

    poller = Poller(fetching.runtime, "soporte", fetching.section, fail, timing=QUICK)
    least, most = A_WHILE
    assert least <= poller.attend() <= most
    assert server.asked("STORE|MOVE|COPY") == []


def test_a_database_away_pauses_and_asks_the_server_nothing(server, fetching):
    with fetching.runtime.db.transaction() as session:
        session.execute(text("ALTER TABLE mailbox RENAME TO away"))
    least, most = A_WHILE
    poller = fetching.poller()
    assert least <= poller.attend() <= most
    assert server.commands == []
    with fetching.runtime.db.transaction() as session:
        session.execute(text("ALTER TABLE away RENAME TO mailbox"))
    with attending(poller):
        server.wait_until(lambda: bool(server.asked("IDLE")))


# --- one holder


def test_a_mailbox_has_one_holder_at_a_time(server, fetching):
    other = Fetching(replace(fetching.runtime, worker="elsewhere/1/1"), server)
    other.claim()
    assert fetching.poller().attend() == timedelta(seconds=QUICK.held_elsewhere)
    assert server.commands == []


def test_a_mailbox_whose_holder_died_here_is_taken_at_once(server, fetching):
    dead = f"{socket.gethostname()}/999999999/1"
    Fetching(replace(fetching.runtime, worker=dead), server).claim()
    with attending(fetching.poller()):
        server.wait_until(lambda: bool(server.asked("IDLE")))


def test_a_mailbox_whose_holder_fell_silent_is_taken_when_its_lease_is_over(server, make_runtime, now):
    runtime = make_runtime(settings(server.port), now=lambda: now, worker="elsewhere/1/1")
    Fetching(runtime, server).claim()
    later = Fetching(
        replace(runtime, worker="here/1/1", now=lambda: now + LEASE + timedelta(seconds=1)), server
    )
    with attending(later.poller()):
        server.wait_until(lambda: bool(server.asked("IDLE")))


def test_a_poller_that_stops_gives_its_mailbox_back(server, fetching):
    poller = fetching.poller()
    thread = threading.Thread(target=poller.work)
    thread.start()
    server.wait_until(lambda: bool(server.asked("IDLE")))
    assert fetching.mailbox().holder == fetching.runtime.worker
    poller.stop()
    thread.join(20)
    assert fetching.mailbox().holder is None


# --- the role


async def test_the_role_fetches_from_all_mailboxes_and_ends_when_cancelled(server, make_runtime):
    with FakeImap() as second:
        toml = settings(server.port) + settings(second.port).replace("soporte", "ventas")
        runtime = make_runtime(toml)
        server.deliver(MAIL)
        second.deliver(MAIL)
        role = asyncio.create_task(imap.run(runtime, timing=QUICK))
        for each in (server, second):
            await asyncio.to_thread(each.wait_until, lambda each=each: bool(each.asked("IDLE")))
        role.cancel()
        with pytest.raises(asyncio.CancelledError):
            await role
    with runtime.db.snapshot() as session:
        assert session.get_one(Mailbox, 1).holder is None
        found = session.execute(text("SELECT mailbox FROM journal_entry ORDER BY mailbox")).scalars()
        assert list(found) == ["soporte", "ventas"]


@pytest.mark.parametrize("command", ["SEARCH", "FETCH", "IDLE", "LOGIN"])
async def test_the_role_ends_while_a_server_is_silent(server, make_runtime, command):
    server.deliver(MAIL)
    server.fault(command, say_nothing)
    role = asyncio.create_task(imap.run(make_runtime(settings(server.port)), timing=replace(QUICK, read=600)))
    await asyncio.to_thread(server.wait_until, lambda: bool(server.asked(command)))
    role.cancel()
    await asyncio.wait([role], timeout=imap.ENDING + 5)
    assert role.cancelled()


async def test_the_role_without_mailboxes_waits(runtime):
    role = asyncio.create_task(imap.run(runtime))
    done, _ = await asyncio.wait([role], timeout=0.1)
    assert not done
    role.cancel()


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        pytest.param("127.0.0.1", False, id="this machine, IPv4"),
        pytest.param("::1", False, id="this machine, IPv6"),
        pytest.param("localhost", False, id="this machine by name"),
        pytest.param("mail.example.com", True, id="another machine"),
        pytest.param("127.0.0.1.example.com", True, id="a name that looks like this machine"),
    ],
)
def test_check(make_runtime, host, refused):
    sections = make_runtime(settings(143, host=host)).config.imap
    if not refused:
        return imap.check(sections)
    with pytest.raises(ConfigError, match=r"\[imap\.soporte\] security"):
        imap.check(sections)
    return None


# --- TLS (O2)


def test_no_password_is_sent_where_starttls_was_stripped(server, make_runtime):
    fetching = Fetching(make_runtime(settings(server.port, security="starttls")), server)
    fetching.poller().attend()
    assert server.asked("LOGIN|AUTHENTICATE") == []
    assert "STARTTLS" in fetching.mailbox().last_error


@pytest.mark.parametrize(
    ("address", "expired", "trusted"),
    [
        pytest.param("IP:127.0.0.1", False, False, id="of nobody we know"),
        pytest.param("DNS:mail.example.com", False, True, id="for another name"),
        pytest.param("IP:127.0.0.1", True, True, id="out of date"),
    ],
)
def test_no_password_is_sent_to_a_server_with_a_certificate(
    make_runtime, tmp_path: Path, address, expired, trusted
):
    pem = make_certificate(tmp_path / "tls", address, expired=expired)
    with FakeImap(certificate=pem) as server:
        keys = {"security": "tls"} | ({"ca_file": str(pem)} if trusted else {})
        fetching = Fetching(make_runtime(settings(server.port, **keys)), server)
        fetching.poller().attend()
        assert server.commands == []
        assert "certificate" in fetching.mailbox().last_error


def test_mail_is_fetched_over_tls_with_the_certificate_named(make_runtime, tmp_path):
    pem = make_certificate(tmp_path / "tls")
    with FakeImap(certificate=pem) as server:
        fetching = Fetching(make_runtime(settings(server.port, security="tls", ca_file=str(pem))), server)
        with attending(fetching.poller(timing=replace(QUICK, idle_steps=(30,)))):
            server.wait_until(lambda: bool(server.asked("IDLE")))
            server.deliver(MAIL)
            server.wait_until(lambda: bool(server.asked("STORE")))
        assert fetching.journalled() == [(1, 1)]
