"""Every parser on pieces of mail put together at random: what `tests/fuzz/targets.py` says must hold."""

import base64
import binascii
from ast import literal_eval
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.mail import transfer_encoding
from gateway.mail.parse import parse
from tests.fuzz.targets import TARGETS

DICTIONARY = Path(__file__).parent.parent / "fuzz" / "mail.dict"
PIECES = [literal_eval("b" + line) for line in DICTIONARY.read_text("ascii").splitlines() if line[0] == '"']
OCTETS = st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=25).map(b"".join)
QUICK = settings(
    max_examples=50, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("name", TARGETS)
def test_any_octets_are_survived(name):
    QUICK(given(OCTETS)(TARGETS[name]))()


@QUICK
@given(st.lists(st.binary(max_size=200), max_size=6), st.sampled_from(["base64", "x-uuencode"]))
def test_every_octet_of_every_file_is_kept(contents, encoding):
    parts = b"".join(
        b"--lim\r\nContent-Type: application/pdf; name=a\r\n"
        b"Content-Transfer-Encoding: %s\r\n\r\n%s\r\n" % (encoding.encode(), _encoded(each, encoding))
        for each in contents
    )
    mail = parse(
        b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=lim\r\n\r\n" + parts + b"--lim--\r\n"
    )
    assert [each.content for each in mail.attachments] == contents


def _encoded(content: bytes, encoding: str) -> bytes:

    if encoding == "base64":
        return base64.encodebytes(content)
    lines = b"".join(
        binascii.b2a_uu(content[start : start + 45], backtick=True) for start in range(0, len(content), 45)
    )
    return b"begin 644 a\n" + lines + b"`\nend\n"


@QUICK
@given(st.binary(max_size=300))
def test_base64_gives_back_what_was_written(octets):

    assert transfer_encoding.unbase64(base64.encodebytes(octets)) == octets
