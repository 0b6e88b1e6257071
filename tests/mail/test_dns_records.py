"""What is remembered of the DNS, and what is done when it does not answer."""

import pytest

from gateway.mail.dns_records import (
    ABSENT,
    GIVEN_UP,
    HURRY,
    LONGEST,
    REMEMBERED,
    SHORTEST,
    SILENCE,
    TxtRecords,
    ask_dns,
)


class Dns:
    """A DNS that knows one record, and the clock."""

    def __init__(self, holds=600.0):
        self.now = 0.0
        self.holds = holds
        self.away = False
        self.asked = []

    def __call__(self, name, seconds):
        self.asked.append((name, seconds))
        if self.away:
            raise TimeoutError(name)
        return (b"p=abc", self.holds) if name == "acme.com." else (None, ABSENT)

    def records(self):
        return TxtRecords(self, lambda: self.now)


def test_a_thousand_mails_of_one_domain_ask_once():
    dns = Dns()
    records = dns.records()
    assert {records(name, 5) for name in ("acme.com.", "ACME.com.") * 500} == {b"p=abc"}
    assert len(dns.asked) == 1


@pytest.mark.parametrize(
    ("name", "holds", "remembered"),
    [
        pytest.param("acme.com.", 600, 600, id="as long as the domain says"),
        pytest.param("acme.com.", 0, SHORTEST, id="a domain that says not at all"),
        pytest.param("acme.com.", 10**9, LONGEST, id="a domain that says for ever"),
        pytest.param("evil.com.", 0, ABSENT, id="no record"),
    ],
)
def test_an_answer_is_remembered_for_a_while(name, holds, remembered):
    dns = Dns(holds)
    records = dns.records()
    first = records(name, 5)
    dns.now = remembered - 1
    assert records(name, 5) == first
    assert len(dns.asked) == 1
    dns.now = remembered
    records(name, 5)
    assert len(dns.asked) == 2


def test_no_answer_is_remembered_too_but_not_taken_for_no_record():
    dns = Dns()
    records = dns.records()
    dns.away = True
    for _ in range(100):
        with pytest.raises(TimeoutError):
            records("acme.com.", 5)
    assert len(dns.asked) == 1
    dns.away, dns.now = False, SILENCE
    assert records("acme.com.", 5) == b"p=abc"


def test_while_the_dns_is_away_mail_waits_for_it_only_a_little():
    dns = Dns()
    records = dns.records()
    dns.away = True
    for number in range(3):
        with pytest.raises(TimeoutError):
            records(f"{number}.com.", 5)
    dns.away = False
    records("acme.com.", 5)
    records("evil.com.", 5)
    assert [seconds for _, seconds in dns.asked] == [5, HURRY, HURRY, HURRY, 5]


def test_after_a_few_questions_without_an_answer_nobody_is_asked_for_a_while():
    dns = Dns()
    records = dns.records()
    dns.away = True
    for number in range(100):
        with pytest.raises(TimeoutError):
            records(f"{number}.com.", 5)
    assert [seconds for _, seconds in dns.asked] == [5, *[HURRY] * (GIVEN_UP - 1)]
    dns.away, dns.now = False, SILENCE - 1
    with pytest.raises(TimeoutError):
        records("acme.com.", 5)
    dns.now = SILENCE
    assert records("acme.com.", 5) == b"p=abc", "who came while nobody was asked is asked for at once"


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first():
    dns = Dns()
    records = dns.records()
    for number in range(REMEMBERED + 1):
        records(f"{number}.com.", 5)
    records("1.com.", 5)
    assert len(dns.asked) == REMEMBERED + 1
    records("0.com.", 5)
    assert len(dns.asked) == REMEMBERED + 2


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("x" * 64 + "._domainkey.acme.com.", id="label too long"),
        pytest.param("s1..acme.com.", id="empty label"),
        pytest.param("x." * 200 + "acme.com.", id="name too long"),
        pytest.param("\\999.acme.com.", id="bad escape"),
    ],
)
def test_a_name_that_is_none_is_asked_of_nobody(name):
    assert ask_dns(name, 0.01) == (None, LONGEST)
