"""Readiness, each dependency broken in turn (O3)."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from gateway.models.queues import Door, JournalEntry, OutboxItem, Purpose
from gateway.models.topics import Mailbox
from gateway.services import blobs, health, outbox
from gateway.services.health import Readiness


def look(session: Session, tmp_path: Path, now: datetime) -> Readiness:
    session.flush()
    return health.readiness(session, tmp_path / "not" / "yet", ["soporte"], now=now)


def test_an_empty_installation_is_ready(session: Session, tmp_path: Path, now: datetime) -> None:
    health.prove_write(session, now=now)
    health.prove_write(session, now=now + timedelta(seconds=1))
    found = look(session, tmp_path, now)
    assert found.database
    assert found.journal.ok
    assert found.outbox.ok
    assert found.smarthost.ok
    assert found.as_json()["ready"] is found.disk.ok


def test_mail_in_that_waits_too_long_is_not_ready(session: Session, tmp_path: Path, now: datetime) -> None:
    content = blobs.content_of(b"x")
    blobs.keep(session, [content], now=now)
    arrived = now - timedelta(minutes=9)
    session.add(
        JournalEntry(door=Door.SMTP, received_at=arrived, sha256=content.sha256, size=1, due_at=arrived)
    )
    assert look(session, tmp_path, now).journal == health.Queue(ok=True, waiting=1, oldest_seconds=540)
    late = look(session, tmp_path, now + timedelta(minutes=2))
    assert not late.journal.ok
    assert not late.ok


def test_mail_out_that_waits_too_long_is_not_ready(session: Session, tmp_path: Path, now: datetime) -> None:
    session.add(
        OutboxItem(
            recipient="a@b.example",
            purpose=Purpose.NOTICE,
            resend=True,
            message_id="<1@b.example>",
            head=b"",
            due_at=now,
            created_at=now - timedelta(minutes=61),
        )
    )
    found = look(session, tmp_path, now)
    assert (found.outbox.ok, found.outbox.waiting) == (False, 1)


def test_a_paused_outbox_is_not_ready(session: Session, tmp_path: Path, now: datetime) -> None:
    outbox.pause(session, now + timedelta(minutes=5))
    assert not look(session, tmp_path, now).smarthost.ok
    assert look(session, tmp_path, now + timedelta(minutes=6)).smarthost.ok


def test_a_mailbox_that_is_not_read_is_not_ready(session: Session, tmp_path: Path, now: datetime) -> None:
    box = Mailbox(name="soporte", folder="INBOX")
    session.add_all([box, Mailbox(name="former", folder="INBOX", last_error="gone")])
    assert [each.ok for each in look(session, tmp_path, now).mailboxes] == [True]
    box.last_error = "authentication failed"
    assert [each.ok for each in look(session, tmp_path, now).mailboxes] == [False]
    box.polled_at, box.last_error = now - timedelta(minutes=14), None
    assert [each.ok for each in look(session, tmp_path, now).mailboxes] == [True]
    assert [each.ok for each in look(session, tmp_path, now + timedelta(minutes=2)).mailboxes] == [False]
