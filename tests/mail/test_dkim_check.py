import hashlib

import pytest
from dkim import rfc822_parse
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.dkim_check import body_digest, is_signed_by
from tests.mail.signing import PUBLIC_KEY, RECORD, dns_with, signed, signed_without_from

MAIL = b"From: Ana <ana@acme.com>\r\nTo: soporte@example.com\r\nSubject: Red\r\n\r\nNo  anda \r\n\r\n\r\n"
ACME = dns_with(acme_com=RECORD)
RELAXED, SIMPLE = (b"relaxed", b"relaxed"), (b"simple", b"simple")


@pytest.mark.parametrize(
    ("mail", "domain"),
    [
        pytest.param(signed(MAIL, canonicalize=SIMPLE), "acme.com", id="simple"),
        pytest.param(signed(MAIL, canonicalize=RELAXED), "acme.com", id="relaxed"),
        pytest.param(signed(MAIL, canonicalize=(b"relaxed", b"simple")), "acme.com", id="mixed"),
        pytest.param(signed(MAIL).replace(b"\r\n", b"\n"), "acme.com", id="bare line feeds"),
        pytest.param(signed(MAIL, domain="ACME.com"), "acme.com", id="capitals"),
        pytest.param(signed(MAIL), "ventas.acme.com", id="signed by the domain above"),
        pytest.param(signed(signed(MAIL), domain="evil.com"), "acme.com", id="another signature on top"),
        pytest.param(b"X-New: 1\r\n" + signed(MAIL), "acme.com", id="field added later"),
        pytest.param(
            signed(MAIL, canonicalize=RELAXED).replace(b"No  anda ", b"No anda"), "acme.com", id="blanks lost"
        ),
    ],
)
def test_a_sound_signature_is_believed(mail, domain):
    assert is_signed_by(mail, domain, dns_with(acme_com=RECORD, ACME_com=RECORD))


@pytest.mark.parametrize(
    ("mail", "domain"),
    [
        pytest.param(MAIL, "acme.com", id="no signature"),
        pytest.param(signed(MAIL), "evil.com", id="other domain"),
        pytest.param(signed(MAIL), "notacme.com", id="domain that ends alike"),
        pytest.param(signed(MAIL, domain="ventas.acme.com"), "acme.com", id="signed by a domain below"),
        pytest.param(signed(MAIL, domain="com"), "acme.com", id="signed by the top-level domain"),
        pytest.param(signed(MAIL, domain="unknown.acme.com"), "unknown.acme.com", id="no key in the DNS"),
        pytest.param(signed(MAIL).replace(b"No  anda", b"Si  anda"), "acme.com", id="body changed"),
        pytest.param(
            signed(MAIL).replace(b"Subject: Red", b"Subject: Pag"), "acme.com", id="subject changed"
        ),
        pytest.param(signed(MAIL).replace(b"ana@", b"luz@"), "acme.com", id="From changed"),
        pytest.param(b"From: luz@acme.com\r\n" + signed(MAIL), "acme.com", id="second From on top"),
        pytest.param(signed(MAIL, length=True), "acme.com", id="end of the body not signed"),
        pytest.param(signed(MAIL, signature_algorithm=b"rsa-sha1"), "acme.com", id="SHA-1"),
        pytest.param(signed_without_from(MAIL), "acme.com", id="From left out"),
        pytest.param(
            b"DKIM-Signature: v=1; d=acme.com; a=rsa-sha256; h=from\r\n" + MAIL, "acme.com", id="tags missing"
        ),
        pytest.param(b"DKIM-Signature: \xff;;=\r\n" + MAIL, "acme.com", id="garbage"),
        pytest.param(b" \r\n" + signed(MAIL), "acme.com", id="header that begins with a folded line"),
        pytest.param(b"", "acme.com", id="empty mail"),
    ],
)
def test_any_doubt_in_a_signature_is_a_no(mail, domain):
    resolve = dns_with(acme_com=RECORD, ventas_acme_com=RECORD, com=RECORD, evil_com=RECORD)
    assert not is_signed_by(mail, domain, resolve)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(b"p=" + PUBLIC_KEY, True, id="the key alone"),
        pytest.param(RECORD + b"; t=s", True, id="for the very domain"),
        pytest.param(RECORD + b"; t=y", False, id="only tested"),
        pytest.param(RECORD + b"; t=s : y", False, id="only tested, among others"),
        pytest.param(b"v=DKIM1; p=", False, id="revoked"),
        pytest.param(b"v=DKIM2; p=" + PUBLIC_KEY, False, id="other version"),
        pytest.param(b"v=spf1 -all", False, id="no key at all"),
        pytest.param(b"", False, id="empty record"),
    ],
)
def test_keys(record, expected):
    assert is_signed_by(signed(MAIL), "acme.com", dns_with(acme_com=record)) is expected


def test_a_key_for_the_very_domain_signs_for_no_identity_below_it():
    mail = signed(MAIL, identity=b"@ventas.acme.com")
    assert is_signed_by(mail, "acme.com", ACME)
    assert not is_signed_by(mail, "acme.com", dns_with(acme_com=RECORD + b"; t=s"))


def test_only_a_few_aligned_signatures_are_looked_up():
    asked = []

    def resolve(name, seconds):
        asked.append(name)
        assert 0 < seconds <= 5

    mail = MAIL
    for _ in range(20):
        mail = signed(mail)
    assert not is_signed_by(mail, "acme.com", resolve)
    assert len(asked) == 3


def test_a_resolver_that_fails_is_a_no():
    def resolve(name, seconds):
        raise OSError(name)

    assert not is_signed_by(signed(MAIL), "acme.com", resolve)


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
