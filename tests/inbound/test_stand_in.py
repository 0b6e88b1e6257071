from email import message_from_bytes, policy

from gateway.inbound import stand_in

HEAD = (
    b"Return-Path: <a@x>\r\nReceived: from a\r\n by b\r\nFrom: a@x\r\nSubject: =?utf-8?q?a=C3=B1o?=\r\n"
    b"Message-ID: <1@x>\r\nIn-Reply-To: <2@x>\r\nReferences: <2@x>\r\n <3@x>\r\n"
    b"Auto-Submitted: auto-replied\r\n"
    b"Delivered-To: soporte+token@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n"
    b' boundary="x"\r\nContent-Transfer-Encoding: base64\r\n'
)


def too_large(head: bytes) -> bytes:
    return stand_in.too_large(head, size=41_000_001, most=36_700_160, mailbox="soporte", folder="INBOX")


def test_it_keeps_who_wrote_and_how_but_not_what_ties_it_to_a_request():
    mail = message_from_bytes(too_large(HEAD + b"\r\n--x\r\n"), policy=policy.default)
    assert [mail[name] for name in ("From", "Subject", "Message-ID")] == ["a@x", "año", "<1@x>"]
    assert mail["Return-Path"] == "<a@x>"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["Received"] == "from a by b"
    assert [mail[name] for name in ("In-Reply-To", "References", "Delivered-To")] == [None, None, None]
    assert mail.get_all("Content-Type") == ['text/plain; charset="utf-8"']


def test_it_says_how_large_the_mail_is_and_where_it_lies():
    text = message_from_bytes(too_large(HEAD), policy=policy.default).get_content()
    assert "pesa 42 MB, más de los 36 MB" in text
    assert "buzón «soporte», carpeta «INBOX»" in text
    assert 'mailbox "soporte", folder "INBOX"' in text


def test_without_a_header_it_has_a_subject_of_its_own():
    mail = message_from_bytes(stand_in.unreadable(b"", mailbox="a", folder="b"), policy=policy.default)
    assert mail["From"] is None
    assert "no se pudo leer" in mail["Subject"]


def test_lines_that_are_no_fields_are_left_out():
    assert stand_in.unreadable(b"From x\r\n y\r\nA: b\r\n", mailbox="a", folder="b").startswith(
        b"A: b\r\nMIME"
    )
