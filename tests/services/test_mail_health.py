"""How the mail is doing: today's figures, mailboxes, the way out (T16, E6, E7, O3)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from gateway.models.queues import Door, JournalEntry, OutboxItem, OutboxState, Purpose
from gateway.models.topics import Mailbox
from gateway.rules.admission import Outcome
from gateway.services import blobs, mail_health, outbox, trouble
from gateway.services.mail_health import MailNow, Today

HOUR = timedelta(hours=1)


def mail_in(session: Session, at: datetime, outcome: Outcome | None, *, mailbox: str | None = None) -> None:
    content = blobs.content_of(b"x")
    blobs.keep(session, [content], now=at)
    session.add(
        JournalEntry(
            door=Door.IMAP if mailbox else Door.SMTP,
            mailbox=mailbox,
            received_at=at,
            sha256=content.sha256,
            size=1,
            outcome=outcome,
            due_at=at if outcome is None else None,
        )
    )
    session.flush()


def mail_out(session: Session, at: datetime, state: OutboxState, **values: Any) -> OutboxItem:
    row = OutboxItem(
        **{
            "recipient": "x@y.example",
            "purpose": Purpose.REPLY,
            "resend": True,
            "message_id": f"<{at.isoformat()}-{state}-{len(values)}-{values.get('last_error')}>",
            "head": b"",
            "state": state,
            "created_at": at,
        }
        | values
    )
    session.add(row)
    session.flush()
    return row


def look(session: Session, now: datetime, **mailboxes: str) -> MailNow:
    return mail_health.look(session, mailboxes, listens=True, since=now - 12 * HOUR, now=now)


def test_today_counts_what_came_since_midnight_by_door(session: Session, now: datetime) -> None:
    mail_in(session, now - 13 * HOUR, Outcome.OPENED)
    for outcome in (Outcome.OPENED, Outcome.APPENDED, Outcome.HELD, Outcome.AUTOMATIC, Outcome.DUPLICATE):
        mail_in(session, now - HOUR, outcome)
    mail_in(session, now, None)
    mail_in(session, now, Outcome.FAILED, mailbox="soporte")
    found = look(session, now, soporte="soporte@x.example", otra="otra@x.example")
    assert found.listener == Today(mails=6, applied=2, without_effect=2, held=1, waiting=1)
    assert [each.today for each in found.mailboxes] == [Today(mails=1, failed=1), Today()]
    assert found.unread_since is None


def test_a_day_on_which_nothing_came_is_all_noughts(session: Session, now: datetime) -> None:
    mail_in(session, now - 13 * HOUR, Outcome.OPENED)
    assert look(session, now).listener == Today()


def test_mail_that_nobody_reads_is_told_of(session: Session, now: datetime) -> None:
    mail_in(session, now - HOUR, None)
    assert look(session, now).unread_since == now - HOUR


@pytest.mark.parametrize(
    ("read_ago", "error", "ok", "late"),
    [
        (timedelta(seconds=40), None, True, False),
        (timedelta(minutes=1), "the folder takes no mail", False, False),
        (timedelta(hours=3), "WrongPassword: no", False, True),
        (timedelta(hours=3), None, False, True),
        (None, None, True, False),
        (None, "gaierror: no", False, False),
    ],
)
def test_a_mailbox_is_well_while_it_is_read_without_an_error(
    session: Session, now: datetime, *, read_ago: timedelta | None, error: str | None, ok: bool, late: bool
) -> None:
    read_at = now - read_ago if read_ago is not None else None
    session.add(Mailbox(name="soporte", folder="x", polled_at=read_at, last_error=error))
    session.add(Mailbox(name="former", folder="x", last_error="no"))
    session.flush()
    (box,) = look(session, now, soporte="s@x.example").mailboxes
    assert (box.ok, box.late, box.read_at, box.error) == (ok, late, read_at, error)


def test_the_way_out_counts_and_times_what_was_sent_today(session: Session, now: datetime) -> None:
    sent = OutboxState.SENT
    mail_out(session, now - 20 * HOUR, sent, sent_at=now - 13 * HOUR)
    mail_out(session, now - HOUR, sent, sent_at=now - HOUR + timedelta(seconds=4))
    mail_out(session, now - 2 * HOUR, sent, sent_at=now - 2 * HOUR + timedelta(seconds=8))
    mail_out(session, now, OutboxState.QUEUED, due_at=now)
    mail_out(session, now, OutboxState.DEFERRED, due_at=now + HOUR)
    mail_out(session, now, OutboxState.FAILED)
    mail_out(session, now, OutboxState.UNCERTAIN)
    mail_out(session, now - HOUR, OutboxState.FAILED, given_up_at=now)
    out = look(session, now).out
    assert (out.sent, out.queued, out.delayed, out.failed, out.delay_seconds) == (2, 1, 1, 2, 6)
    assert (out.paused_until, out.stuck_since) == (None, None)


def test_a_pause_says_until_when_and_what_the_smarthost_said(session: Session, now: datetime) -> None:
    mail_out(session, now, OutboxState.QUEUED, due_at=now, pauses=1, last_error="535 5.7.8 no")
    outbox.pause(session, now + timedelta(minutes=5))
    out = look(session, now).out
    assert (out.paused_until, out.until_released) == (now + timedelta(minutes=5), False)
    assert out.pause_reason == "535 5.7.8 no"
    outbox.pause(session, outbox.UNTIL_RELEASED)
    assert look(session, now).out.until_released


def test_mail_that_nobody_sends_is_told_of(session: Session, now: datetime) -> None:
    mail_out(session, now - 3 * HOUR, OutboxState.QUEUED, due_at=now - 2 * HOUR)
    assert look(session, now).out.stuck_since == now - 2 * HOUR


@pytest.mark.parametrize(
    ("state", "error", "pauses", "why", "reply"),
    [
        (OutboxState.FAILED, "550 5.1.1 User unknown", 0, "no_mailbox", "550 5.1.1 User unknown"),
        (OutboxState.DEFERRED, "421 4.4.2 timed out", 0, "no_answer", "421 4.4.2 timed out"),
        (OutboxState.FAILED, outbox.NOT_ALLOWED, 0, "not_allowed", None),
        (OutboxState.UNCERTAIN, "connection lost", 0, "interrupted", "connection lost"),
        (OutboxState.FAILED, "535 no", 3, "relay", "535 no"),
        (OutboxState.FAILED, None, 0, "unknown", None),
    ],
)
def test_each_mail_out_says_in_words_why_it_is_not_there(
    session: Session,
    now: datetime,
    *,
    state: OutboxState,
    error: str | None,
    pauses: int,
    why: str,
    reply: str | None,
) -> None:
    mail_out(session, now, state, last_error=error, pauses=pauses)
    (line,) = trouble.unsent(session).lines
    assert (line.why, line.reply) == (why, reply)


def test_the_list_of_mail_out_with_errors_is_bounded(session: Session, now: datetime) -> None:
    for minutes in range(trouble.LISTED + 1):
        mail_out(session, now - timedelta(minutes=minutes), OutboxState.FAILED)
    found = trouble.unsent(session)
    assert (len(found.lines), found.more) == (trouble.LISTED, True)
