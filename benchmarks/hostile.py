"""Mails made to be expensive, for the benchmark `cost` and for the tests of what becomes of them (B6, B7)."""

import base64
from collections.abc import Callable, Mapping

from tests.mail import tnef

KIB = 1024
MIB = 1024 * KIB


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


def reply(text: str) -> bytes:
    return plain(text.encode())


def signed(header: bytes) -> bytes:
    return header + b"From: ana@acme.com\r\nSubject: x\r\n\r\nhola\r\n"


DOUBLED: Mapping[str, tuple[Callable[[int], bytes], int]] = {
    "headers": (lambda n: mail(b"x", *[b"X-Campo: uno dos tres"] * n), 2_000),
    "addresses": (lambda n: mail(b"x", b"To: " + b"Ana (x) y, " * n), 500),
    "encoded words": (lambda n: mail(b"x", b"Subject: " + b" =?utf-8?q?=C3?=" * n), 400),
    "references": (lambda n: mail(b"x", b"References:" + b"\r\n <a@b.example>" * n), 400),
    "HTML": (lambda n: html(b"<p>uno <b>dos</b> &ntilde;</p>" * n), 1_000),
    "words in HTML": (lambda n: html(b"<p>" + b"palabra " * n), 20_000),
    "parts": (parts, 220),
    "base64": (lambda n: file(b"\x00\x81" * n, b"application/pdf"), 400_000),
    "lines": (lambda n: plain(b"uno dos\xc3\xb1 \r\n" * n), 8_000),
    "calendar": (
        lambda n: mail(b"BEGIN:VEVENT\r\n" + b"X-A:b\r\n" * n, b"Content-Type: text/calendar"),
        4_000,
    ),
    "winmail.dat with RTF": (
        lambda n: file(
            tnef.winmail([tnef.sized(0x1009, tnef.stored_rtf(b"{\\rtf1 " + b"\\'f1" * n))]),
            b"application/ms-tnef",
        ),
        8_000,
    ),
    "winmail.dat with properties": (
        lambda n: file(tnef.winmail([tnef.number(1, 2)] * n), b"application/ms-tnef"),
        8_000,
    ),
    "quotes": (lambda n: reply("> cita\r\n" * n), 8_000),
    "quotes: answers between": (lambda n: reply("> a\r\nb\r\n\r\n" * n), 4_000),
    "quotes: words like an attribution": (lambda n: reply("El " * n), 20_000),
    "quotes: attributions without an end": (
        lambda n: reply("El 1/1/2025 10:00 a@b.example\r\n" * n),
        2_000,
    ),
    "quotes: header lines": (lambda n: reply("De: x\r\nPara: y@z.example\r\nAsunto: z\r\n\r\n" * n), 2_000),
    "quotes: separators": (lambda n: reply("-----Mensaje original-----\r\n> x\r\n" * n), 2_000),
    "quotes: notices": (
        lambda n: reply("este mensaje es confidencial para su destinatario\r\n" * n),
        2_000,
    ),
    "quotes: signatures": (lambda n: reply("-- \r\na\r\n" * n), 8_000),
    "quotes: links": (lambda n: reply("<https://x.example/a>\r\n" * n), 4_000),
    "quotes: brackets": (lambda n: reply(("(" * 80 + "\r\n") * n), 1_000),
    "borders": (lambda n: signed(b"Authentication-Results: x.com; a=b\r\n" * n), 500),
    "hops": (lambda n: signed(b"Received: by mx.example.com; x\r\n" * n), 500),
    "signatures": (lambda n: signed(b"DKIM-Signature: d=evil.com; a=b; h=from\r\n" * n), 500),
}
"""By name, a mail of a given size, and a size that can be measured and, doubled, is within the limits."""

HOSTILE: Mapping[str, tuple[bytes, str]] = {
    "1 KiB of brackets in To": (mail(b"x", b"To: " + b"(" * KIB), ""),
    "16 KiB of brackets in To": (mail(b"x", b"To: " + b"(" * 16 * KIB), ""),
    "1 MiB of brackets in To": (mail(b"x", b"To: " + b"(" * MIB), "header-too-long"),
    "24 KB of <a": (html(b"<a " * 8_000), ""),
    "900 nested parts": (nested(900), "too-deep"),
    "a line of 40 KB": (plain(b"x" * 40_000), ""),
    "16,000 quotes on a line": (plain(b">" * 16_000 + b" hola"), ""),
    "16,000 quoted lines": (plain(b"> hola\r\n" * 16_000), ""),
    "16,000 quotation marks in To": (mail(b"x", b"To: " + b'"' * 16_000), ""),
    "50,000 parts": (parts(50_000), "too-many-parts"),
    "40,000 divs": (html(b"<div>" * 40_000), "html-too-large"),
    "32,000 comments": (html(b"<!--" * 32_000), "html-too-large"),
    "1 MiB of subject": (mail(b"x", b"Subject: " + b"x" * MIB), "header-too-long"),
    "encoded words without end": (mail(b"x", b"Subject: " + b"=?utf-8?q?" * 1600), ""),
    "30,000 To fields": (mail(b"x", *[b"To: a@b.example"] * 30_000), "too-many-headers"),
    "one line that begins like an attribution": (plain(b"El " * 300_000), ""),
    "a calendar of parameters": (calendar(15_000), ""),
    "one result of the border many times": (
        signed(b"Authentication-Results: mx.example.com; " + b"dmarc=pass " * 350 + b"\r\n"),
        "",
    ),
    "comments of the border that never end": (
        signed(b"Authentication-Results: mx.example.com; " + b"((" * 1_900 + b"\r\n"),
        "",
    ),
    "a signature of 200 KB": (signed(b"DKIM-Signature: " + b"a=b; " * 40_000 + b"\r\n"), "header-too-long"),
    "60,000 empty fields": (signed(b"A:\r\n" * 60_000), ""),
}
"""By name, a mail that is read within a second, and the note on what was beyond a limit; "" for none."""
