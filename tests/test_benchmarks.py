"""The benchmarks measure what they say: a corpus that is what it claims, figures that come out whole."""

import asyncio
import email
import email.policy
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlmodel import Session, SQLModel

from benchmarks import corpus, intake, memory, pages, pipeline, push, reading, reports, send
from benchmarks.figures import Figure, middle
from benchmarks.load import bring, read_manifest
from benchmarks.manifest import write
from benchmarks.scope import Scope
from benchmarks.wire import Route, plain_route, render
from benchmarks.years import open_years
from benchmarks.years_course import ZONE
from benchmarks.years_rows import LAST
from gateway.mail.interpret import read
from gateway.mail.reading import Arrival, Surroundings
from gateway.models.columns import table_of
from gateway.models.reports import CountedClosing, CountedRequest
from gateway.models.search import SearchDocument
from gateway.models.site import Setting
from gateway.services import books, recounting, search_index, search_upkeep
from tests.fakes_relay import Relay

TINY = Scope(mails=40, rounds=1, pushes=1, idle_seconds=0.2, large_octets=300_000)
SURROUNDINGS = Surroundings("example.com", "soporte+{token}@example.com", "example.com.key")
ARRIVAL = Arrival("smtp", "", ("tema0@example.com",), listed_peer=True)


@pytest.fixture(scope="module")
def letters() -> list[corpus.Letter]:
    return corpus.make()


def octets_of(letters: list[corpus.Letter]) -> str:
    digest = hashlib.sha256()
    for letter in letters:
        digest.update(render(letter, plain_route(letter)))
    return digest.hexdigest()


def test_the_corpus_is_the_same_every_time_and_another_for_another_seed():
    assert octets_of(corpus.make(60)) == octets_of(corpus.make(60))
    assert octets_of(corpus.make(60)) != octets_of(corpus.make(60, seed=1))


def test_a_shorter_corpus_is_the_beginning_of_the_longer_one(letters):
    assert corpus.make(60) == letters[:60]


def test_the_corpus_has_2000_mails_of_a_third_with_files_in_threads_of_1_to_20(letters):
    lengths = Counter(letter.thread for letter in letters)
    with_files = sum(bool(letter.files) for letter in letters)
    assert len(letters) == 2000
    assert 0.30 < with_files / len(letters) < 0.37
    assert {min(lengths.values()), max(lengths.values())} == {1, 20}
    assert len({letter.message_id for letter in letters}) == 2000


def test_nobody_in_the_corpus_writes_so_often_that_a_limit_is_reached(letters):
    clients = [letter.writer.email for letter in letters if letter.place % 2 == 0]
    domains = Counter(each.rpartition("@")[2] for each in clients)
    assert len(set(clients)) >= 400
    assert max(Counter(clients).values()) <= 10
    assert max(domains.values()) <= 30


def test_answers_are_the_operators_and_the_clients_in_turns(letters):
    staff = {person.email for topic in range(5) for person in corpus.operators(topic)}
    assert all((letter.writer.email in staff) == (letter.place % 2 == 1) for letter in letters)
    assert all((letter.answers is None) == (letter.place == 0) for letter in letters)


def test_files_have_the_sizes_of_their_kind(letters):
    files = [file for letter in letters for file in letter.files]
    assert all(file.kind.least <= file.size <= file.kind.most for file in files)
    assert all(len(file.octets()) == file.size for file in files[:3])


@pytest.mark.parametrize("program", list(corpus.Program))
def test_a_mail_of_each_program_is_read_whole_with_its_quote_found(letters, program):
    letter = next(each for each in letters if each.program is program and each.place > 1 and each.files)
    raw = render(letter, plain_route(letter))
    reading = read(raw, ARRIVAL, SURROUNDINGS)
    own_words = " ".join(reading.text.split())
    assert not reading.unreadable
    assert reading.notes == ()
    assert reading.sender is not None
    assert reading.sender.email == letter.writer.email
    assert reading.subject.endswith(letter.subject)
    assert all(" ".join(each.split()) in own_words for each in letter.paragraphs)
    assert letter.answers is not None
    assert letter.answers.writer.email in reading.quoted
    assert [len(file.content) for file in reading.attachments] == [file.size for file in letter.files]


def test_a_mail_has_no_bare_line_end_and_no_8_bit_octet(letters):
    for letter in letters[:40]:
        raw = render(letter, plain_route(letter))
        rest = raw.replace(b"\r\n", b"")
        assert raw.isascii()
        assert b"\r" not in rest
        assert b"\n" not in rest


def test_a_mail_goes_where_its_route_says(letters):
    raw = render(letters[0], Route("soporte+abc@example.com", ("first@x.example", "second@x.example")))
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["To"] == "soporte+abc@example.com"
    assert message["In-Reply-To"] == "<second@x.example>"
    assert message["References"] == "<first@x.example> <second@x.example>"


async def test_the_client_brings_every_mail_once_and_octet_by_octet(tmp_path, letters):
    manifest = write(tmp_path / "mails", ((each, plain_route(each)) for each in letters[:30]))
    mails = read_manifest(manifest, "mark")
    async with Relay() as relay:
        await bring(relay.port, mails, connections=4)
    sent = sorted(render(each, plain_route(each)) for each in letters[:30])
    came = sorted(each.data.partition(b"\r\n")[2] for each in relay.received)
    assert came == sent


async def test_the_client_fails_when_a_mail_is_not_taken(tmp_path, letters):
    mails = read_manifest(write(tmp_path / "mails", [(letters[0], Route("<not an address"))]), "mark")
    with pytest.raises(RuntimeError, match="was answered"):
        await asyncio.wait_for(bring(await _refusing_port(), mails, connections=1), 20)


async def _refusing_port() -> int:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            writer.write(b"250 yes\r\n" if line.startswith(b"EHLO") else b"550 no\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    return port


def test_a_figure_is_one_line_of_json():
    assert json.loads(Figure("send", 512.34567, "mails/s", 731.0).line()) == {
        "name": "send",
        "value": 512.3,
        "unit": "mails/s",
        "reference": 731.0,
        "ratio": 0.7009,
    }


def test_rounds_come_down_to_the_middle_one_of_each():
    assert middle([(9, 1), (2, 3), (4, 2)], "intake", "mails/s") == Figure("intake", 4, "mails/s", 2)


def test_reading_runs_to_its_end_and_says_its_figure():
    (figure,) = reading.measure(TINY)
    assert (figure.name, figure.unit) == ("read", "mails/s")
    assert figure.value > 0
    assert figure.ratio > 0


@pytest.mark.parametrize(
    ("measure", "names"),
    [
        pytest.param(intake.measure, ["intake"], id="intake"),
        pytest.param(pipeline.measure, ["pipeline"], id="pipeline"),
        pytest.param(push.measure, ["push"], id="push"),
        pytest.param(send.measure, ["send"], id="send"),
        pytest.param(memory.measure, ["memory", "memory-peak"], id="memory"),
    ],
)
def test_a_benchmark_runs_to_its_end_and_says_its_figures(
    measure: Callable[[Scope], list[Figure]], names: list[str]
):
    figures = measure(TINY)
    assert [figure.name for figure in figures] == names
    for figure in figures:
        line = json.loads(figure.line())
        assert list(line) == ["name", "value", "unit", "reference", "ratio"]
        assert line["value"] > 0
        assert line["reference"] > 0
        assert line["ratio"] > 0


def test_profiles_are_kept_where_they_are_asked_for(tmp_path: Path):
    send.measure(Scope(mails=8, rounds=1, profiles=tmp_path))
    assert (tmp_path / "send" / "mailer" / "main.prof").stat().st_size > 0


def test_the_years_of_a_help_desk_are_as_the_program_would_have_written_them(tmp_path: Path):
    database = open_years(tmp_path, 240)
    with database.transaction() as session:
        before = documents(session)
        search_index.rebuild(session, list(before))
        session.expire_all()
        assert documents(session) == before
        assert [each.rule for each in books.differences(session)] == []
        assert search_upkeep.is_complete(session)
    database.close()


@pytest.mark.parametrize("lean", [False, True], ids=["whole", "only what reports read"])
def test_what_reports_count_of_the_years_is_what_the_program_would_have_counted(tmp_path: Path, lean: bool):
    database = open_years(tmp_path, 240, lean=lean)
    with database.transaction() as session:
        assert recounting.is_current(session, ZONE)
        before = counted(session)
        if not lean:  # what is not there cannot be counted anew
            session.execute(delete(Setting))
            assert not recounting.count_some(session, ZONE, now=LAST)
            assert recounting.is_current(session, ZONE)
        assert counted(session) == before
    database.close()
    assert len(before[CountedRequest]) == 240
    assert any(row["reopened"] for row in before[CountedClosing])
    assert any(row["closed_by"] is None for row in before[CountedClosing])


def counted(session: Session) -> dict[type[SQLModel], list[dict[str, Any]]]:
    found: dict[type[SQLModel], list[dict[str, Any]]] = {}
    for model in (CountedRequest, CountedClosing):
        table = table_of(model)
        rows = session.execute(select(table).order_by(*table.primary_key.columns))
        found[model] = [dict(row._mapping) for row in rows]
    return found


def documents(session: Session) -> dict[int, tuple[str, str, set[str], set[str]]]:
    """The words of each request; a stem both shown and hidden may stand twice or not."""
    return {
        each.ticket_id: (
            each.words,
            each.hidden_words,
            set(each.stems.split()),
            set((each.stems + each.hidden_stems).split()),
        )
        for each in session.execute(select(SearchDocument)).scalars()
    }


def test_the_benchmarks_of_pages_run_to_their_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "SMALL", 120)
    monkeypatch.setattr(pages, "TURNS", 1)
    monkeypatch.setattr(pages, "PAGES", 1)
    scope = Scope(rounds=1, requests=240, data=tmp_path)
    names = [figure.name for figure in pages.inbox(scope) + pages.search(scope)]
    assert {"inbox", "inbox-bare", "inbox-200-messages", "search", "search-rare"} <= set(names)


def test_the_benchmark_of_reports_runs_to_its_end(tmp_path: Path):
    names = [figure.name for figure in reports.measure(Scope(rounds=1, requests=240, data=tmp_path))]
    assert {"reports-month", "reports-two-years-topic", "reports-behind", "reports-3-years"} <= set(names)
