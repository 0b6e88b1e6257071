"""A notice becomes one mail: what stands in it, and what never does."""

import base64
import email
import email.policy
import re
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.addresses import Address
from gateway.mail.compose import Automatic, Notice, Template, assemble, compose
from gateway.rules.lifecycle import Channel
from tests.mail.notices import LAURA, MARTIN, TEMPLATES, TICKET, file, notice, values


def written(sent: Notice, blobs: dict[str, bytes] | None = None) -> bytes:
    return assemble(compose(sent, TEMPLATES), (blobs or {}).__getitem__)


def parsed(sent: Notice, blobs: dict[str, bytes] | None = None) -> EmailMessage:
    message = email.message_from_bytes(written(sent, blobs), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_headers_say_who_writes_where_answers_go_and_which_conversation_it_is():
    message = parsed(notice())
    assert str(message["From"]) == '"Martín Sosa (Soporte Sysmo)" <soporte@sysmo.example>'
    assert str(message["Reply-To"]) == "soporte+p4x9d1@sysmo.example"
    assert str(message["To"]) == "Laura Giménez <laura.gimenez@andina.example>"
    assert str(message["Subject"]) == "Re: No puedo emitir facturas A desde ayer [#1042-k7q2]"
    assert str(message["Message-ID"]) == "<p4x9d1k7f3m2a5b6@sysmo.example>"
    assert str(message["In-Reply-To"]) == "<orig-2@andina.example>"
    assert str(message["References"]) == "<orig-1@andina.example> <orig-2@andina.example>"
    assert str(message["Date"]) == "Tue, 12 May 2026 10:42:00 -0300"
    assert message.get_content_type() == "multipart/alternative"


def test_automatic_mail_says_so():
    message = parsed(notice(automatic=Automatic.REPLIED))
    assert str(message["Auto-Submitted"]) == "auto-replied"
    assert str(message["X-Auto-Response-Suppress"]) == "All"
    assert str(message["X-Sysmo-Loop"]) == "k3j4h5"


def test_a_persons_mail_carries_no_sign_of_a_machine():
    message = parsed(notice(Template.OPERATOR_REPLY, automatic=None))
    for name in ("Auto-Submitted", "X-Auto-Response-Suppress", "X-Sysmo-Loop", "Precedence", "List-Id"):
        assert message[name] is None


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("template", list(Template))
def test_every_mail_is_ascii_with_short_crlf_lines(template, language):
    data = written(notice(template, language=language, values=values(believed=True)))
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 76
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")


def test_the_long_thread_keeps_its_first_and_its_newest_references():
    ids = tuple(f"{n}@andina.example" for n in range(60))
    kept = str(parsed(notice(references=ids))["References"]).split()
    assert (kept[0], kept[1], kept[-1], len(kept)) == (f"<{ids[0]}>", f"<{ids[41]}>", f"<{ids[59]}>", 20)


def test_attachments_travel_along_byte_for_byte():
    blobs = {"a" * 64: bytes(range(256)) * 40, "b" * 64: b""}
    files = (
        file("año 2026 – Señor\u202e.png", sha256="a" * 64),
        replace(file("mail.eml", sha256="b" * 64), content_type="message/rfc822"),
    )
    message = parsed(notice(attached=files), blobs)
    assert message.get_content_type() == "multipart/mixed"
    picture, mail = message.iter_attachments()
    assert picture.get_filename() == "año 2026 – Señor.png"
    assert picture.get_content() == blobs["a" * 64]
    assert mail.get_content_type() == "application/octet-stream"
    assert mail.get_content() == b""


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("text/html\r\nBcc: x@evil.example", id="with a line break"),
        pytest.param("multipart/mixed; boundary=x", id="a multipart"),
        pytest.param("sí/no", id="not ASCII"),
        pytest.param("", id="empty"),
    ],
)
def test_a_strange_content_type_becomes_octet_stream(content_type):
    (part,) = compose(notice(attached=(replace(file(), content_type=content_type),)), TEMPLATES).parts
    assert b"Content-Type: application/octet-stream\r\n" in part.header


def test_composing_and_assembling_twice_give_the_same_bytes():
    sent = notice(attached=(file(),))
    blobs = {"0" * 64: b"x" * 1000}
    assert written(sent, blobs) == written(sent, blobs)


def test_attachments_stay_out_of_the_stored_pieces():
    composed = compose(notice(attached=(file(),)), TEMPLATES)
    blob = b"canary" * 500
    whole = assemble(composed, lambda _: blob)
    assert base64.b64encode(blob)[:70] in whole
    assert base64.b64encode(blob)[:70] not in composed.head + composed.parts[0].header + composed.tail


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("language", ["es", "en"])
def test_an_acknowledgement_to_an_unproven_sender_repeats_nothing_of_theirs(language, channel):
    canaries = values(
        believed=False,
        recipient="CANARYname",
        text="CANARYtext",
        author=replace(LAURA, name="CANARYauthor"),
        refused=("CANARY.exe",),
        ticket=replace(TICKET, subject="CANARYsubject", requester="CANARYrequester", channel=channel),
    )
    data = written(
        notice(
            Template.ACKNOWLEDGEMENT,
            language=language,
            subject="Re: CANARYsubject [#1042-k7q2]",
            to=Address("laura.gimenez@andina.example", "CANARYname"),
            values=canaries,
            attached=(file("CANARY.png"),),
            linked=(file("CANARY.zip"),),
        )
    )
    assert b"CANARY" not in data.replace(b"=\r\n", b"")
    assert b"1042" in data


def test_an_acknowledgement_to_a_proven_sender_repeats_the_subject_without_links():
    ticket = replace(
        TICKET, subject="Ganá plata en https://evil.example/x www.evil.example a@evil.example ya"
    )
    sent = notice(Template.ACKNOWLEDGEMENT, values=values(believed=True, ticket=ticket, text="CANARY"))
    message = parsed(sent)
    assert str(message["Subject"]) == "Re: Ganá plata en ya [#1042-k7q2]"
    assert "Hola, Laura." in text_of(message, "plain")
    assert "evil" not in message.as_string()
    assert b"CANARY" not in written(sent)


def test_a_reply_shows_its_text_and_signature_and_never_the_operators_address():
    author = replace(MARTIN, email="martin.privado@sysmo.example", company="Interna S.A.")
    shown = values(author=author, text="Listo.\n\n<b>Hola</b>")
    message = parsed(notice(Template.OPERATOR_REPLY, values=shown))
    assert text_of(message, "plain").startswith(
        "Listo.\n\n<b>Hola</b>\n\nMartín Sosa\nSoporte Sysmo\n\n-- \n"
    )
    assert "&lt;b&gt;Hola&lt;/b&gt;" in text_of(message, "html")
    assert "privado" not in message.as_string()
    assert "Interna" not in message.as_string()


def test_expressions_in_what_people_write_come_out_literally():
    words = "{{ 7*7 }} ${7*7} <%= 7*7 %> #{7*7} {% raw %}"
    message = parsed(notice(values=values(text=words, ticket=replace(TICKET, subject=words))))
    assert text_of(message, "plain").count(words) == 2
    assert "49" not in text_of(message, "html")


hostile = st.text(max_size=60) | st.sampled_from(
    [
        "a\r\nBcc: x@evil.example",
        "=?utf-8?q?a=0D=0ABcc:_x@evil.example?=",
        "=?utf-8?b?DQpCY2M6IHg=?= b",
        "x" * 2000,
        "ñ" * 400,
        '"><script>',
        "\u2028\x00\x85",
        "a <b@evil.example>, c",
        "日本語" * 60,
    ]
)


@settings(max_examples=150, deadline=None)
@given(name=hostile, subject=hostile, identifier=hostile, filename=hostile, address=hostile)
def test_no_value_breaks_out_of_its_header(name, subject, identifier, filename, address):
    sent = notice(
        sender=Address("soporte@sysmo.example", name),
        to=Address(address, name),
        reply_to=address or None,
        subject=subject,
        message_id=identifier,
        in_reply_to=identifier,
        references=(identifier,),
        loop=name,
        attached=(file(filename),),
    )
    data = written(sent, {"0" * 64: b"x"})
    head = data.partition(b"\r\n\r\n")[0]
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")
    names = re.findall(rb"(?m)^([A-Za-z-]+):", head)
    assert len(names) == len(set(names))
    assert set(names) <= {name.encode() for name in KNOWN_FIELDS}
    for value in email.message_from_bytes(data).values():  # unfolded by hand: policy.default has bugs
        decoded = str(make_header(decode_header(re.sub(r"\r?\n(?=[ \t])", "", value))))
        assert not set("\r\n\0") & set(decoded)


KNOWN_FIELDS = (
    "Date", "From", "Reply-To", "To", "Subject", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "X-Sysmo-Loop", "MIME-Version", "Content-Type",
)  # fmt: skip
