"""SPF, DKIM and DMARC of a domain, judged from its records."""

import pytest

from gateway.cli.domain_records import judge_domain
from gateway.cli.findings import Level

SPF = "v=spf1 include:_spf.example.net -all"
DMARC = "v=DMARC1; p=reject"
KEY = "v=DKIM1; k=rsa; p=MIGf"
SELECTOR = "sysmo._domainkey.sysmo.example"
OK, NOTE, PROBLEM = Level.OK, Level.NOTE, Level.PROBLEM


@pytest.mark.parametrize(
    ("at_domain", "at_selector", "at_dmarc", "expected"),
    [
        pytest.param([SPF], [KEY], [DMARC], [OK, OK, OK], id="all in order"),
        pytest.param(["google-site-verification=1", SPF], [KEY], [DMARC], [OK, OK, OK], id="beside others"),
        pytest.param([], [], [], [PROBLEM, PROBLEM, PROBLEM], id="nothing at all"),
        pytest.param([SPF, SPF], [KEY], [DMARC], [PROBLEM, OK, OK], id="two SPF records void each other"),
        pytest.param(["v=spf1 +all"], [KEY], [DMARC], [PROBLEM, OK, OK], id="SPF that lets everybody"),
        pytest.param(["v=spf1"], [KEY], [DMARC], [OK, OK, OK], id="SPF of one word"),
        pytest.param(["v=spf10 -all"], [KEY], [DMARC], [PROBLEM, OK, OK], id="another version is no SPF"),
        pytest.param([SPF], ["v=DKIM1; p="], [DMARC], [OK, PROBLEM, OK], id="a key that was revoked"),
        pytest.param([SPF], [KEY], ["v=DMARC1;p=none"], [OK, OK, NOTE], id="DMARC that only watches"),
        pytest.param([SPF], [KEY], [DMARC, DMARC], [OK, OK, PROBLEM], id="two DMARC policies"),
        pytest.param([SPF], [KEY], ["V = dmarc1 ; P = Quarantine"], [OK, OK, OK], id="DMARC in any spelling"),
        pytest.param(None, None, None, [NOTE, NOTE, NOTE], id="a DNS that does not answer accuses nobody"),
    ],
)
def test_judge_domain(
    at_domain: list[str] | None,
    at_selector: list[str] | None,
    at_dmarc: list[str] | None,
    expected: list[Level],
) -> None:
    records = {"sysmo.example": at_domain, SELECTOR: at_selector, "_dmarc.sysmo.example": at_dmarc}
    findings = list(judge_domain("sysmo.example", records.__getitem__, selector=SELECTOR, words=str))
    assert [finding.check for finding in findings] == ["dns.spf", "dns.dkim", "dns.dmarc"]
    assert [finding.level for finding in findings] == expected


def test_who_does_not_sign_has_no_key_to_publish() -> None:
    findings = judge_domain("sysmo.example", lambda _name: [], selector=None, words=str)
    assert [finding.level for finding in findings] == [PROBLEM, NOTE, PROBLEM]


def test_a_record_cannot_draw_on_the_terminal() -> None:
    hostile = "v=spf1 \x1b[2J " + "x" * 500 + " -all"
    finding = next(judge_domain("sysmo.example", lambda _name: [hostile], selector=None, words=str))
    assert finding.text.isprintable()
    assert len(finding.text) < 300
