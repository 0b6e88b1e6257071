"""Bytes and envelope → Reading: nothing breaks it, two deliveries of one mail are known for one (D4, E1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail import interpret
from gateway.mail.classify import Kind
from gateway.mail.digest import digest
from gateway.mail.interpret import read
from gateway.mail.reading import Arrival, Reading, Surroundings
from gateway.reader import protocol
from gateway.rules.people import Verdict
from tests.mail.test_corpus import MAILS

SURROUNDINGS = Surroundings("example.com", "soporte+{token}@example.com", "here", dkim=False)
ARRIVAL = Arrival("smtp", "ana@cliente.example", ("soporte@example.com",), listed_peer=False)
MAIL = (
    b"Received: from a by b\r\nFrom: Ana <ana@cliente.example>\r\nTo: soporte@example.com\r\n"
    b"Subject: Impresora\r\n del piso 2\r\nDate: Mon, 3 Nov 2025 10:00:00 -0300\r\n\r\nNo anda.\r\n"
)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(MAIL.replace(b"\r\n", b"\n"), id="fetched with other line ends"),
        pytest.param(b"Delivered-To: x\r\nX-Spam: no\r\n" + MAIL, id="more trace fields"),
        pytest.param(MAIL.replace(b"Received: from a by b\r\n", b""), id="fewer trace fields"),
        pytest.param(MAIL.replace(b"\r\n del", b" del"), id="folded otherwise"),
        pytest.param(MAIL.replace(b"Subject", b"SUBJECT"), id="field names in capitals"),
        pytest.param(MAIL + b"\r\n\r\n", id="blank lines at the end"),
        pytest.param(
            b"To: soporte@example.com\r\n" + MAIL.replace(b"To: soporte@example.com\r\n", b""), id="order"
        ),
    ],
)
def test_the_same_mail_has_the_same_digest(other):
    assert digest(other) == digest(MAIL)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(MAIL.replace(b"No anda", b"Ya anda"), id="body"),
        pytest.param(MAIL.replace(b"Impresora", b"Monitor"), id="subject"),
        pytest.param(MAIL.replace(b"ana@", b"eva@"), id="sender"),
        pytest.param(MAIL.replace(b"To: soporte", b"To: ventas"), id="recipient"),
        pytest.param(MAIL.replace(b"10:00", b"10:01"), id="date"),
        pytest.param(
            MAIL.replace(b"Subject: Impresora", b"Impresora: Subject"), id="value under another name"
        ),
        pytest.param(b"From: x@y.example\r\n" + MAIL, id="one more From"),
        pytest.param(b"\r\n" + MAIL, id="all of it is body"),
    ],
)
def test_another_mail_has_another_digest(other):
    assert digest(other) != digest(MAIL)


def test_a_reply_is_split_and_a_forward_is_not():
    quoted = b"\r\n\r\n> cita\r\n"
    reply = MAIL.replace(b"Subject: ", b"Subject: Re: ").replace(b"\r\nNo anda.", b"\r\nNo anda." + quoted)
    assert (read(reply, ARRIVAL, SURROUNDINGS).text, read(reply, ARRIVAL, SURROUNDINGS).quoted) == (
        "No anda.",
        "> cita",
    )
    forward = reply.replace(b"Re: ", b"RV: ").replace(b"Date:", b"References: <a@b.example>\r\nDate:")
    assert read(forward, ARRIVAL, SURROUNDINGS).quoted == ""


def test_an_image_the_html_shows_is_inline_whatever_its_disposition_says():
    raw = (
        b'From: a@b.example\r\nContent-Type: multipart/related; boundary="x"\r\n\r\n'
        b"--x\r\nContent-Type: text/html\r\n\r\n"
        b'<p>a</p><img src="cid:ii_1">\r\n--x\r\nContent-Type: image/png; name=a.png\r\n'
        b"Content-Disposition: attachment; filename=a.png\r\nContent-ID: <ii_1>\r\n\r\nx\r\n--x--\r\n"
    )
    (image,) = read(raw, ARRIVAL, SURROUNDINGS).attachments
    assert image.inline


@pytest.mark.parametrize("step", ["parse", "digest", "_sender", "_is_reply"])
def test_a_mail_that_breaks_a_step_is_still_read_as_far_as_it_goes(monkeypatch, step):
    calls = []

    def breaks(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise RecursionError
        return original(*arguments)

    original = getattr(interpret, step)
    monkeypatch.setattr(interpret, step, breaks)
    result = read(MAIL, ARRIVAL, SURROUNDINGS)
    assert result.unreadable
    assert result.sender.email == "ana@cliente.example"
    assert result.subject == "Impresora del piso 2"
    assert result.kind is Kind.PERSON
    assert result.verdict is Verdict.NONE
    assert result.from_list  # nobody gets an automatic answer to what nobody could read
    assert [(each.filename, each.content_type, each.content) for each in result.attachments] == [
        ("mensaje-original.eml", "message/rfc822", MAIL)
    ]


def test_memory_at_its_end_is_not_the_mails_fault(monkeypatch):
    def devours(raw):
        raise MemoryError

    monkeypatch.setattr(interpret, "parse", devours)
    with pytest.raises(MemoryError):
        read(MAIL, ARRIVAL, SURROUNDINGS)


def crosses_the_pipe(raw: bytes) -> Reading:
    """Read a mail and see that what comes of it can be written, sent and stored."""
    result = read(raw, ARRIVAL, SURROUNDINGS)
    header, octets = protocol.plain(result)
    said, _ = protocol.frame(header, octets)
    again = protocol.rebuild(Reading, protocol.parsed(said[protocol.PREFIX.size :]), octets)
    assert again == result
    for text in (result.text, result.quoted, result.html, result.subject):
        assert "\x00" not in text
    return result


@given(st.binary(max_size=400))
def test_random_octets_are_read(raw):
    assert "unreadable" not in crosses_the_pipe(raw).notes


@given(st.sampled_from(MAILS), st.data())
def test_damaged_mails_are_read(file, data):
    raw = file.read_bytes()
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, min(len(raw), start + 40)))
        raw = raw[:start] + data.draw(st.binary(max_size=8)) + raw[end:]
    assert "unreadable" not in crosses_the_pipe(raw).notes


@given(
    st.sampled_from(["From", "To", "Subject", "Date", "Content-Type", "Content-Disposition", "References"]),
    st.text(max_size=60),
)
def test_any_field_may_hold_anything(name, value):
    field = f"{name}: {value}\r\n".encode("utf-8", "replace")
    result = crosses_the_pipe(field + MAIL)
    assert "unreadable" not in result.notes
