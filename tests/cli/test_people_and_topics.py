"""`sysmo user` and `sysmo topic`."""

import sys
from io import StringIO

import pytest

from gateway.models.site import Deed
from gateway.services import activity
from tests.cli.installation import Installation


def test_topics_are_added_and_listed(office: Installation) -> None:
    office.sysmo("user", "add", "ana@sysmo.example", "--name", "Ana Ruiz", "--role", "operator")
    added = office.sysmo("topic", "add", "Facturación", "--operator", "ana@sysmo.example")
    assert (added.status, added.err) == (0, "")
    assert "Facturación" in added.out
    assert office.sysmo("topic", "add", "Ventas", "--address", "ventas@sysmo.example").status == 0
    assert office.sysmo("topic", "list", "--json").json == [
        {
            "type": "topic",
            "name": "Facturación",
            "address": None,
            "operators": ["ana@sysmo.example"],
            "default": True,
        },
        {
            "type": "topic",
            "name": "Ventas",
            "address": "ventas@sysmo.example",
            "operators": [],
            "default": False,
        },
    ]
    assert "ventas@sysmo.example" in office.sysmo("topic", "list").out


def test_an_unknown_operator_is_not_found(office: Installation) -> None:
    ended = office.sysmo("topic", "add", "Ventas", "--operator", "nadie@sysmo.example")
    assert (ended.status, ended.out) == (1, "")
    assert "nadie@sysmo.example" in ended.err


def test_a_user_without_password_is_sent_a_mail(office: Installation) -> None:
    added = office.sysmo("user", "add", "ana@sysmo.example", "--name", "Ana", "--role", "admin")
    assert added.status == 0
    assert added.out.count("ana@sysmo.example") == 2
    (mail,) = office.sysmo("mail", "list", "--box", "out", "--json").json
    assert (mail["to"], mail["purpose"], mail["state"]) == ("ana@sysmo.example", "reset", "queued")


def test_a_user_with_a_password_is_sent_none(office: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("caballo batería grapa\nmore\n"))
    client = ["laura@andina.example", "--name", "Laura", "--role", "client", "--password-stdin"]
    added = office.sysmo("user", "add", *client, "--company", "Andina", "--cuit", "30-99999980-4")
    assert added.status == 0
    assert office.sysmo("mail", "list", "--box", "out", "--json").json == []
    (user,) = office.sysmo("user", "list", "--json").json
    assert user.pop("created_at").endswith("Z")
    assert user == {
        "type": "user",
        "email": "laura@andina.example",
        "name": "Laura",
        "role": "client",
        "status": "active",
        "company": "30999999804",
        "phone": None,
    }


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        pytest.param(["ana", "--name", "Ana", "--role", "admin"], "email", id="no address"),
        pytest.param(["soporte@sysmo.example", "--name", "A", "--role", "client"], "email", id="ours (L7)"),
        pytest.param(["a@b.example", "--name", " ", "--role", "client"], "name", id="no name"),
        pytest.param(["a@b.example", "--name", "A", "--role", "client", "--cuit", "1"], "cuit", id="no CUIT"),
        pytest.param(
            ["a@b.example", "--name", "A", "--role", "client", "--password-stdin"], "password", id="short"
        ),
    ],
)
def test_a_user_who_cannot_be_is_refused(
    office: Installation, monkeypatch: pytest.MonkeyPatch, arguments: list[str], field: str
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("short\n"))
    ended = office.sysmo("user", "add", *arguments)
    assert ended.status == 2
    assert ended.err.startswith(f"sysmo: {field}: ")
    assert office.sysmo("user", "list", "--json").json == []


def test_users_are_reset_and_disabled(office: Installation) -> None:
    office.sysmo("user", "add", "ana@sysmo.example", "--name", "Ana", "--role", "operator")
    assert office.sysmo("user", "reset", "ANA@sysmo.example").status == 0
    assert len(office.sysmo("mail", "list", "--box", "out", "--json").json) == 2
    assert office.sysmo("user", "disable", "ana@sysmo.example").status == 0
    assert office.sysmo("user", "list", "--json").json[0]["status"] == "disabled"
    assert office.sysmo("user", "reset", "ana@sysmo.example").status == 2
    assert office.sysmo("user", "reset", "nadie@sysmo.example").status == 1
    assert office.sysmo("user", "disable", "nadie@sysmo.example").status == 1


def test_the_last_active_administrator_is_not_disabled(office: Installation) -> None:
    for name in ("ana", "eva"):
        office.sysmo("user", "add", f"{name}@sysmo.example", "--name", name, "--role", "admin")
    assert office.sysmo("user", "disable", "eva@sysmo.example").status == 0
    refused = office.sysmo("user", "disable", "ana@sysmo.example")
    assert refused.status == 2
    assert "tiene que haber uno" in refused.err
    assert [each["status"] for each in office.sysmo("user", "list", "--json").json] == ["active", "disabled"]
    assert office.sysmo("user", "disable", "eva@sysmo.example").status == 0


def test_what_the_command_does_is_in_the_activity_log(office: Installation) -> None:
    office.sysmo("user", "add", "ana@sysmo.example", "--name", "Ana", "--role", "operator")
    office.sysmo("topic", "add", "Ventas")
    office.sysmo("user", "reset", "ana@sysmo.example")
    office.sysmo("user", "disable", "ana@sysmo.example")
    with office.database.snapshot() as session:
        lines = activity.page(session, by=activity.BY_COMMAND).lines
    assert [(each.deed, each.subject, each.actor) for each in reversed(lines)] == [
        (Deed.USER_ADDED, "ana@sysmo.example", None),
        (Deed.TOPIC_ADDED, "Ventas", None),
        (Deed.RESET_STARTED, "ana@sysmo.example", None),
        (Deed.USER_DISABLED, "ana@sysmo.example", None),
    ]
