from base64 import b64encode
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.bounce_report import read_report
from gateway.mail.opening import open_mail
from gateway.mail.parse import parse
from gateway.mail.report import DIAGNOSTIC_CHARACTERS, Delivery, Report
from tests.mail.making import parsed_mail

POSTFIX = """\
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

This is the mail system at host mail.acme.com.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.acme.com
Arrival-Date: Mon, 23 Nov 2026 10:00:00 -0300

Final-Recipient: rfc822; ana@acme.com
Original-Recipient: rfc822;Ana@Acme.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <ana@acme.com>: Recipient address rejected:
    User unknown

--b
Content-Type: message/rfc822

From: soporte@example.com
Message-ID: <abc@mail.example.com>
Subject: Red

Ya anda
--b--
"""
FAILED = Report(
    Delivery.FAILED,
    "ana@acme.com",
    "5.1.1",
    "550 5.1.1 <ana@acme.com>: Recipient address rejected: User unknown",
    "abc@mail.example.com",
)

RECEIPT = """\
Subject: Leído: Red
Content-Type: multipart/report; report-type=disposition-notification; boundary=b

--b

Su mensaje fue leído.

--b
Content-Type: message/disposition-notification

Reporting-UA: acme.com; Microsoft Outlook 16.0
Final-Recipient: rfc822;ana@acme.com
Original-Message-ID: <abc@mail.example.com>
Disposition: manual-action/MDN-sent-manually; displayed

--b--
"""


def report_with(*blocks):
    status = "\n\n".join(("Reporting-MTA: dns; mail.acme.com", *blocks))
    head = "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status"
    return f"{head}\n\n{status}\n--b--\n"


def read(text):
    raw = text.replace("\n", "\r\n").encode()
    return read_report(open_mail(raw, attached_too=True)[0], parse(raw))


def test_a_report_of_postfix_is_read_whole():
    assert read(POSTFIX) == FAILED


def test_a_report_that_a_gateway_made_plain_text_reads_the_same():
    report = read(POSTFIX.replace("message/delivery-status", "text/plain"))
    assert (report.delivery, report.recipient, report.status) == (Delivery.FAILED, "ana@acme.com", "5.1.1")
    assert report.diagnostic.startswith("550 5.1.1")


def test_a_status_part_in_base64_reads_the_same():
    status = POSTFIX.partition("message/delivery-status\n\n")[2].partition("\n--b")[0]
    encoded = b64encode(status.encode()).decode()
    text = POSTFIX.replace("delivery-status\n\n", "delivery-status\nContent-Transfer-Encoding: base64\n\n", 1)
    assert read(text.replace(status, encoded)) == FAILED


def test_a_refusal_in_the_form_of_a_receipt_is_a_failure():
    receipt = RECEIPT.replace("displayed", "deleted").replace(
        "Subject: Leído", "Subject: Automatically rejected mail"
    )
    assert read(receipt).delivery is Delivery.FAILED


@pytest.mark.parametrize(
    ("disposition", "delivery"),
    [
        pytest.param("manual-action/MDN-sent-manually; displayed", Delivery.READ, id="shown"),
        pytest.param("automatic-action/MDN-sent-automatically;displayed", Delivery.READ, id="no blank"),
        pytest.param("manual-action/MDN-sent-automatically; deleted", Delivery.UNREAD, id="deleted unread"),
    ],
)
def test_read_receipts(disposition, delivery):
    report = read(RECEIPT.replace("manual-action/MDN-sent-manually; displayed", disposition))
    assert report == Report(delivery, "ana@acme.com", None, message_id="abc@mail.example.com")


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        pytest.param("Action: failed\nStatus: 5.0.0", (Delivery.FAILED, "5.0.0"), id="failed"),
        pytest.param(
            "Action: Failed (no such user)\nStatus: 5.1.1 (x)", (Delivery.FAILED, "5.1.1"), id="comments"
        ),
        pytest.param("Action: failed\nStatus: 4.4.7", (Delivery.FAILED, "4.4.7"), id="given up after delays"),
        pytest.param("Action: delayed\nStatus: 4.4.1", (Delivery.DELAYED, "4.4.1"), id="delayed"),
        pytest.param("Action: delivered\nStatus: 2.0.0", (Delivery.DELIVERED, "2.0.0"), id="delivered"),
        pytest.param("Action: relayed", (Delivery.DELIVERED, None), id="relayed without a status"),
        pytest.param("Action: error\nStatus: 5.1.1", (Delivery.FAILED, "5.1.1"), id="action of OpenSMTPD"),
        pytest.param("Status: 5.2.2", (Delivery.FAILED, "5.2.2"), id="status without an action"),
        pytest.param("Status: 4.2.2", (Delivery.DELAYED, "4.2.2"), id="passing status without an action"),
        pytest.param(
            "Action: failed\nDiagnostic-Code: smtp; 552 5.2.2 full",
            (Delivery.FAILED, "5.2.2"),
            id="status in the words",
        ),
        pytest.param("Action: failed\nStatus: 550", (Delivery.FAILED, None), id="no status of RFC 3463"),
    ],
)
def test_what_became_of_a_mail(block, expected):
    report = read(report_with(f"Final-Recipient: rfc822; ana@acme.com\n{block}"))
    assert (report.delivery, report.status) == expected
    assert report.recipient == "ana@acme.com"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param("Final-Recipient: rfc822; <Ana@acme.com>", "ana@acme.com", id="in brackets"),
        pytest.param("Final-Recipient: ana@acme.com", "ana@acme.com", id="without a type"),
        pytest.param("Final-Recipient: utf-8; josé@acme.com", "josé@acme.com", id="in UTF-8"),
        pytest.param(
            "Original-Recipient: rfc822;ana@acme.com\nFinal-Recipient: rfc822;ana@other.net",
            "ana@acme.com",
            id="the one we wrote to, not the one it was passed on to",
        ),
        pytest.param(
            "Original-Recipient: unknown;\nFinal-Recipient: rfc822;ana@acme.com",
            "ana@acme.com",
            id="original unknown",
        ),
        pytest.param("X-Nothing: 1", None, id="not told"),
    ],
)
def test_recipient(field, expected):
    assert read(report_with(f"{field}\nAction: failed")).recipient == expected


def test_of_several_recipients_the_gravest_counts():
    report = read(report_with("Action: delivered", "Action: failed\nStatus: 5.1.1", "Action: delayed"))
    assert (report.delivery, report.status) == (Delivery.FAILED, "5.1.1")


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        pytest.param("message/rfc822\n\nMessage-ID: <a@b>\n\nx", "a@b", id="whole mail"),
        pytest.param("text/rfc822-headers\n\nSubject: x\nMessage-Id: <a@b>\n", "a@b", id="headers"),
        pytest.param("text/rfc822-headers\n\nMessage-ID:\n <a@b>\n", "a@b", id="folded headers"),
        pytest.param("message/global-headers\n\nMessage-ID: <a@b>\n", "a@b", id="headers in UTF-8"),
        pytest.param("text/plain\n\nMessage-ID: <a@b>\n", None, id="somebody's words"),
        pytest.param("message/rfc822\n\nSubject: x\n\nMessage-ID: <a@b>\n", None, id="words inside the mail"),
    ],
)
def test_the_mail_reported_on(returned, expected):
    text = report_with("Action: failed").replace("--b--", f"--b\nContent-Type: {returned}\n--b--")
    assert read(text).message_id == expected


def test_a_diagnostic_is_one_bounded_line():
    report = read(report_with("Action: failed\nDiagnostic-Code: smtp; \u202e550 " + "x" * 900))
    assert len(report.diagnostic) <= DIAGNOSTIC_CHARACTERS
    assert report.diagnostic.isprintable()


@pytest.mark.parametrize(
    ("text", "delivery"),
    [
        pytest.param(
            "From: MAILER-DAEMON@acme.com\nSubject: failure notice\n\n"
            "Hi. This is the qmail-send program at acme.com.\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
            "<ana@acme.com>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 unknown\n\n"
            "--- Below this line is a copy of the message.\n\nSubject: Red\n",
            Delivery.FAILED,
            id="qmail",
        ),
        pytest.param(
            "From: mailer-daemon@acme.com\nX-Failed-Recipients: ana@acme.com\n"
            "Subject: Mail delivery failed\n\n"
            "This message was created automatically by mail delivery software.\n",
            Delivery.FAILED,
            id="Exim",
        ),
    ],
)
def test_reports_in_plain_words(text, delivery):
    report = read(text)
    assert (report.delivery, report.recipient) == (delivery, "ana@acme.com")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Subject: Red\n\nNo anda\n", id="mail of a person"),
        pytest.param(report_with(), id="report without a recipient"),
        pytest.param(report_with("Action: dancing"), id="unknown action"),
        pytest.param(
            "Content-Type: multipart/mixed; boundary=o\n\n--o\n"
            f"Content-Type: message/rfc822\n\n{POSTFIX}\n--o--\n",
            id="report that somebody attached",
        ),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_no_report_is_none(text):
    assert read(text) is None


@given(st.binary(max_size=400))
def test_no_bytes_make_a_report_raise(noise):
    raw = POSTFIX.encode().replace(b"Action: failed", noise)
    read_report(message_from_bytes(raw), parsed_mail(text=noise.decode("latin-1")))
    read_report(message_from_bytes(noise), parsed_mail(text=noise.decode("latin-1")))
