"""Our own DKIM signature, checked as a receiver does."""

import subprocess
from shutil import which

import dkim
import pytest

from gateway.mail.compose import Template, assemble, compose
from gateway.mail.signing import is_usable_key, sign
from tests.mail.notices import TEMPLATES, file, notice
from tests.mail.signing import PRIVATE_KEY, RECORD

AT = 1_778_590_800


def composed(**changes):
    return assemble(compose(notice(**changes), TEMPLATES), lambda _: bytes(range(256)) * 4000)


def signature(data, **changes):
    options = {"domain": "sysmo.example", "selector": "s1", "private_key": PRIVATE_KEY, "at": AT} | changes
    return sign(data, **options)


def is_valid(data):
    return dkim.verify(
        data, dnsfunc=lambda name, timeout=5: RECORD if name == b"s1._domainkey.sysmo.example." else None
    )


@pytest.mark.parametrize("template", list(Template))
def test_every_mail_verifies_at_the_receiver(template):
    data = composed(template=template, attached=(file("año.png"),))
    assert is_valid(signature(data) + data)


def test_the_signature_says_who_when_and_how():
    data = composed()
    (line,) = [signature(data).replace(b"\r\n ", b" ")]
    assert line.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=sysmo.example;")
    assert b"; s=s1; t=%d; h=" % AT in line
    assert line.endswith(b"\r\n")
    assert line.isascii()


def test_signing_again_gives_the_same_bytes():
    data = composed()
    assert signature(data) == signature(data)
    assert signature(data) != signature(data, at=AT + 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"facturas", b"facturus", id="subject or text"),
        pytest.param(b"Reply-To: <soporte+", b"Reply-To: <ladron+", id="where answers go"),
        pytest.param(b"From:", b"From: <x@evil.example>\r\nFrom:", id="a second From"),
        pytest.param(b"Subject:", b"Subject: x\r\nSubject:", id="a second Subject"),
        pytest.param(b"Reply-To:", b"Reply-To: <x@evil.example>\r\nReply-To:", id="a second Reply-To"),
    ],
)
def test_a_mail_that_was_changed_does_not_verify(old, new):
    data = composed()
    whole = signature(data) + data
    at = whole.index(data) + data.index(old)
    changed = whole[:at] + new + whole[at + len(old) :]
    assert is_valid(whole)
    assert not is_valid(changed)


def test_a_key_as_openssl_writes_it_today_can_be_used(tmp_path):
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    old, new = tmp_path / "old.pem", tmp_path / "new.pem"
    old.write_bytes(PRIVATE_KEY)
    subprocess.run([openssl, "pkcs8", "-topk8", "-nocrypt", "-in", old, "-out", new], check=True)
    data = composed()
    assert is_usable_key(new.read_bytes())
    assert signature(data, private_key=new.read_bytes()) == signature(data)


@pytest.mark.parametrize(
    ("key", "usable"),
    [
        pytest.param(PRIVATE_KEY, True, id="RSA"),
        pytest.param(b"", False, id="nothing"),
        pytest.param(
            b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", False, id="junk"
        ),
        pytest.param(
            b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIIdxjFaQBpoY9XFWBEOXUvIBhtgjQSCRWvxjfSqNsNMR\n"
            b"-----END PRIVATE KEY-----\n",
            False,
            id="Ed25519",
        ),
        pytest.param(RECORD, False, id="the public key"),
    ],
)
def test_is_usable_key(key, usable):
    assert is_usable_key(key) is usable
