"""Who fetches from a mailbox, and how far it is recorded."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.errors import StaleLease
from gateway.models.topics import Mailbox
from gateway.services import mailboxes
from gateway.services.mailboxes import LEASE, Cursor

OURS, THEIRS = "here/1/1", "there/2/2"
INBOX, OTHER = (
    "imap://soporte@example.com@mail.example.com/INBOX",
    "imap://ventas@example.com@mail.example.com/INBOX",
)


@pytest.fixture
def claim(session, now):
    """Claims the mailbox `soporte`."""

    def claim(worker=OURS, *, folder=INBOX, dead=(), at=now):
        return mailboxes.claim(
            session, "soporte", folder=folder, worker=worker, is_dead=lambda name: name in dead, now=at
        )

    return claim


def row(session) -> Mailbox:
    session.expire_all()
    return session.execute(select(Mailbox)).scalar_one()


def test_a_new_mailbox_starts_from_nothing(claim):
    assert claim() == Cursor(None, 0)


def test_what_another_process_holds_cannot_be_claimed(claim):
    claim(THEIRS)
    assert claim() is None


def test_what_we_hold_we_may_claim_again(claim):
    claim()
    assert claim() == Cursor(None, 0)


def test_what_a_dead_process_held_is_taken_at_once(claim):
    claim(THEIRS)
    assert claim(dead=[THEIRS]) is not None


def test_a_lease_that_ran_out_is_taken(claim, now):
    claim(THEIRS)
    assert claim(at=now + LEASE) is None
    assert claim(at=now + LEASE + timedelta(seconds=1)) is not None


def test_renewing_keeps_a_lease(session, claim, now):
    claim(THEIRS)
    mailboxes.renew(session, "soporte", worker=THEIRS, now=now + LEASE)
    assert claim(at=now + LEASE + timedelta(seconds=1)) is None


def test_only_the_holder_may_renew_or_write(session, claim, now):
    claim(THEIRS)
    with pytest.raises(StaleLease):
        mailboxes.renew(session, "soporte", worker=OURS, now=now)
    with pytest.raises(StaleLease):
        mailboxes.polled(session, "soporte", Cursor(1, 9), error=None, worker=OURS, now=now)
    mailboxes.failed(session, "soporte", "no", worker=OURS)
    mailboxes.release(session, "soporte", worker=OURS)
    found = row(session)
    assert (found.last_uid, found.last_error, found.holder) == (0, None, THEIRS)


def test_the_cursor_is_where_it_was_left(session, claim, now):
    claim()
    mailboxes.polled(session, "soporte", Cursor(7, 9), error=None, worker=OURS, now=now)
    mailboxes.release(session, "soporte", worker=OURS)
    assert claim(THEIRS) == Cursor(7, 9)


def test_another_account_or_folder_starts_from_nothing(session, claim, now):
    claim()
    mailboxes.polled(session, "soporte", Cursor(1, 9), error=None, worker=OURS, now=now)
    assert claim(folder=OTHER) == Cursor(None, 0)


def test_an_error_stands_until_the_folder_is_looked_at_again(session, claim, now):
    claim()
    mailboxes.failed(session, "soporte", "x" * 900, worker=OURS)
    assert row(session).last_error == "x" * 500
    assert row(session).polled_at is None
    mailboxes.polled(session, "soporte", Cursor(1, 1), error=None, worker=OURS, now=now)
    assert row(session).last_error is None
    assert row(session).polled_at == now
