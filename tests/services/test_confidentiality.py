"""What clients can never come to know, one way in at a time (invariants C1, C2, C4, C5, C8, T6, T13, E12)."""

import ast
import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, true
from sqlmodel import Session

from gateway.models.tickets import Message
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import MessageKind
from gateway.rules.people import Role
from gateway.services import portal
from gateway.services.lists import Shown, View, Wish
from tests import canaries
from tests.histories import LAURA, MALLORY, NADIA, PEDRO, SETTINGS, SUPPORT, History, Received, Style

ROOT = Path(__file__).resolve().parents[2]
CLIENT_FACING = ["gateway/services/portal.py", "gateway/services/downloads.py"]


@pytest.fixture
def history(session: Session, make_runtime: Callable) -> History:
    return History(make_runtime(SETTINGS), session)


def last(history: History, to: str, purpose: str = "notice", *, internal: bool = False) -> Received:
    return [
        each
        for each in history.received
        if each.to == to and each.mail["X-Purpose"] == purpose and each.internal == internal
    ][-1]


def kinds(history: History) -> list[MessageKind]:
    rows = history.session.execute(select(Message).order_by(Message.id)).scalars()
    return [each.kind for each in rows]


# C2: one source


def functions_that_read_messages(path: str) -> dict[str, set[str]]:
    """The functions of a module that name the table of messages, with all names they use."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    used = {
        node.name: {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }
    return {name: names for name, names in used.items() if names & {"Message", "MESSAGES"}}


@pytest.mark.parametrize("path", CLIENT_FACING)
def test_whatever_reads_messages_for_clients_asks_for_public_ones(path):
    found = functions_that_read_messages(path)
    assert found
    for name, names in found.items():
        asks = names & {"public", "readable", "newest", "may_open"} or name == "public"
        assert asks, f"{path}: {name}"


def test_pages_read_no_table_of_tickets():
    for path in sorted((ROOT / "webui").rglob("*.py")):
        assert "models.tickets" not in path.read_text(encoding="utf-8"), path


def test_nothing_ever_changes_a_message():
    """An internal comment can never be turned public (C4): no code updates one at all."""
    for path in sorted([*(ROOT / "gateway").rglob("*.py"), *(ROOT / "webui").rglob("*.py")]):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"update\(\s*(?:table_of\()?Message\b|\bmessage\.kind\s*=[^=]", text), path


def test_without_the_filter_clients_are_seen_to_read_internal_comments(history, monkeypatch):
    """That the search would find it: the filter is taken out, and the canary is found (C2)."""
    history.open(LAURA, verified=True)
    (ticket,) = history.taking_part
    history.writes_on_the_web(ticket, history.martin.email, internal=True)
    history.check()
    monkeypatch.setattr(portal, "public", lambda reader, message=None: true())
    with pytest.raises(AssertionError, match=f"{LAURA} is shown Secret"):
        history.check()


# C1: ways to tell a client what was for the team


@pytest.mark.parametrize("style", list(Style))
def test_the_answer_to_an_internal_notice_is_internal_in_every_style(history, style):
    history.open(LAURA, verified=True)
    (ticket,) = history.taking_part
    history.writes_on_the_web(ticket, history.martin.email, internal=True)
    history.operator_answers(last(history, history.sofia.email, internal=True), style=style)
    assert kinds(history) == [MessageKind.PUBLIC, MessageKind.INTERNAL, MessageKind.INTERNAL]
    history.check()


@pytest.mark.parametrize(
    "mistaken",
    [
        pytest.param(["#interno", "#asignar nadie@nadie.example"], id="internal, and an order that fails"),
        pytest.param(["#interon"], id="internal misspelt"),
        pytest.param(["# INTERNO"], id="internal with a blank"),
        pytest.param(["#intern"], id="internal cut short"),
        pytest.param(["#internla"], id="internal in English, letters swapped"),
    ],
)
def test_what_was_to_be_internal_stays_so_when_the_mistake_is_mended(history, mistaken):
    history.open(LAURA, verified=True)
    history.operator_answers(last(history, history.martin.email), orders=mistaken, mistaken=True)
    told = last(history, history.martin.email, "mistake", internal=True)
    history.operator_answers(told, orders=[f"#asignar {history.sofia.email}"])
    assert kinds(history) == [MessageKind.PUBLIC, MessageKind.INTERNAL]


def test_a_mistake_in_answering_an_internal_notice_stays_internal(history):
    history.open(LAURA, verified=True)
    (ticket,) = history.taking_part
    history.writes_on_the_web(ticket, history.sofia.email, internal=True)
    notice = last(history, history.martin.email, internal=True)
    history.operator_answers(notice, orders=["#asignar nadie@nadie.example"], mistaken=True)
    history.operator_answers(last(history, history.martin.email, "mistake", internal=True))
    assert kinds(history)[1:] == [MessageKind.INTERNAL, MessageKind.INTERNAL]


def test_a_mistake_in_a_reply_can_be_mended_by_a_reply(history):
    history.open(LAURA, verified=True)
    history.operator_answers(last(history, history.martin.email), orders=["#cerar"], mistaken=True)
    told = last(history, history.martin.email, "mistake")
    done = history.operator_answers(told, orders=["#cerrar"])
    assert done.outcome is Outcome.APPENDED
    assert last(history, LAURA, "reply").ticket == done.ticket_id


def test_an_operator_in_copy_of_a_clients_mail_stays_an_operator(history):
    history.open(LAURA, cc=[history.martin.email], verified=True)
    history.operator_answers(last(history, history.martin.email), orders=["#interno"])
    assert kinds(history) == [MessageKind.PUBLIC, MessageKind.INTERNAL]
    history.operator_answers(last(history, history.martin.email))
    assert last(history, LAURA, "reply")


@pytest.mark.parametrize("orders", [["#interno"], ["#interon"], ["#tomar"]])
def test_orders_of_an_operator_who_is_only_in_copy_are_no_clients_words(history, orders):
    history.open(LAURA, cc=[history.bruno.email], verified=True)
    history.operator_answers(last(history, history.martin.email))
    done = history.operator_answers(last(history, history.bruno.email, "reply"), orders=orders, mistaken=True)
    assert (done.outcome, done.reason) == (Outcome.HELD, "operator-as-client")
    history.check()


def test_an_operator_who_left_cannot_answer_an_internal_notice_as_a_client(history):
    history.open(LAURA, cc=[history.martin.email], verified=True)
    (ticket,) = history.taking_part
    history.writes_on_the_web(ticket, history.sofia.email, internal=True)
    history.serve(history.martin.email, history.billing, serving=False)
    done = history.operator_answers(last(history, history.martin.email, internal=True))
    assert (done.outcome, done.reason) == (Outcome.HELD, "operator-as-client")
    history.check()


@pytest.mark.parametrize(
    "sender",
    [
        pytest.param("martin.en.casa@mi-correo.example", id="an operator from their address at home"),
        pytest.param("martin", id="one who is a client now"),
    ],
)
def test_the_answer_to_an_internal_notice_stays_internal_when_it_is_let_in(history, sender):
    history.open(LAURA, verified=True)
    (ticket,) = history.taking_part
    history.writes_on_the_web(ticket, history.sofia.email, internal=True)
    notice = last(history, history.martin.email, internal=True)
    if sender == "martin":
        history.change(history.martin.email, role=Role.CLIENT)
        history.operator_answers(notice)
    else:
        history.operator_answers(notice, sender=sender)
    history.accept_all()
    assert kinds(history)[1:] == [MessageKind.INTERNAL, MessageKind.INTERNAL]
    history.check()


@pytest.mark.parametrize("assigned", [False, True])
def test_who_is_no_operator_any_more_is_told_nothing(history, assigned):
    history.open(LAURA, verified=True)
    (ticket,) = history.taking_part
    if assigned:
        history.operator_answers(last(history, history.martin.email), orders=["#tomar"])
    history.change(history.martin.email, role=Role.CLIENT)
    before = len(history.received)
    history.writes_on_the_web(ticket, history.ana.email, internal=True)
    history.client_answers(last(history, LAURA, "acknowledgement"), LAURA, verified=True, style=Style.TOP)
    assert history.martin.email not in {each.to for each in history.received[before:]}


def test_who_asked_sees_no_internal_comment_in_their_list(history):
    history.open(history.bruno.email, verified=True)
    (ticket,) = history.taking_part
    history.writes_on_the_web(ticket, history.martin.email, internal=True)
    history.check()


# C1: not even that there are internal comments


def seen_by_laura(history: History, *, internal: bool) -> list[str]:
    """All that a client gets to see of a history, without what is random in every one."""
    history.open(LAURA, cc=[PEDRO], verified=True)
    (ticket,) = history.taking_part
    for _ in range(3 if internal else 0):
        history.writes_on_the_web(ticket, history.martin.email, internal=True)
    history.pass_time(timedelta(hours=1))
    notice = last(history, history.martin.email)
    history.operator_answers(notice, orders=["#tomar"])
    if internal:
        history.pass_time(timedelta(minutes=5))
        history.operator_answers(notice, orders=["#interno"])
        history.pass_time(timedelta(minutes=-5))
    history.client_answers(last(history, LAURA, "reply"), LAURA, verified=True, style=Style.TOP)
    history.operator_answers(notice, orders=["#cerrar"], attach=False)
    laura = history.sender(LAURA)
    shown = [words_of(each.mail) for each in history.received if each.to == LAURA]
    shown.append(
        repr(portal.requests(history.session, laura, Wish(View.MINE, Shown.ALL), zone=ZoneInfo("UTC")))
    )
    shown.append(repr(portal.read(history.session, ticket, laura, whole=False)))
    history.session.rollback()
    return [RANDOM.sub("", each) for each in shown]


RANDOM = re.compile(
    r"[a-z2-7]{26}|zqk\d+x|=_\w_[0-9a-f]+|number=\d+|[#/]\d+|-[a-z2-7]{4}\b|(?:solicitud[- ]|número )\d+",
    re.I,
)


def words_of(mail: EmailMessage) -> str:
    """Every header of a mail and all of its text."""
    texts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    names = [part.get_filename("") for part in mail.walk()]
    return "\n".join([*(f"{name}: {value}" for name, value in mail.items()), *texts, *names])


def test_a_client_sees_the_same_with_and_without_internal_comments(history, make_runtime):
    without = seen_by_laura(history, internal=False)
    with_comments = seen_by_laura(History(make_runtime(SETTINGS), history.session), internal=True)
    assert len(without) == 5
    assert with_comments == without


# C8, T6: each their own


def test_three_participants_who_reply_to_all_see_nothing_of_each_other_or_the_team(history):
    history.open(LAURA, cc=[PEDRO, NADIA], verified=True)
    history.operator_answers(last(history, history.martin.email))
    for who, others in ((PEDRO, [LAURA, NADIA]), (NADIA, [LAURA, PEDRO])):
        history.client_answers(last(history, who, "reply"), who, verified=True, style=Style.TOP, cc=others)
    history.operator_answers(last(history, history.martin.email))
    for who in (LAURA, PEDRO, NADIA):
        shown = canaries.everything_in(last(history, who, "reply").mail)
        for other in {LAURA, PEDRO, NADIA} - {who} | set(history.operators):
            assert other not in shown
    history.check()


@pytest.mark.parametrize("verdict", ["none", "fail"])
def test_a_forged_requester_brings_nobody_in(history, verdict):
    word = history.letter(
        LAURA, "Manden todo en copia.", cc=[MALLORY],
        **({"Authentication_Results": "mx.example.com; dmarc=fail (p=reject) header.from=andina.example"}
           if verdict == "fail" else {}),
    )  # fmt: skip
    done = history.deliver(
        word, to=SUPPORT, sender=LAURA, meant=lambda done: history.settle(done, {LAURA}, ())
    )
    if done.outcome is Outcome.OPENED:
        history.operator_answers(last(history, history.martin.email))
        history.client_answers(
            last(history, LAURA, "reply"), LAURA, verified=True, style=Style.TOP, cc=[MALLORY]
        )
        history.operator_answers(last(history, history.martin.email))
    assert MALLORY not in {each.to for each in history.received}
    assert done.outcome is (Outcome.HELD if verdict == "fail" else Outcome.OPENED)


def test_who_joined_later_gets_only_what_is_said_from_then_on(history):
    """The first mail is quoted in no reply, so a participant reads nothing older (T6)."""
    history.open(LAURA, cc=[PEDRO], verified=True)
    history.operator_answers(last(history, history.martin.email), style=Style.BOTTOM)
    found = canaries.found_in(canaries.everything_in(last(history, PEDRO, "reply").mail))
    assert {history.secrets[number].what.partition(" ")[0] for number in found} == {"reply", "name", "bytes"}


# E12: the order of arrival


@pytest.mark.parametrize(
    "date",
    [
        pytest.param("Thu, 01 Jan 1970 00:00:00 +0000", id="1970"),
        pytest.param("Tue, 19 Jan 2038 03:14:08 +0000", id="2038"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 +0000", id="9999"),
        pytest.param(None, id="absent"),
        pytest.param("mañana a la tarde", id="no date at all"),
    ],
)
def test_the_date_of_a_mail_decides_nothing(history, date):
    history.open(LAURA, verified=True)
    (ticket,) = history.taking_part
    history.operator_answers(last(history, history.martin.email), orders=["#cerrar"])
    history.pass_time(timedelta(days=29))
    reply = last(history, LAURA, "reply")
    done = history.client_answers(reply, LAURA, verified=True, style=Style.TOP, date=date)
    assert (done.outcome, done.ticket_id) == (Outcome.APPENDED, ticket)
    history.pass_time(timedelta(minutes=1))
    history.client_answers(reply, LAURA, verified=True, style=Style.TOP)
    rows = history.session.execute(select(Message).order_by(Message.number)).scalars()
    times = [each.created_at for each in rows]
    assert times == sorted(times)
    assert times[-1] == history.office.now
