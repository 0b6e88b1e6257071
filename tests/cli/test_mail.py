"""`sysmo mail`: the ledgers."""

import pytest

from gateway.models.queues import OutboxItem, OutboxState
from gateway.rules.admission import Outcome
from tests.cli.installation import RAW, Installation


def test_mail_in_is_listed_shown_and_tried_again(office: Installation) -> None:
    failed, _waiting = office.accept(), office.accept(b"another")
    office.settle(failed, outcome=Outcome.FAILED, last_error="the reader\x1b[2J died", attempts=4)
    listed = office.sysmo("mail", "list", "--json").json
    assert [mail["outcome"] for mail in listed] == ["failed", "waiting"]
    assert office.sysmo("mail", "list", "--outcome", "failed", "--json").json == listed[:1]
    assert office.sysmo("mail", "list", "--outcome", "waiting", "--json").json == listed[1:]
    shown = office.sysmo("mail", "show", str(failed), "--json").json
    assert shown | listed[0] == shown
    assert (shown["attempts"], shown["size"]) == (4, len(RAW))
    assert "\x1b" not in office.sysmo("mail", "show", str(failed)).out
    assert office.sysmo("mail", "retry", str(failed)).status == 0
    assert office.sysmo("mail", "retry", str(failed)).status == 2
    assert [mail["outcome"] for mail in office.sysmo("mail", "list", "--json").json] == ["waiting"] * 2


def test_a_mail_that_could_not_be_read_is_put_away_on_the_record(office: Installation) -> None:
    failed = office.accept()
    office.settle(
        failed, outcome=Outcome.FAILED, reason="failed", last_error="memory", attempts=4, due_at=None
    )
    assert office.sysmo("mail", "discard", str(failed)).status == 0
    assert office.sysmo("mail", "list", "--outcome", "failed", "--json").json == []
    assert len(office.sysmo("mail", "list", "--outcome", "discarded", "--json").json) == 1
    shown = office.sysmo("mail", "show", str(failed), "--json").json
    assert (shown["outcome"], shown["decision"], shown["decided_by"]) == ("failed", "discard", None)
    assert shown["decided_at"]
    assert "no se pudieron leer" not in office.sysmo("check").out
    assert office.sysmo("mail", "retry", str(failed)).status == 0
    assert office.sysmo("mail", "show", str(failed), "--json").json["decision"] is None
    assert office.sysmo("mail", "discard", str(failed)).status == 1  # it waits


def test_a_mail_out_that_failed_is_tried_again(office: Installation) -> None:
    office.sysmo("user", "add", "ana@sysmo.example", "--name", "Ana", "--role", "operator")
    assert office.sysmo("mail", "retry", "out-1").status == 2  # it waits already
    with office.database.transaction() as session:
        item = session.get_one(OutboxItem, 1)
        item.sqlmodel_update({"state": OutboxState.FAILED, "due_at": None, "attempts": 3, "last_error": "no"})
        session.add(item)
    failed = office.sysmo("mail", "list", "--box", "out", "--outcome", "failed", "--json").json
    assert [mail["id"] for mail in failed] == ["out-1"]
    assert office.sysmo("mail", "retry", "out-1").status == 0
    shown = office.sysmo("mail", "show", "out-1", "--json").json
    assert (shown["state"], shown["attempts"], shown["last_error"]) == ("queued", 0, None)
    assert shown["due_at"] is not None


def test_a_mail_is_given_out_as_it_came(office: Installation) -> None:
    assert office.sysmo("mail", "show", str(office.accept()), "--raw").printed == RAW


def test_a_stranger_cannot_draw_in_the_list(office: Installation) -> None:
    entry = office.accept()
    office.settle(entry, outcome=Outcome.HELD, from_address="a\n9  forged\x1b[2J@b.example")
    out = office.sysmo("mail", "list").out
    assert out.count("\n") == 2
    assert "\x1b" not in out


@pytest.mark.parametrize("mail_id", ["1", "out-1", "x", "-1", "out-", "9" * 30])
def test_a_mail_that_is_not_there(office: Installation, mail_id: str) -> None:
    assert office.sysmo("mail", "show", "--", mail_id).status == 1
    assert office.sysmo("mail", "retry", "--", mail_id).status == 1
