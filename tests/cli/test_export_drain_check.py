"""`sysmo export`, `sysmo drain`, `sysmo check`."""

from datetime import timedelta

from gateway.rules.admission import Outcome
from tests.cli.installation import Installation
from tests.conftest import NOW


def test_the_export_is_json_lines_and_since_leaves_out(office: Installation) -> None:
    office.sysmo("topic", "add", "Facturación")
    office.accept()
    exported = office.sysmo("export")
    assert exported.status == 0
    assert [line["type"] for line in exported.lines] == ["topic", "mail_in"]
    assert "Facturación" in exported.out
    local_day = (NOW - timedelta(hours=3)).date()
    assert len(office.sysmo("export", "--since", str(local_day)).lines) == 2
    assert len(office.sysmo("export", "--since", str(local_day + timedelta(days=1))).lines) == 1


def test_drain_waits_for_both_queues(office: Installation) -> None:
    assert office.sysmo("drain", "--timeout", "0").status == 0
    office.sysmo("user", "add", "ana@sysmo.example", "--name", "Ana", "--role", "operator")
    assert office.sysmo("drain", "--timeout", "0").status == 1
    entry = office.accept()
    assert "1" in office.sysmo("drain", "--timeout", "0.3").out
    office.settle(entry, outcome=Outcome.HELD)
    assert office.sysmo("drain", "--timeout", "0").status == 1


def test_check_finds_nothing_wrong_with_a_sound_installation(office: Installation) -> None:
    office.sysmo("topic", "add", "Facturación")
    ended = office.sysmo("check", "--json")
    assert ended.status == 0, ended.out
    assert ended.json["ok"] is True
    assert not [each for each in ended.json["findings"] if each["level"] == "problem"]
    assert {"books", "blobs", "database", "disk", "journal", "outbox", "topics.unserved"} <= {
        each["check"] for each in ended.json["findings"]
    }
    assert "Facturación" in office.sysmo("check").out


def test_check_names_what_is_wrong(office: Installation) -> None:
    entry = office.accept()
    office.settle(entry, outcome=Outcome.OPENED)
    ended = office.sysmo("check", "--json")
    assert ended.status == 1
    (wrong,) = [each for each in ended.json["findings"] if each["level"] == "problem"]
    assert wrong["check"] == "books.no-message"
    assert wrong["details"] == {"count": 1, "examples": [str(entry)]}
    assert "✗" in office.sysmo("check").out


def test_check_sees_settings_that_cannot_be_meant(office: Installation) -> None:
    with office.file.open("a") as file:
        file.write('[site]\nbase_url = "http://soporte.sysmo.example"\n[trust]\ndkim = false\n')
    ended = office.sysmo("check", "--json")
    assert ended.status == 1
    assert [each["check"] for each in ended.json["findings"] if each["level"] == "problem"] == [
        "settings.base_url",
        "settings.trust",
    ]
