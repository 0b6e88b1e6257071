"""`sysmo mail`: the ledgers."""

import pytest

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
