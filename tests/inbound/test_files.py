"""The file door: what is a mail in a file, in which order, and what becomes of it in the journal."""

import io
from pathlib import Path

import pytest
from sqlalchemy import select, text

from gateway.errors import Invalid, TryLater
from gateway.inbound.files import FoundMail, IngestResult, find_mails, ingest, mails_of
from gateway.inbound.journal_writer import JournalWriter
from gateway.inbound.mbox import split
from gateway.models.queues import Door, JournalEntry

MOST = 1000
A, B, C = (b"Subject: %b\nMessage-ID: <%b@x>\n\nHola\n" % (name, name) for name in (b"a", b"b", b"c"))
LINE = b"From laura@andina.example Mon May 11 20:48:00 2026\n"
SENTENCE = A + b"\nFrom here on\nwe agree: yes\n"


def found(*paths: object, stdin: bytes = b"") -> list[bytes | None]:
    return [mail.data for mail in find_mails(map(str, paths), stdin=io.BytesIO(stdin), most=MOST)]


def make_maildir(folder: Path, **mails: bytes) -> Path:
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for name, data in mails.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize(
    ("mbox", "expected"),
    [
        pytest.param(LINE + A, [A], id="one mail"),
        pytest.param(LINE + A + b"\n" + LINE + B + b"\n", [A, B], id="two, an empty line after each"),
        pytest.param(LINE + A + b"\n\n" + LINE + B, [A + b"\n", B], id="only one empty line is the format's"),
        pytest.param(LINE + A + LINE + B, [A + LINE + B], id="no empty line, no new mail"),
        pytest.param(LINE + SENTENCE, [SENTENCE], id="a sentence that begins with From"),
        pytest.param(LINE + A + b">From me\n>>From you\n", [A + b"From me\n>From you\n"], id="unquoted"),
        pytest.param(LINE + A + b"> From me\n", [A + b"> From me\n"], id="no quoting at all"),
        pytest.param(
            (LINE + A + b"\n" + LINE + B).replace(b"\n", b"\r\n"),
            [A.replace(b"\n", b"\r\n"), B.replace(b"\n", b"\r\n")],
            id="line ends of Windows",
        ),
        pytest.param(b"From - Mon May 11 20:48:00 2026\n" + A, [A], id="as Thunderbird writes it"),
        pytest.param(LINE + A + b"\n" + LINE, [A + b"\n" + LINE], id="a From_ line with nothing behind it"),
        pytest.param(LINE + A + b"x" * 2000 + b"\n\n" + LINE + B, [None, B], id="one too large among others"),
        pytest.param(LINE + b"x" * 200_000 + b"\n\n" + LINE + B, [None, B], id="a line longer than a piece"),
        pytest.param(b"", [], id="empty"),
    ],
)
def test_split(mbox, expected):
    assert list(split(io.BytesIO(mbox), most=MOST)) == expected


def test_a_mail_in_a_file_is_taken_as_it_is(tmp_path):
    data = A + b"\nFrom me\n\n>From you\r\n\xff"
    (tmp_path / "a.eml").write_bytes(data)
    assert found(tmp_path / "a.eml") == [data]


def test_the_order_is_the_one_given(tmp_path):
    for name, data in {"a.eml": A, "b.mbox": LINE + B + b"\n" + LINE + C}.items():
        (tmp_path / name).write_bytes(data)
    assert found(tmp_path / "b.mbox", tmp_path / "a.eml") == [B, C, A]


def test_a_maildir_is_read_in_order_of_arrival(tmp_path):
    maildir = make_maildir(
        tmp_path / "Maildir",
        **{"cur/1700000002.M5P1.host:2,S": C, "new/1700000002.M40P1.host": B, "new/999999999.P9.host": A},
    )
    (maildir / "cur" / ".hidden").write_bytes(b"x")
    (maildir / "tmp" / "1.half").write_bytes(b"x")
    assert found(maildir) == [A, C, B]


def test_a_mail_renamed_by_another_program_meanwhile_is_found(tmp_path):
    maildir = make_maildir(tmp_path / "Maildir", **{"new/1.a": A, "new/2.b": B})
    mails = mails_of(maildir, most=MOST)
    assert next(mails).data == A
    (maildir / "new" / "2.b").rename(maildir / "cur" / "2.b:2,S")
    assert next(mails).data == B


def test_a_mail_gone_meanwhile_is_told_of(tmp_path):
    maildir = make_maildir(tmp_path / "Maildir", **{"new/1.a": A, "new/2.b": B})
    mails = mails_of(maildir, most=MOST)
    next(mails)
    (maildir / "new" / "2.b").unlink()
    with pytest.raises(Invalid, match="gone"):
        next(mails)


@pytest.mark.parametrize(
    ("stdin", "expected"),
    [
        pytest.param(A, A, id="a mail"),
        pytest.param(LINE + A, A, id="a mail behind the From_ line of a mail server"),
        pytest.param(
            LINE + A + b"\n" + LINE + B, A + b"\n" + LINE + B, id="one mail, though it looks like two"
        ),
        pytest.param(b"x" * 1001, None, id="one too large"),
    ],
)
def test_standard_input_is_one_mail(stdin, expected):
    assert found("-", stdin=stdin) == [expected]


def test_nothing_on_standard_input_is_a_mistake():
    with pytest.raises(Invalid, match="standard input"):
        found("-")


def test_an_emptied_mbox_has_no_mail(tmp_path):
    (tmp_path / "mbox").write_bytes(b"")
    assert found(tmp_path / "mbox") == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("none.eml", "No such file", id="not there"),
        pytest.param("folder", "no Maildir", id="a folder that is no Maildir"),
        pytest.param("file.eml/inside", "Not a directory", id="below a file"),
    ],
)
def test_a_path_that_cannot_be_read_is_named_before_anything_is_taken(tmp_path, name, words):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.eml").write_bytes(A)
    with pytest.raises(Invalid, match=words) as caught:
        find_mails([str(tmp_path / "file.eml"), str(tmp_path / name)], stdin=io.BytesIO(), most=MOST)
    assert name in str(caught.value)


def entries(runtime) -> list[JournalEntry]:
    with runtime.db.snapshot() as session:
        rows = list(session.execute(select(JournalEntry).order_by(text("id"))).scalars())
        session.expunge_all()
        return rows


async def test_ingest_journals_in_order_and_names_what_is_too_large(runtime):
    mails = [FoundMail(f"mail {n}", A.replace(b"<a@", b"<%d@" % n)) for n in range(250)]
    mails.insert(3, FoundMail("the large one", None))
    dealt_with = []
    async with JournalWriter(runtime) as writer:
        result = await ingest(runtime, writer, mails, told=dealt_with.append)
    assert result == IngestResult(tuple(range(1, 251)), ("the large one",))
    assert sum(dealt_with) == 251
    assert [entry.message_id for entry in entries(runtime)] == [f"{n}@x" for n in range(250)]


async def test_ingest_takes_the_envelope_from_the_headers(runtime):
    head = b"Return-Path: <>\nX-Original-To: soporte+abc@example.com\n"
    async with JournalWriter(runtime) as writer:
        await ingest(runtime, writer, [FoundMail("a", head + A)])
    (entry,) = entries(runtime)
    assert (entry.door, entry.envelope_from, entry.recipients) == (
        Door.INGEST,
        "",
        ["soporte+abc@example.com"],
    )
    assert entry.listed_peer


async def test_ingest_takes_the_envelope_it_is_given_before_all(runtime):
    head = b"Return-Path: <x@x>\nDelivered-To: x@x\n"
    async with JournalWriter(runtime) as writer:
        await ingest(
            runtime,
            writer,
            [FoundMail("a", head + A)],
            to=("ventas@example.com",),
            sender="laura@andina.example",
        )
    (entry,) = entries(runtime)
    assert (entry.envelope_from, entry.recipients) == ("laura@andina.example", ["ventas@example.com"])


async def test_what_cannot_be_stored_is_to_be_tried_later(runtime):
    with runtime.db.transaction() as session:
        session.execute(text("ALTER TABLE blob RENAME TO away"))
    try:
        async with JournalWriter(runtime) as writer:
            with pytest.raises(TryLater):
                await ingest(runtime, writer, [FoundMail("a", A)])
    finally:
        with runtime.db.transaction() as session:
            session.execute(text("ALTER TABLE away RENAME TO blob"))


async def test_nothing_is_stored_where_there_is_no_room(runtime):
    async with JournalWriter(runtime) as writer:
        with pytest.raises(TryLater):
            await ingest(runtime, writer, [FoundMail("a", A)], has_room=lambda _: False)
    assert entries(runtime) == []
