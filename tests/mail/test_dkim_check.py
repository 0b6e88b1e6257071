import hashlib
import re

import pytest
from dkim import rfc822_parse
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.dkim_body import body_digest
from gateway.mail.dkim_check import Finding, check
from tests.mail.signing import (
    AT,
    PUBLIC_KEY,
    RECORD,
    SHORT_KEY,
    SHORT_RECORD,
    dns_with,
    signed,
    signed_by_hand,
)

MAIL = b"From: Ana <ana@acme.com>\r\nTo: soporte@example.com\r\nSubject: Red\r\n\r\nNo  anda \r\n\r\n\r\n"
ACME = dns_with(acme_com=RECORD)
RELAXED, SIMPLE = (b"relaxed", b"relaxed"), (b"simple", b"simple")
HOUR = 3600


@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(signed(MAIL, canonicalize=SIMPLE), id="simple"),
        pytest.param(signed(MAIL, canonicalize=RELAXED), id="relaxed"),
        pytest.param(signed(MAIL, canonicalize=(b"relaxed", b"simple")), id="mixed"),
        pytest.param(signed(MAIL).replace(b"\r\n", b"\n"), id="bare line feeds"),
        pytest.param(signed(MAIL, domain="ACME.com"), id="capitals"),
        pytest.param(signed(signed(MAIL), domain="evil.com"), id="another signature on top"),
        pytest.param(signed(signed(MAIL)), id="two signatures"),
        pytest.param(signed(signed(MAIL).replace(b"bh=", b"bh=A")), id="a broken one below a sound one"),
        pytest.param(signed_by_hand(signed(MAIL), a="rsa-sha1"), id="a sound one below one by an old method"),
        pytest.param(b"X-New: 1\r\n" + signed(MAIL), id="field added later"),
        pytest.param(signed(MAIL, canonicalize=RELAXED).replace(b"No  anda ", b"No anda"), id="blanks lost"),
        pytest.param(
            signed(MAIL, include_headers=[b"from", b"from", b"to", b"subject", b"cc"]),
            id="signed once more than they stand there, so that none can be added",
        ),
        pytest.param(signed_by_hand(MAIL, t=str(AT), x=str(AT + HOUR)), id="dated"),
        pytest.param(signed_by_hand(MAIL, t=str(AT + 9 * HOUR)), id="a clock that is hours ahead"),
        pytest.param(signed_by_hand(MAIL, x=str(AT - 9 * HOUR)), id="a clock that is hours behind"),
    ],
)
def test_a_sound_signature_is_believed(mail):
    assert check(mail, "acme.com", ACME, at=AT) is Finding.VALID


@pytest.mark.parametrize(
    ("mail", "found"),
    [
        pytest.param(signed(MAIL, domain="evil.com"), Finding.OTHER_DOMAIN, id="other domain"),
        pytest.param(signed(MAIL, domain="notacme.com"), Finding.OTHER_DOMAIN, id="domain that ends alike"),
        pytest.param(
            signed(MAIL, domain="ventas.acme.com"), Finding.OTHER_DOMAIN, id="signed by a domain below"
        ),
        pytest.param(signed(MAIL, domain="com"), Finding.OTHER_DOMAIN, id="signed by the top-level domain"),
        pytest.param(signed(MAIL, selector="s2"), Finding.NO_KEY, id="no key in the DNS"),
        pytest.param(signed(MAIL).replace(b"No  anda", b"Si  anda"), Finding.CHANGED, id="body changed"),
        pytest.param(
            signed(MAIL).replace(b"Subject: Red", b"Subject: Pag"), Finding.CHANGED, id="subject changed"
        ),
        pytest.param(signed(MAIL).replace(b"ana@", b"luz@"), Finding.CHANGED, id="From changed"),
        pytest.param(signed_by_hand(MAIL, key=SHORT_KEY), Finding.CHANGED, id="signed with another key"),
        pytest.param(b"From: luz@acme.com\r\n" + signed(MAIL), Finding.PARTIAL, id="second From on top"),
        pytest.param(b"Subject: Pago\r\n" + signed(MAIL), Finding.PARTIAL, id="second Subject on top"),
        pytest.param(signed(MAIL, length=True), Finding.PARTIAL, id="end of the body not signed"),
        pytest.param(signed_by_hand(MAIL, h="to:subject"), Finding.PARTIAL, id="From left out"),
        pytest.param(signed(MAIL, signature_algorithm=b"rsa-sha1"), Finding.OLD_ALGORITHM, id="SHA-1"),
        pytest.param(signed_by_hand(MAIL, x=str(AT - 11 * HOUR)), Finding.OUT_OF_DATE, id="expired"),
        pytest.param(signed_by_hand(MAIL, t=str(AT + 11 * HOUR)), Finding.OUT_OF_DATE, id="from the future"),
        pytest.param(signed_by_hand(MAIL, x="soon"), Finding.MALFORMED, id="expiry that is no number"),
        pytest.param(signed_by_hand(MAIL, x="9" * 5000), Finding.MALFORMED, id="expiry of 5000 digits"),
        pytest.param(signed_by_hand(MAIL, v="2"), Finding.MALFORMED, id="other version"),
        pytest.param(signed_by_hand(MAIL, i="@evil.com"), Finding.MALFORMED, id="identity elsewhere"),
        pytest.param(
            b"DKIM-Signature: v=1; d=acme.com; a=rsa-sha256; h=from\r\n" + MAIL,
            Finding.MALFORMED,
            id="tags missing",
        ),
        pytest.param(b"DKIM-Signature: \xff;;=\r\n" + MAIL, Finding.MALFORMED, id="garbage"),
        pytest.param(b" \r\n" + signed(MAIL), Finding.MALFORMED, id="header that begins with a folded line"),
        pytest.param(b"", Finding.MALFORMED, id="empty mail"),
    ],
)
def test_any_doubt_in_a_signature_is_a_no_with_its_reason(mail, found):
    records = {"acme_com": RECORD, "ventas_acme_com": RECORD, "com": RECORD, "evil_com": RECORD}
    assert check(mail, "acme.com", dns_with(**records), at=AT) is found


@pytest.mark.parametrize(
    ("dmarc", "found"),
    [
        pytest.param({}, Finding.OTHER_DOMAIN, id="no record"),
        pytest.param({"acme.com": b"v=DMARC1; p=reject"}, Finding.VALID, id="the record above allows it"),
        pytest.param({"ventas.acme.com": b"v=DMARC1; p=none"}, Finding.VALID, id="its own record allows it"),
        pytest.param(
            {"acme.com": b"v=DMARC1; p=none; adkim=s"}, Finding.OTHER_DOMAIN, id="the record above forbids it"
        ),
        pytest.param(
            {"acme.com": b"v=DMARC1; p=none", "ventas.acme.com": b"v=DMARC1; p=none; adkim=s"},
            Finding.OTHER_DOMAIN,
            id="its own record comes first",
        ),
        pytest.param(
            {"acme.com": b"v=DMARC1; p=reject; psd=y"}, Finding.OTHER_DOMAIN, id="a registry of domains"
        ),
        pytest.param({"acme.com": b"v=spf1 -all"}, Finding.OTHER_DOMAIN, id="some other record"),
        pytest.param({"acme.com": b"v=DMARC1; v=DMARC1"}, Finding.MALFORMED, id="a broken record"),
    ],
)
def test_a_domain_signs_for_one_below_it_only_where_dmarc_lets_it(dmarc, found):
    mail = signed(MAIL.replace(b"@acme", b"@ventas.acme"))
    assert check(mail, "ventas.acme.com", dns_with(dmarc, acme_com=RECORD), at=AT) is found


@pytest.mark.parametrize(
    ("record", "found"),
    [
        pytest.param(b"p=" + PUBLIC_KEY, Finding.VALID, id="the key alone"),
        pytest.param(RECORD + b"; t=s", Finding.VALID, id="for the very domain"),
        pytest.param(RECORD + b"; s=email", Finding.VALID, id="for mail"),
        pytest.param(RECORD + b"; s=tlsrpt", Finding.NO_KEY, id="for reports only"),
        pytest.param(RECORD + b"; s=web", Finding.NO_KEY, id="for something else"),
        pytest.param(RECORD + b"; t=y", Finding.NO_KEY, id="only tested"),
        pytest.param(RECORD + b"; t=s : y", Finding.NO_KEY, id="only tested, among others"),
        pytest.param(b"v=DKIM1; p=", Finding.NO_KEY, id="revoked"),
        pytest.param(b"v=DKIM2; p=" + PUBLIC_KEY, Finding.NO_KEY, id="other version"),
        pytest.param(b"v=spf1 -all", Finding.NO_KEY, id="no key at all"),
        pytest.param(b"", Finding.NO_KEY, id="empty record"),
        pytest.param(b"k=rsa; p=" + PUBLIC_KEY[:-40], Finding.NO_KEY, id="key cut short"),
        pytest.param(
            b"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
            Finding.OLD_ALGORITHM,
            id="a kind of key we have no library for",
        ),
    ],
)
def test_keys(record, found):
    assert check(signed(MAIL), "acme.com", dns_with(acme_com=record), at=AT) is found


def test_a_short_key_proves_nothing():
    mail = signed_by_hand(MAIL, key=SHORT_KEY)
    assert check(mail, "acme.com", dns_with(acme_com=SHORT_RECORD), at=AT) is Finding.WEAK_KEY


def test_a_key_for_the_very_domain_signs_for_no_identity_below_it():
    mail = signed(MAIL, identity=b"@ventas.acme.com")
    assert check(mail, "acme.com", ACME, at=AT) is Finding.VALID
    assert check(mail, "acme.com", dns_with(acme_com=RECORD + b"; t=s"), at=AT) is Finding.NO_KEY


def test_only_a_few_aligned_signatures_are_looked_up():
    asked = []

    def resolve(name, seconds):
        asked.append(name)
        assert 0 < seconds <= 5

    mail = MAIL
    for _ in range(20):
        mail = signed(mail)
    assert check(mail, "acme.com", resolve, at=AT) is Finding.NO_KEY
    assert len(asked) == 3


def test_of_hundreds_of_signatures_a_few_are_looked_at():
    one = re.match(rb"DKIM-Signature:.*?\r\n(?! )", signed(MAIL, domain="evil.com"), re.DOTALL)[0]
    assert check(one * 600 + signed(MAIL), "acme.com", ACME, at=AT) is Finding.OTHER_DOMAIN


def test_a_dns_that_does_not_answer_is_a_no_of_its_own():
    def resolve(name, seconds):
        raise TimeoutError(name)

    assert check(signed(MAIL), "acme.com", resolve, at=AT) is Finding.NO_DNS


def test_all_questions_on_one_mail_share_the_time_there_is():
    clock = iter([100.0, 101.0, 104.5, 106.0])
    granted = []

    def resolve(name, seconds):
        granted.append(seconds)

    mail = signed(signed(signed(MAIL)))
    assert check(mail, "acme.com", resolve, at=AT, clock=lambda: next(clock)) is Finding.NO_DNS
    assert granted == [4.0, 0.5]


@pytest.mark.parametrize(
    ("body", "relaxed", "expected"),
    [
        pytest.param(b"", False, b"\r\n", id="empty, simple"),
        pytest.param(b"", True, b"", id="empty, relaxed"),
        pytest.param(b"a", False, b"a\r\n", id="end of line added"),
        pytest.param(b"a\n\n\n", False, b"a\r\n", id="empty lines at the end"),
        pytest.param(b"a \t b \r\n \r\n", True, b"a b\r\n", id="blanks, relaxed"),
        pytest.param(b"a \t b \r\n \r\n", False, b"a \t b \r\n \r\n", id="blanks, simple"),
        pytest.param(b"a\r\r\n\r\n", False, b"a\r\r\n", id="lone CR is no end of line"),
    ],
)
def test_body_digest(body, relaxed, expected):
    assert body_digest(body, relaxed=relaxed) == hashlib.sha256(expected).digest()


@given(st.text(alphabet="a \t\r\n", max_size=30))
def test_bodies_are_read_as_dkimpy_reads_them(text):
    as_read = rfc822_parse(b"A: 1\r\n\r\n" + text.encode())[1]
    simple = hashlib.sha256(Simple.canonicalize_body(as_read)).digest()
    assert body_digest(text.encode(), relaxed=False) == simple
    whole = text.encode() + b"\r\n"  # of a last line without an end dkimpy keeps the blanks, against the RFC
    relaxed = hashlib.sha256(Relaxed.canonicalize_body(rfc822_parse(b"A: 1\r\n\r\n" + whole)[1])).digest()
    assert body_digest(whole, relaxed=True) == relaxed
