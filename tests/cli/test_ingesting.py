"""`sysmo ingest`: what a person and what a mail server hears."""

import sys
from io import BytesIO, TextIOWrapper

import pytest

from tests.cli.installation import RAW, Installation


def test_files_are_written_down_in_the_order_given(office: Installation) -> None:
    files = [office.folder / f"{name}.eml" for name in ("b", "a")]
    for file in files:
        file.write_bytes(f"From: {file.stem}@andina.example\r\n\r\nHola\r\n".encode())
    ended = office.sysmo("ingest", *map(str, files), "--to", "Ventas@sysmo.example", "--from", "x@b.example")
    assert (ended.status, ended.err) == (0, "")
    assert "2" in ended.out
    mails = office.sysmo("mail", "list", "--json").json
    assert [(mail["door"], *mail["to"], mail["from"]) for mail in mails] == [
        ("ingest", "ventas@sysmo.example", f"{file.stem}@andina.example") for file in files
    ]
    raw = [office.sysmo("mail", "show", mail["id"], "--raw").printed for mail in mails]
    assert raw == [file.read_bytes() for file in files]


def test_a_mail_server_pipes_a_mail_and_hears_nothing(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(RAW)))
    ended = office.sysmo("ingest", "-")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert office.sysmo("mail", "show", "1", "--raw").printed == RAW


def test_a_mail_that_is_too_large_is_named_and_the_others_stay(office: Installation) -> None:
    with office.file.open("a") as file:
        file.write("[smtp]\nmax_bytes = 65536\n")
    small, large = office.folder / "small.eml", office.folder / "large.eml"
    small.write_bytes(RAW)
    large.write_bytes(RAW + b"x" * 65536)
    ended = office.sysmo("ingest", str(large), str(small))
    assert ended.status == 1
    assert str(large) in ended.err
    assert len(office.sysmo("mail", "list", "--json").json) == 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        pytest.param(["/none.eml"], "/none.eml", id="no such file"),
        pytest.param(["/"], "Maildir", id="a folder that is no Maildir"),
        pytest.param(["-", "--to", "nobody"], "--to", id="no address"),
    ],
)
def test_what_cannot_be_ingested_is_named(office: Installation, arguments: list[str], word: str) -> None:
    ended = office.sysmo("ingest", *arguments)
    assert ended.status == 2
    assert word in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("settings", "path", "status"),
    [
        pytest.param('[database]\nurl = "postgresql://u@127.0.0.1:1/x"', "-", 75, id="the database is away"),
        pytest.param('[database]\nurl = "postgresql://u@127.0.0.1:1/x"', "a.eml", 75, id="so for a file"),
        pytest.param("[site]\nnmae = 1", "-", 75, id="a mistake of ours must not send the mail back"),
        pytest.param("[site]\nnmae = 1", "a.eml", 2, id="at a prompt it is wrong usage"),
    ],
)
def test_mail_that_cannot_be_stored_now_is_to_come_again(
    office: Installation, settings: str, path: str, status: int
) -> None:
    office.file.write_text(settings)
    ended = office.sysmo("ingest", path)
    assert ended.status == status
    assert ended.err.count("\n") == 1
