"""Looks at a folder of a scripted server: what is taken in, once, and what is done to the source."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from gateway.errors import StaleLease, TryLater
from gateway.inbound import imap_collect
from gateway.inbound.imap_connection import Connection, Timing, folder_url
from gateway.inbound.imap_fetch import batches
from gateway.models.queues import Door, JournalEntry
from gateway.models.topics import Mailbox
from gateway.rules.admission import Outcome
from gateway.rules.limits import MIB
from gateway.runtime import Runtime
from gateway.services.mailboxes import LEASE, Cursor
from tests.fakes_imap import CAPABILITIES, FakeImap, Folder
from tests.imap_faults import (
    accept,
    hang_up,
    hang_up_midway,
    literals_longer_by,
    refuse,
    rewrite,
    say_bye,
    say_nothing,
    talk_garbage,
)
from tests.inbound.fetching import IMPATIENT, QUICK, Fetching, settings

CHANGES = r"STORE|MOVE|COPY|EXPUNGE|CREATE"


def mail(number: int, *, more: bytes = b"", sender: str = "laura.gimenez@andina.example") -> bytes:
    return (
        b"From: %s\r\nSubject: Pedido\r\n"
        b"Message-ID: <%d@andina.example>\r\n\r\nHola\r\n" % (sender.encode(), number)
    ) + more


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with FakeImap() as server:
        yield server


@pytest.fixture
def fetching(server: FakeImap, make_runtime: Callable[..., Runtime]) -> Fetching:
    return Fetching(make_runtime(settings(server.port)), server)


@pytest.fixture
def moving(server: FakeImap, make_runtime: Callable[..., Runtime]) -> Fetching:
    """The same with a folder for what is done."""
    return Fetching(make_runtime(settings(server.port, processed="Hecho")), server)


def test_mail_is_written_down_with_what_its_door_knows(server, fetching):
    head = (
        b"Return-Path: <laura.gimenez@andina.example>\r\nX-Original-To: soporte+abc@example.com\r\n"
        b"Received: from mx\r\n"
    )
    server.deliver(head + mail(1), uid=7, at=datetime(2026, 5, 11, 9, 0, tzinfo=UTC))
    assert fetching.look() == 1
    entry = fetching.entry(1)
    assert (entry.door, entry.mailbox, entry.uidvalidity, entry.uid) == (Door.IMAP, "soporte", 1, 7)
    assert entry.folder == "imap://soporte@example.com@127.0.0.1/INBOX"
    assert entry.received_at == datetime(2026, 5, 11, 9, 0, tzinfo=UTC)
    assert entry.recipients == ["soporte+abc@example.com"]
    assert entry.envelope_from == "laura.gimenez@andina.example"
    assert entry.message_id == "1@andina.example"
    assert fetching.contents() == [head + mail(1)]


def test_a_mail_from_the_future_came_now(server, fetching):
    server.deliver(mail(1), at=datetime(2100, 1, 1, tzinfo=UTC))
    fetching.look()
    assert fetching.entry(1).received_at <= fetching.runtime.now()


def test_nothing_but_peek_is_fetched_and_nothing_expunged(server, fetching):
    for number in range(3):
        server.deliver(mail(number))
    server.deliver(mail(3, more=b"x" * 2 * MIB))
    fetching.look()
    assert len(fetching.journalled()) == 4
    bodies = server.asked(r"BODY|RFC822(?!\.SIZE)")
    assert bodies
    assert all("BODY.PEEK[]" in command for command in bodies)
    assert not server.asked(r"EXPUNGE|CLOSE|UNSEEN|SINCE")


def test_what_is_taken_in_is_marked_as_seen_and_stays(server, fetching):
    server.deliver(mail(1))
    fetching.look()
    assert [each.flags for each in server.inbox.messages] == [{"\\Seen"}]


def test_mail_read_or_deleted_by_others_is_taken_in_all_the_same(server, fetching):
    server.deliver(mail(1))
    server.deliver(mail(2))
    server.inbox.messages[0].flags = {"\\Seen"}
    server.inbox.messages[1].flags = {"\\Seen", "\\Deleted"}
    fetching.look()
    assert fetching.journalled() == [(1, 1), (1, 2)]


def test_a_second_look_fetches_nothing_again(server, fetching):
    server.deliver(mail(1))
    fetching.look()
    asked = len(server.asked("BODY"))
    assert fetching.look() == 0
    assert len(server.asked("BODY")) == asked
    assert fetching.claim() == Cursor(1, 1)


def test_another_client_marking_all_as_read_changes_nothing(server, fetching):
    server.deliver(mail(1))

    def mark_all(session, answer):
        for each in server.inbox.messages:
            each.flags.add("\\Seen")
        accept(session, answer)

    server.fault("SEARCH", mark_all)
    fetching.look()
    server.deliver(mail(2))
    server.inbox.messages[1].flags.add("\\Seen")
    fetching.look()
    assert fetching.journalled() == [(1, 1), (1, 2)]


@pytest.mark.parametrize(
    ("capabilities", "commands", "left"),
    [
        pytest.param(CAPABILITIES, ["MOVE"], 0, id="moved where MOVE is offered"),
        pytest.param(
            ("IMAP4rev1", "UIDPLUS"),
            ["COPY", "STORE", "EXPUNGE"],
            0,
            id="copied and expunged by UID with UIDPLUS",
        ),
        pytest.param(("IMAP4rev1",), ["COPY", "STORE"], 1, id="copied and marked, never expunged, without"),
    ],
)
def test_what_is_taken_in_is_moved(server, moving, capabilities, commands, left):
    server.capabilities = capabilities
    server.folders["Hecho"] = Folder()
    server.deliver(mail(1))
    moving.look()
    changing = server.asked(CHANGES)
    assert [re.sub(r"^UID (\w+).*", r"\1", command) for command in changing] == commands
    assert all(command.startswith("UID ") for command in changing)
    assert len(server.inbox.messages) == left
    assert [each.data for each in server.folders["Hecho"].messages] == [mail(1)]


def test_the_folder_to_move_to_is_made_where_it_lacks(server, moving):
    server.deliver(mail(1))
    moving.look()
    assert [each.data for each in server.folders["Hecho"].messages] == [mail(1)]
    assert server.inbox.messages == []


def test_nothing_is_touched_before_the_commit(server, moving):
    server.deliver(mail(1))
    touched_before = []

    def note_and_store(mails):
        touched_before.extend(server.asked(CHANGES))
        return moving.store(mails)

    moving.journal = note_and_store
    moving.look()
    assert touched_before == []
    assert server.asked("MOVE")


def test_nothing_is_touched_when_the_journal_fails(server, moving):
    server.deliver(mail(1))

    def fail(mails):
        raise TryLater

    moving.journal = fail
    with pytest.raises(TryLater):
        moving.look()
    assert server.asked(CHANGES) == []
    moving.journal = moving.store
    moving.look()
    assert moving.journalled() == [(1, 1)]


def test_an_earlier_run_that_died_after_its_commit_is_made_up_for(server, moving):
    """As after failpoint I2: recorded, its source untouched."""
    server.deliver(mail(1))
    moving.look()
    server.inbox.messages = server.folders["Hecho"].messages
    server.inbox.messages[0].uid = 1
    with moving.runtime.db.transaction() as session:
        session.get_one(Mailbox, 1).last_uid = 0
    again = Fetching(moving.runtime, server)
    server.folders["Hecho"] = Folder()
    assert again.look() == 0
    assert again.journalled() == [(1, 1)]
    assert len(server.folders["Hecho"].messages) == 1


def test_mail_that_cannot_be_marked_is_told_of_and_marked_later(server, fetching):
    server.deliver(mail(1))
    server.fault("STORE", refuse("no right to set flags"))
    fetching.look()
    server.deliver(mail(2))
    assert "no right to set flags" in fetching.mailbox().last_error
    fetching.look()
    assert fetching.journalled() == [(1, 1), (1, 2)]
    assert [each.flags for each in server.inbox.messages] == [{"\\Seen"}, {"\\Seen"}]
    assert fetching.mailbox().last_error is None


def test_polling_pauses_while_the_disk_is_almost_full(server, fetching):
    server.deliver(mail(1))
    fetching.room = False
    with pytest.raises(TryLater):
        fetching.look()
    assert server.asked("SEARCH|FETCH") == []


def test_a_mailbox_taken_by_another_process_is_let_go(server, fetching):
    """As after a sleep longer than the lease: what was written down meanwhile stands, and once."""
    server.deliver(mail(1))
    later = fetching.runtime.now() + LEASE * 2
    other = Fetching(replace(fetching.runtime, worker="other/1/1", now=lambda: later), server)

    def lose_the_lease(mails):
        other.claim()
        return fetching.store(mails)

    fetching.journal = lose_the_lease
    with pytest.raises(StaleLease):
        fetching.look()
    other.look()
    assert other.journalled() == [(1, 1)]


# --- D12


def test_a_new_uidvalidity_rescans_the_folder(server, fetching):
    server.deliver(mail(1))
    server.deliver(mail(2))
    fetching.look()
    server.inbox.uidvalidity = 2
    for uid, each in enumerate(reversed(server.inbox.messages), 1):
        each.uid = uid
    fetching.look()
    assert fetching.journalled() == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert fetching.contents() == [mail(1), mail(2), mail(2), mail(1)]
    assert fetching.look() == 0


def test_uids_that_mean_other_messages_under_a_new_uidvalidity_lose_none(server, fetching):
    server.deliver(mail(1))
    server.deliver(mail(2))
    fetching.look()
    server.folders["INBOX"] = Folder(uidvalidity=9)
    server.deliver(mail(3))
    fetching.look()
    assert fetching.contents() == [mail(1), mail(2), mail(3)]


def test_an_old_uidvalidity_that_comes_back_repeats_nothing(server, fetching):
    server.deliver(mail(1))
    fetching.look()
    server.inbox.uidvalidity = 2
    fetching.look()
    server.inbox.uidvalidity = 1
    fetching.look()
    assert fetching.journalled() == [(1, 1), (2, 1)]


def test_a_uidvalidity_that_changes_between_two_batches_loses_nothing(server, fetching):
    mails = [mail(number, sender=f"cliente{number}@empresa{number}.example") for number in range(150)]
    for each in mails:
        server.deliver(each)

    def change(session, answer):
        for each in server.inbox.messages:
            each.uid += 1000
        server.inbox.uidnext += 1000
        server.inbox.uidvalidity = 2
        hang_up(session, answer)

    server.fault(r"FETCH 101,.*BODY", change)
    fetching.look_until_quiet()
    under = [uidvalidity for uidvalidity, _ in fetching.journalled()]
    assert (under.count(1), under.count(2)) == (100, 150)
    assert set(fetching.contents()) == set(mails)


def test_another_account_with_the_same_uidvalidity_starts_from_nothing(server, fetching, make_runtime):
    """As a provider that gives every INBOX the UIDVALIDITY 1."""
    server.deliver(mail(1))
    server.deliver(mail(2))
    fetching.look()
    server.folders["INBOX"] = Folder()
    server.deliver(mail(3))
    other = Fetching(make_runtime(settings(server.port, username="ventas@example.com")), server)
    other.look()
    assert other.contents() == [mail(1), mail(2), mail(3)]


def test_large_folders_are_listed_piece_by_piece(server, fetching):
    for number in range(1, 26):
        server.deliver(mail(number), uid=number * 1000)
    with Connection(fetching.section, QUICK) as connection:
        connection.sign_in()
        exists = connection.select().exists
        assert list(connection.uids_above(3500, exists, listed=10)) == [
            [4000, 5000, 6000, 7000, 8000, 9000, 10000],
            [uid * 1000 for uid in range(11, 21)],
            [uid * 1000 for uid in range(21, 26)],
        ]
        assert list(connection.uids_above(25000, exists)) == [[]]


# --- size


def test_a_large_mail_comes_piece_by_piece_and_whole(server, fetching):
    large = mail(1, more=b"0123456789abcdef" * (200 * 1024))
    server.deliver(large)
    fetching.look()
    assert fetching.contents() == [large]
    assert len(server.asked(r"BODY\.PEEK\[\]<")) == 4


def test_a_mail_whose_size_the_server_tells_wrong_comes_whole(server, fetching):
    large = mail(1, more=b"x" * (3 * MIB))
    server.deliver(large)
    server.deliver(mail(2))
    server.fault(r"RFC822\.SIZE", rewrite(rb"RFC822.SIZE \d+", b"RFC822.SIZE 1100000"))
    fetching.look()
    assert sorted(fetching.contents()) == sorted([large, mail(2)])


def test_a_mail_over_the_limit_stays_and_something_stands_in_for_it(server, make_runtime):
    fetching = Fetching(
        make_runtime("[smtp]\nmax_bytes = 70000\n" + settings(server.port, processed="Hecho")), server
    )
    head = b"Received: from mx\r\nReferences: <1@x>\r\nContent-Type: multipart/mixed; boundary=x\r\n"
    server.deliver(head + mail(1, more=b"x" * 80_000))
    server.deliver(mail(2))
    fetching.look()
    words, other = sorted(fetching.contents(), key=len, reverse=True)
    assert other == mail(2)
    assert b"From: laura.gimenez@andina.example\r\n" in words
    assert b"multipart/mixed" not in words
    assert b"References" not in words
    assert "Sigue en el buzón «soporte», carpeta «INBOX»".encode() in words
    assert len(words) < 2000
    assert [each.uid for each in server.inbox.messages] == [1]
    assert server.inbox.messages[0].flags == set()
    fetching.look()
    assert len(fetching.journalled()) == 2
    assert [each.uid for each in server.inbox.messages] == [1]


def test_a_mail_that_says_less_than_it_has_is_still_held_to_the_limit(server, make_runtime):
    fetching = Fetching(make_runtime("[smtp]\nmax_bytes = 70000\n" + settings(server.port)), server)
    server.deliver(mail(1, more=b"x" * 80_000))
    server.fault(r"RFC822\.SIZE", rewrite(rb"RFC822.SIZE \d+ ?", b""))
    fetching.look()
    assert "Sigue en el buzón".encode() in fetching.contents()[0]


# --- O8


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(hang_up, id="the server hangs up"),
        pytest.param(hang_up_midway, id="the server hangs up in the middle of its answer"),
        pytest.param(say_bye, id="the server says BYE"),
        pytest.param(refuse(), id="the server says NO"),
        pytest.param(talk_garbage, id="the server talks garbage"),
        pytest.param(say_nothing, id="the server says nothing"),
        pytest.param(literals_longer_by(40), id="literals are shorter than told"),
        pytest.param(literals_longer_by(-40), id="literals are longer than told"),
        pytest.param(rewrite(rb"BODY\[\]", b"X-BODY"), id="the body is called otherwise"),
    ],
)
@pytest.mark.parametrize(
    "command", ["LOGIN", "SELECT", "SEARCH", r"FETCH.*SIZE", r"FETCH.*BODY", "STORE", "CAPABILITY"]
)
def test_a_fault_at_any_command_costs_no_mail_and_doubles_none(server, fetching, command, fault):
    for number in range(3):
        server.deliver(mail(number))
    server.fault(command, fault)
    fetching.timing = IMPATIENT
    fetching.look_until_quiet()
    assert sorted(fetching.journalled()) == [(1, 1), (1, 2), (1, 3)]
    assert sorted(fetching.contents()) == [mail(0), mail(1), mail(2)]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(hang_up_midway, id="hangs up midway"),
        pytest.param(refuse(), id="says NO"),
        pytest.param(literals_longer_by(-10), id="lies about the length"),
        pytest.param(rewrite(rb"BODY\[\] \{\d+\}\r\n[^)]*", b"BODY[] NIL"), id="says there is nothing"),
    ],
)
def test_a_mail_that_never_comes_is_stood_in_for_after_three_tries_and_holds_up_no_other(
    server, fetching, fault
):
    for number in range(4):
        server.deliver(mail(number))
    server.fault(r"FETCH (\S+,)?2(,\S+)? .*BODY\.PEEK\[\]", fault, forever=True)
    fetching.look_until_quiet()
    assert fetching.journalled() == [(1, 1), (1, 3), (1, 4), (1, 2)]
    words = fetching.contents()[3]
    assert b"El servidor de correo no pudo entregar este mensaje" in words
    assert b"From: laura.gimenez@andina.example\r\n" in words
    assert len(server.asked(r"FETCH 2 .*BODY\.PEEK\[\]")) == 3
    assert server.inbox.messages[1].flags == set()


def test_a_mail_whose_very_header_breaks_the_server_is_stood_in_for_without_it(server, fetching):
    server.deliver(mail(1))
    server.deliver(mail(2))
    server.fault(r"FETCH (\S+,)?2 .*BODY", hang_up_midway, forever=True)
    fetching.look_until_quiet()
    assert fetching.journalled() == [(1, 1), (1, 2)]
    assert b"Subject: " in fetching.contents()[1]
    assert b"laura" not in fetching.contents()[1]


def test_a_mail_that_comes_at_the_third_try_is_whole(server, fetching):
    server.deliver(mail(1))
    server.fault(r"BODY\.PEEK\[\]", hang_up_midway, refuse())
    fetching.look_until_quiet()
    assert fetching.contents() == [mail(1)]


def test_a_mail_expunged_by_another_client_meanwhile_is_forgotten(server, fetching):
    server.deliver(mail(1))
    server.deliver(mail(2))

    def expunge(session, answer):
        server.inbox.messages = server.inbox.messages[1:]
        accept(session, answer)

    server.fault("SEARCH", expunge)
    fetching.look_until_quiet()
    assert fetching.journalled() == [(1, 2)]
    assert fetching.claim() == Cursor(1, 2)


@pytest.mark.parametrize(
    ("sizes", "failed", "expected"),
    [
        pytest.param({1: 10, 2: 10}, {}, [(1, 2)], id="small ones share a batch"),
        pytest.param(
            {1: 10, 2: MIB, 3: 10}, {}, [(1,), (2,), (3,)], id="a large one comes alone, in its turn"
        ),
        pytest.param({1: 10, 3: 10}, {}, [(1,), (2,), (3,)], id="one of unknown size counts as large"),
        pytest.param(
            dict.fromkeys(range(1, 7), 900000),
            {},
            [(1, 2, 3, 4), (5, 6)],
            id="a batch has an end in octets",
        ),
        pytest.param(
            dict.fromkeys(range(1, 103), 1),
            {},
            [tuple(range(1, 101)), (101, 102)],
            id="and one in messages",
        ),
        pytest.param(
            {1: 1, 2: 1, 3: 1, 4: 1},
            {1: 2, 2: 0},
            [(3, 4), (2,), (1,)],
            id="what failed comes alone and last",
        ),
    ],
)
def test_batches(sizes, failed, expected):
    uids = range(min(sizes), max(sizes) + 1)
    assert list(batches(uids, sizes, failed, most=35 * MIB)) == expected


def test_folder_url(make_runtime):
    section = make_runtime(settings(993, username="a/b@x", folder="Año")).config.imap["soporte"]
    assert folder_url(section) == "imap://a%2Fb@x@127.0.0.1/A%C3%B1o"


def test_the_lease_outlasts_the_longest_silence_of_a_poller():
    timing = Timing()
    assert timedelta(seconds=max(timing.idle_steps) + timing.read) < LEASE


def test_what_would_be_too_many_requests_of_one_sender_is_left_for_later(server, fetching, monkeypatch):
    """Invariant B5. What is left stays unseen, and others are not kept waiting behind it."""
    monkeypatch.setattr(imap_collect, "POSTPONED_SECONDS", 0.0)
    for number in range(25):
        server.deliver(mail(number))
    server.deliver(mail(90, sender="jorge@litoral.example"))
    fetching.look()
    assert [uid for _, uid in fetching.journalled()] == [*range(1, 21), 26]
    assert [message.uid for message in server.inbox.messages if "\\Seen" not in message.flags] == [
        *range(21, 26)
    ]
    fetching.look()
    assert len(fetching.journalled()) == 21, "what waits in the journal is counted"
    with fetching.runtime.db.transaction() as session:
        session.execute(update(JournalEntry).values(outcome=Outcome.OPENED, due_at=None))
    fetching.look_until_quiet()
    assert len(fetching.journalled()) == 26


def test_what_is_left_for_later_is_not_fetched_again_at_once(server, fetching):
    for number in range(25):
        server.deliver(mail(number))
    fetching.look()
    fetched = len([line for line in server.commands if "BODY.PEEK[]" in line])
    fetching.look()
    assert len([line for line in server.commands if "BODY.PEEK[]" in line]) == fetched
