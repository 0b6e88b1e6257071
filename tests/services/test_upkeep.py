"""Leftovers go, and nothing that somebody still needs (invariants D3, E11)."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from gateway.db import Database
from gateway.models.columns import table_of
from gateway.models.people import Token, TokenPurpose, WebSession
from gateway.models.queues import Blob, Counter, Job
from gateway.models.tickets import Attachment, Message
from gateway.rules.people import Party
from gateway.services import blobs, journal, upkeep
from gateway.services.blobs import SMALL, content_of
from tests.factories import AT, make_ticket, make_topic, make_user
from tests.queues import incoming

WEEK_LATER = AT + timedelta(days=7, seconds=1)
LARGE = b"large" * SMALL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


def keep(session: Session, folder: Path, *data: bytes, at: datetime = AT) -> list[str]:
    """Place and keep bytes, as if at that time; return their hashes."""
    contents = [content_of(each) for each in data]
    blobs.place(folder, contents)
    blobs.keep(session, contents, now=at)
    for content in contents:
        age(blobs.file_of(folder, content.sha256), at)
    return [content.sha256 for content in contents]


def age(file: Path, at: datetime) -> None:
    if file.exists():
        os.utime(file, (at.timestamp(), at.timestamp()))


def sweep(session: Session, now: datetime = WEEK_LATER) -> list[str]:
    return upkeep.sweep_blobs(session, upkeep.unused_blobs(session), now)


def test_only_what_nobody_refers_to_goes(session: Session, folder: Path) -> None:
    ticket = make_ticket(session, make_user(session), make_topic(session))
    mailed, attached, unused, large = keep(session, folder, b"mailed", b"attached", b"unused", LARGE)
    journal.append(session, [incoming(b"mailed")], now=AT)
    message = Message(ticket_id=ticket.id, number=1, party=Party.CLIENT, text="", created_at=AT)
    session.add(message)
    session.flush()
    session.add(
        Attachment(
            id="a",
            message_id=message.id,
            position=0,
            filename="a",
            content_type="text/plain",
            size=8,
            sha256=attached,
        )
    )
    session.flush()
    assert sorted(sweep(session)) == sorted([unused, large])
    left = session.execute(select(table_of(Blob).c.sha256)).scalars()
    assert sorted(left) == sorted([mailed, attached])


def test_what_is_not_a_week_old_stays(session: Session, folder: Path) -> None:
    (old,) = keep(session, folder, b"old")
    keep(session, folder, b"fresh", at=AT + timedelta(seconds=2))
    assert sweep(session) == [old]


def test_a_file_goes_after_its_row_unless_a_mail_uses_it_again(session: Session, folder: Path) -> None:
    once, twice = keep(session, folder, LARGE, LARGE + b"!")
    gone = sweep(session)
    used_again = content_of(LARGE + b"!")
    blobs.place(folder, [used_again])  # by a door, between the rows and the files
    age(blobs.file_of(folder, twice), WEEK_LATER)
    upkeep.remove_files(folder, gone, WEEK_LATER)
    upkeep.remove_files(folder, gone, WEEK_LATER)
    assert not blobs.file_of(folder, once).exists()
    blobs.keep(session, [used_again], now=WEEK_LATER)
    assert blobs.read(session, folder, twice) == LARGE + b"!"


def test_placing_a_file_again_makes_it_young(session: Session, folder: Path) -> None:
    (sha256,) = keep(session, folder, LARGE)
    file = blobs.file_of(folder, sha256)
    blobs.place(folder, [content_of(LARGE)])
    assert file.stat().st_mtime > AT.timestamp()


def test_a_sweep_during_a_slow_transaction_takes_nothing_from_it(database: Database, folder: Path) -> None:
    with database.transaction() as session:
        (sha256,) = keep(session, folder, LARGE)
    with database.snapshot() as session:
        unused = upkeep.unused_blobs(session)
    assert unused == [sha256]
    swept: list[object] = []

    def work() -> None:
        try:
            with database.transaction() as session:
                gone = upkeep.sweep_blobs(session, unused, WEEK_LATER)
            upkeep.remove_files(folder, gone, WEEK_LATER)
            swept.extend(gone)
        except IntegrityError as error:  # PostgreSQL waited for us, and found the blob in use
            swept.append(error)

    with database.transaction() as slow:
        journal.append(slow, [incoming(LARGE)], now=WEEK_LATER)
        thread = Thread(target=work)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join()
    assert sha256 not in swept
    with database.snapshot() as session:
        assert blobs.read(session, folder, sha256) == LARGE


def test_temporary_files_of_yesterday_go(folder: Path) -> None:
    assert not folder.exists()
    upkeep.remove_temporary(folder, AT)
    old, fresh = (blobs.temporary_path(folder) for _ in range(2))
    for file in (old, fresh):
        file.write_bytes(b"half a mail")
    age(old, AT - timedelta(days=1, seconds=1))
    age(fresh, AT - timedelta(hours=23))
    upkeep.remove_temporary(folder, AT)
    assert list((folder / "tmp").iterdir()) == [fresh]


def test_what_ended_a_week_ago_is_forgotten(session: Session) -> None:
    user = make_user(session)
    week, month = timedelta(days=7), timedelta(days=37)
    for name, expires in (("old", AT - week), ("new", AT - week + timedelta(seconds=2)), ("ever", None)):
        token = Token(hash=name, purpose=TokenPurpose.PASSWORD, created_at=AT, expires_at=expires)
        session.add(token)
    for name, created in (("old", AT - month), ("new", AT - month + timedelta(seconds=2))):
        session.add(WebSession(id_hash=name, user_id=user.id, created_at=created, seen_at=created))
    for name, period in (("old", AT - timedelta(days=9)), ("new", AT - timedelta(days=7))):
        session.execute(insert(Counter).values(name=name, period=period, count=1))
    session.flush()
    upkeep.remove_expired(session, AT + timedelta(seconds=1))
    upkeep.forget_counts(session, AT)
    assert set(session.execute(select(table_of(Token).c.hash)).scalars()) == {"new", "ever"}
    assert set(session.execute(select(table_of(WebSession).c.id_hash)).scalars()) == {"new"}
    assert set(session.execute(select(table_of(Counter).c.name)).scalars()) == {"new"}


def test_jobs_are_set_up_once(session: Session) -> None:
    job, hour = table_of(Job), timedelta(hours=1)
    upkeep.set_up_jobs(session, ["due", "done", "far"], now=AT, period=hour)
    for name, due in (("done", AT + hour), ("far", AT + timedelta(days=1))):
        session.execute(update(Job).where(job.c.name == name).values(due_at=due, fence=5))
    upkeep.set_up_jobs(session, ["due", "done", "far", "new"], now=AT + hour / 2, period=hour)
    rows = session.execute(select(job.c.name, job.c.due_at, job.c.fence).order_by(job.c.name)).all()
    assert [tuple(row) for row in rows] == [
        ("done", AT + hour, 5),
        ("due", AT, 0),
        ("far", AT + 1.5 * hour, 5),
        ("new", AT + hour / 2, 0),
    ]
