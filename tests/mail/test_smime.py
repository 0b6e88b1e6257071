"""Envelopes of S/MIME told apart, and the words of a signed one found (RFC 5652, 8551)."""

import base64

import pytest

from gateway.mail.parse import parse
from gateway.mail.smime import Envelope, kind_of, signed_content

SIGNED = bytes.fromhex("06092a864886f70d010702")
ENVELOPED = bytes.fromhex("06092a864886f70d010703")
DATA = bytes.fromhex("06092a864886f70d010701")
ENTITY = b"Content-Type: text/plain; charset=utf-8\r\n\r\nHola, \xc3\xb1and\xc3\xba.\r\n"


def element(tag: int, *content: bytes) -> bytes:
    whole = b"".join(content)
    if len(whole) < 0x80:
        return bytes([tag, len(whole)]) + whole
    return bytes([tag, 0x84]) + len(whole).to_bytes(4, "big") + whole


def unended(tag: int, *content: bytes) -> bytes:
    return bytes([tag, 0x80]) + b"".join(content) + b"\0\0"


VERSION, DIGESTS = element(2, b"\1"), element(0x31)
IN_ONE = element(0xA0, element(4, ENTITY))
IN_PIECES = unended(0xA0, unended(0x24, element(4, ENTITY[:40]), element(4, ENTITY[40:])))


def signed(content: bytes) -> bytes:
    return element(0x30, SIGNED, element(0xA0, element(0x30, VERSION, DIGESTS, element(0x30, DATA, content))))


CUT = ENTITY[: 70 - signed(IN_ONE).index(ENTITY)]
STREAMED = unended(
    0x30, SIGNED, unended(0xA0, unended(0x30, VERSION, DIGESTS, unended(0x30, DATA, IN_PIECES)))
)


@pytest.mark.parametrize(
    ("octets", "kind", "content"),
    [
        pytest.param(signed(IN_ONE), Envelope.SIGNED, ENTITY, id="signed"),
        pytest.param(STREAMED, Envelope.SIGNED, ENTITY, id="signed, lengths not said"),
        pytest.param(signed(b""), Envelope.SIGNED, b"", id="certificates alone"),
        pytest.param(signed(IN_ONE)[:70], Envelope.SIGNED, CUT, id="cut short"),
        pytest.param(element(0x30, ENVELOPED, b"x" * 40), Envelope.ENCRYPTED, b"", id="encrypted"),
        pytest.param(b"%PDF-1.7", None, b"", id="something else"),
        pytest.param(b"", None, b"", id="nothing"),
    ],
)
def test_an_envelope(octets, kind, content):
    assert kind_of(octets) == kind
    assert signed_content(octets) == content


def test_every_cut_of_an_envelope_is_survived():
    for end in range(len(STREAMED)):
        signed_content(STREAMED[:end])


def mail(octets: bytes) -> bytes:
    head = b"From: ana@cliente.example\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\n"
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(octets)


def test_what_was_signed_is_read_and_the_envelope_kept():
    found = parse(mail(signed(IN_ONE)))
    assert (found.text, found.notes) == ("Hola, ñandú.", ("signed",))
    assert [(each.filename, each.content) for each in found.attachments] == [("smime.p7m", signed(IN_ONE))]


def test_envelopes_in_envelopes_are_opened_a_few_times_only():
    octets = signed(IN_ONE)
    for _ in range(6):
        head = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        octets = signed(element(0xA0, element(4, head + base64.encodebytes(octets))))
    found = parse(mail(octets))
    assert found.text == ""
    assert len(found.attachments) == 4
