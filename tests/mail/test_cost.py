"""What reading costs: twice the mail costs at most 2.5 times as much, and no mail takes a second (B6, B7).

Measured is processor time, the least of several runs, so that a busy machine does not count.
"""

import base64
import time
from collections.abc import Callable

import pytest

from gateway.mail.interpret import read
from gateway.mail.reading import Arrival, Reading, Surroundings
from tests.mail import tnef

SURROUNDINGS = Surroundings(
    "example.com", "soporte+{token}@example.com", "here", ("mx.example.com",), dkim=False
)
ARRIVAL = Arrival("imap", "", ("soporte@example.com",), listed_peer=False)
KIB = 1024
MIB = 1024 * KIB
MOST = 2.5


def mail(body: bytes = b"hola\r\n", *fields: bytes) -> bytes:
    return b"\r\n".join((b"From: Ana <ana@cliente.example>", b"Subject: Prueba", *fields, b"", body))


def plain(body: bytes) -> bytes:
    return mail(body, b"In-Reply-To: <1@example.com>", b"Content-Type: text/plain; charset=utf-8")


def html(body: bytes) -> bytes:
    return mail(body, b"Content-Type: text/html; charset=utf-8")


def parts(count: int) -> bytes:
    return mail(b"--l\r\n\r\nhola\r\n" * count + b"--l--", b"Content-Type: multipart/mixed; boundary=l")


def nested(depth: int) -> bytes:
    inner = b"\r\nhola\r\n"
    for level in range(depth):
        inner = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) + inner
    return b"From: ana@cliente.example\r\n" + inner


def file(content: bytes, kind: bytes) -> bytes:
    head = b"Content-Type: " + kind, b"Content-Transfer-Encoding: base64"
    return mail(base64.encodebytes(content), *head)


def calendar(size: int) -> bytes:
    return mail(b"BEGIN:VEVENT\r\n" + b"SUMMARY" + b";X=y" * size + b":x", b"Content-Type: text/calendar")


def seconds(raw: bytes) -> float:
    began = time.process_time()
    reading = read(raw, ARRIVAL, SURROUNDINGS)
    spent = time.process_time() - began
    assert "unreadable" not in reading.notes
    return spent


def ratio(single: bytes, double: bytes) -> float:
    """Return how many times as much the double costs, the least of each in turns.

    More turns are taken only while it looks bad: what is quadratic stays so, what was busy does not.
    """
    least, least_double = seconds(single), seconds(double)
    for turn in range(20):
        least, least_double = min(least, seconds(single)), min(least_double, seconds(double))
        if turn >= 2 and least_double < MOST * least:
            break
    return least_double / least


@pytest.mark.parametrize(
    ("make", "size"),
    [
        pytest.param(lambda n: mail(b"x", *[b"X-Campo: uno dos tres"] * n), 2_000, id="headers"),
        pytest.param(lambda n: mail(b"x", b"To: " + b"Ana (x) y, " * n), 500, id="addresses"),
        pytest.param(lambda n: mail(b"x", b"Subject: " + b" =?utf-8?q?=C3?=" * n), 400, id="encoded words"),
        pytest.param(lambda n: mail(b"x", b"References:" + b"\r\n <a@b.example>" * n), 400, id="references"),
        pytest.param(lambda n: html(b"<p>uno <b>dos</b> &ntilde;</p>" * n), 1_000, id="HTML"),
        pytest.param(lambda n: html(b"<p>" + b"palabra " * n), 20_000, id="words in HTML"),
        pytest.param(parts, 220, id="parts"),
        pytest.param(lambda n: file(b"\x00\x81" * n, b"application/pdf"), 400_000, id="base64"),
        pytest.param(lambda n: plain(b"> cita\r\n" * n), 8_000, id="quotes"),
        pytest.param(lambda n: plain(b"uno dos\xc3\xb1 \r\n" * n), 8_000, id="lines"),
        pytest.param(
            lambda n: file(
                tnef.winmail([tnef.sized(0x1009, tnef.stored_rtf(b"{\\rtf1 " + b"\\'f1" * n))]),
                b"application/ms-tnef",
            ),
            8_000,
            id="winmail.dat with RTF",
        ),
        pytest.param(
            lambda n: file(tnef.winmail([tnef.number(1, 2)] * n), b"application/ms-tnef"),
            8_000,
            id="winmail.dat with properties",
        ),
        pytest.param(
            lambda n: mail(b"BEGIN:VEVENT\r\n" + b"X-A:b\r\n" * n, b"Content-Type: text/calendar"),
            4_000,
            id="calendar",
        ),
    ],
)
def test_twice_the_mail_costs_at_most_two_and_a_half_times_as_much(make: Callable[[int], bytes], size: int):
    assert ratio(make(size), make(2 * size)) < MOST


@pytest.mark.parametrize(
    ("raw", "note"),
    [
        *[
            pytest.param(mail(b"x", b"To: " + b"(" * size), note, id=f"{size // KIB} KiB of brackets in To")
            for size, note in ((KIB, ""), (16 * KIB, ""), (MIB, "header-too-long"))
        ],
        pytest.param(html(b"<a " * 8_000), "", id="24 KB of <a"),
        pytest.param(nested(900), "too-deep", id="900 nested parts"),
        pytest.param(plain(b"x" * 40_000), "", id="a line of 40 KB"),
        pytest.param(plain(b">" * 16_000 + b" hola"), "", id="16,000 quotes on a line"),
        pytest.param(plain(b"> hola\r\n" * 16_000), "", id="16,000 quoted lines"),
        pytest.param(mail(b"x", b"To: " + b'"' * 16_000), "", id="16,000 quotation marks in To"),
        pytest.param(parts(50_000), "too-many-parts", id="50,000 parts"),
        pytest.param(html(b"<div>" * 40_000), "html-too-large", id="40,000 divs"),
        pytest.param(html(b"<!--" * 32_000), "html-too-large", id="32,000 comments"),
        pytest.param(mail(b"x", b"Subject: " + b"x" * MIB), "header-too-long", id="1 MiB of subject"),
        pytest.param(mail(b"x", b"Subject: " + b"=?utf-8?q?" * 1600), "", id="encoded words without end"),
        pytest.param(mail(b"x", *[b"To: a@b.example"] * 30_000), "too-many-headers", id="30,000 To fields"),
        pytest.param(plain(b"El " * 300_000), "", id="one line that begins like an attribution"),
        pytest.param(calendar(15_000), "", id="a calendar of parameters"),
    ],
)
def test_a_hostile_mail_is_read_within_a_second_and_says_what_was_beyond_a_limit(raw, note):
    assert seconds(raw) < 1
    reading: Reading = read(raw, ARRIVAL, SURROUNDINGS)
    assert ([note] if note else []) == [each for each in reading.notes if each == note]
    assert reading.sender is not None
