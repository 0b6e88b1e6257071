"""What must hold for any octets at all: one target a parser, each taking octets and asserting.

`tests/mail/test_fuzz.py` feeds them from hypothesis, a little on every run of the suite;
`tests/fuzz/guided.py` from a coverage-guided fuzzer, for as long as somebody lets it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import fields

from selectolax.lexbor import LexborHTMLParser

from gateway.mail import (
    authentication,
    bounce_report,
    charsets,
    flowed,
    headers,
    html,
    rtf,
    smime,
    subject,
    transfer_encoding,
)
from gateway.mail.addresses import normal_form, parse_address_field, strict_mailbox
from gateway.mail.border_results import dmarc
from gateway.mail.classify import Kind, classify
from gateway.mail.clues import find_clues
from gateway.mail.commands import COMMANDS, find_commands
from gateway.mail.dkim_check import Finding, check
from gateway.mail.encoded_words import decode_words
from gateway.mail.interpret import read
from gateway.mail.invitations import invitation_in
from gateway.mail.opening import open_mail
from gateway.mail.parse import parse
from gateway.mail.peek import peek
from gateway.mail.quoting import own_words
from gateway.mail.reading import Arrival, Surroundings
from gateway.mail.unreadable import what_is_left
from gateway.mail.winmail import open_winmail
from gateway.rules import limits
from gateway.rules.people import Verdict

REPLY_ADDRESS = "soporte+{token}@example.com"
SURROUNDINGS = Surroundings("example.com", REPLY_ADDRESS, "here", ("mx.example.com",), dkim=False)
ARRIVAL = Arrival("imap", "", ("soporte@example.com",), listed_peer=False)
HARMLESS = frozenset("href src alt title rel width height colspan rowspan start".split())  # noqa: SIM905
LABELS = (None, "utf-8", "iso-8859-1", "windows-1252", "utf-16", "utf-7", "iso-2022-jp", "gbk", "zip", "idna")
ENCODINGS = ("", "base64", "quoted-printable", "x-uuencode", "8bit")


def text_of(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def as_in_a_header(octets: bytes) -> str:
    """Text as the standard library hands over a field: raw octets stand there as surrogates."""
    return octets.decode("ascii", "surrogateescape")


def is_clean(text: str) -> bool:
    """Whether text can be stored and sent: no control but tab and line feed, no half character."""
    return charsets.clean(text) == text and text.encode("utf-8").decode() == text


def fuzz_read(octets: bytes) -> None:
    """No step breaks: then "unreadable" would be noted, and the step's error hidden."""
    reading = read(octets, ARRIVAL, SURROUNDINGS)
    assert "unreadable" not in reading.notes
    for each in fields(reading):
        value = getattr(reading, each.name)
        assert not isinstance(value, str) or is_clean(value), each.name
    assert reading.verdict is not Verdict.PASS


def fuzz_parse(octets: bytes) -> None:
    mail = parse(octets)
    assert len(mail.text) <= limits.SHOWN_TEXT
    assert is_clean(mail.text)
    assert is_clean(mail.html)
    assert max(len(mail.from_), len(mail.to), len(mail.cc)) <= limits.ADDRESSES
    assert len(mail.references) <= limits.REFERENCES
    assert len(mail.subject) <= limits.SUBJECT_CHARACTERS
    for name, value in mail.headers:
        assert "\n" not in name + value
        assert is_clean(value)
    for file in mail.attachments:
        assert 0 < len(file.filename) <= limits.FILENAME_CHARACTERS
        assert is_clean(file.filename)
        assert not {"/", "\\", "\n", "\0"} & set(file.filename)


def fuzz_what_is_left(octets: bytes) -> None:
    mail = what_is_left(octets)
    assert [file.content for file in mail.attachments] == [octets]
    seen = peek(octets)
    assert seen.message_id is None or "<" not in seen.message_id


def fuzz_headers(octets: bytes) -> None:
    value = headers.unfold(as_in_a_header(octets))
    assert "\n" not in value
    token, found = headers.parameters(value)
    assert token == token.lower()
    assert all(is_clean(each) for each in (token, *found.values()))


def fuzz_encoded_words(octets: bytes) -> None:
    written = headers.unfold(as_in_a_header(octets))
    said = decode_words(written)
    assert said.encode("utf-8").decode() == said
    assert said.count("\n") <= written.count("\n")
    if "=?" not in written:
        assert said == written


def fuzz_addresses(octets: bytes) -> None:
    value = headers.unfold(as_in_a_header(octets))
    found = parse_address_field(value)
    assert len(found) <= limits.ADDRESSES
    for each in found:
        assert normal_form(each.email) == each.email
        assert is_clean(each.name)
        assert "\n" not in each.name
    only = strict_mailbox(value)
    assert only is None or [each.email for each in found] == [only.email]


def fuzz_html_text(octets: bytes) -> None:
    assert isinstance(html.to_text(text_of(octets)), str)


def fuzz_safe_html(octets: bytes) -> None:
    shown = html.safe(charsets.clean(text_of(octets)))
    assert html.safe(shown) == shown
    page = LexborHTMLParser(shown)
    assert not page.css("script, style, form, iframe, svg, object, embed, link, meta, base, input")[:1]
    for node in page.css("*"):
        assert set(node.attributes) <= HARMLESS
        assert (node.attributes.get("href") or "http").lower().startswith(("http", "mailto:"))
        assert (node.attributes.get("src") or "cid:").lower().startswith("cid:")


def fuzz_flowed(octets: bytes) -> None:
    text = charsets.clean(text_of(octets))
    for delete_space in (False, True):
        assert _letters(flowed.joined(text, delete_space=delete_space)) == _letters(text)


def fuzz_charsets(octets: bytes) -> None:
    for label in (*LABELS, text_of(octets[:40])):
        said = charsets.decode(octets, label)
        assert said.encode("utf-8").decode() == said


def fuzz_transfer_encoding(octets: bytes) -> None:
    for encoding in ENCODINGS:
        found = transfer_encoding.octets_of(octets.decode("ascii", "surrogateescape"), encoding)
        assert len(found) <= max(len(octets), 63 * len(octets.splitlines()))
        assert encoding not in ("", "8bit") or found == octets


def fuzz_subject(octets: bytes) -> None:
    said = text_of(octets)
    written = subject.write(said, 1042, "k7q2")
    assert subject.find_code(written) == (1042, "k7q2")
    assert "\n" not in written
    assert subject.is_reply(said) in (True, False)
    assert subject.is_forward(said) in (True, False)


def fuzz_clues(octets: bytes) -> None:
    mail = parse(octets)
    clues = find_clues(mail, ("soporte@example.com",), "example.com", REPLY_ADDRESS)
    assert len(clues) == len(set(clues)) <= 2 * limits.REFERENCES + 3 * limits.ADDRESSES


def fuzz_commands(octets: bytes) -> None:
    text = charsets.clean(text_of(octets))
    found = find_commands(text)
    assert len(found.given) <= COMMANDS
    if not found.given and not found.mistakes:
        assert found.rest == text.strip("\r\n")


def fuzz_quoting(octets: bytes) -> None:
    text = charsets.clean(text_of(octets))
    for is_reply in (False, True):
        own, quoted = own_words.split(text, "", is_reply=is_reply)
        assert _lines(own) + _lines(quoted) == _lines(text)
        assert own.strip() or not text.strip()


def fuzz_classify(octets: bytes) -> None:
    mail = parse(octets)
    for envelope_from in (None, "", "ana@cliente.example"):
        found = classify(mail, envelope_from=envelope_from, installation="here", domain="example.com")
        assert found.kind in Kind
        assert found.reason


def fuzz_bounce_report(octets: bytes) -> None:
    message, _ = open_mail(octets, attached_too=True)
    bounce_report.read_report(message, parse(octets))


def fuzz_authentication_results(octets: bytes) -> None:
    """Whatever stands below the first Received of another server counts for nothing."""
    value = headers.unfold(as_in_a_header(octets))
    below = (("received", "from x by evil.example; now"), ("authentication-results", value))
    assert dmarc(below, ("mx.example.com",), "cliente.example") is None
    dmarc((("authentication-results", value),), ("mx.example.com",), "cliente.example")
    authentication.header_fields(octets)


def fuzz_dkim(octets: bytes) -> None:
    """No octets are signed by a key that nobody has."""
    key = b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    field = b"DKIM-Signature: v=1; a=ed25519-sha256; d=cliente.example; s=a; h=from; " + octets
    for raw in (octets, field + b"\r\nFrom: ana@cliente.example\r\n\r\nhola\r\n"):
        assert check(raw, "cliente.example", lambda name, seconds: key, at=1.8e9) is not Finding.VALID


def fuzz_invitation(octets: bytes) -> None:
    for content in (octets, b"BEGIN:VEVENT\n" + octets):
        found = invitation_in(content)
        assert found is None or is_clean(found.paragraph)
        assert found is None or found.paragraph.count("\n") < 6
        assert found is None or len(found.paragraph) < 2_500


def fuzz_winmail(octets: bytes) -> None:
    for content in (octets, b"\x78\x9f\x3e\x22\x01\x00" + octets):
        found = open_winmail(content)
        if found is not None:
            assert sum(len(each.content) for each in found.files) <= len(content)
            assert is_clean(found.text)
            assert is_clean(found.html)


def fuzz_rtf(octets: bytes) -> None:
    for document in (octets, b"{\\rtf1\\fromhtml1 " + octets):
        assert all(is_clean(each) for each in rtf.words_of(document))
    with suppress(ValueError):
        assert len(rtf.decompress(b"\0" * 8 + b"LZFu" + b"\0" * 4 + octets, 5_000)) <= 5_000


def fuzz_smime(octets: bytes) -> None:
    assert len(smime.signed_content(octets)) <= len(octets)
    assert smime.kind_of(octets) in (None, *smime.Envelope)


def _letters(text: str) -> str:
    return "".join(text.replace(">", "").split())


def _lines(text: str) -> Counter[str]:
    return Counter(line.strip() for line in text.split("\n") if line.strip())


def _named(each: Iterable[Callable[[bytes], None]]) -> Mapping[str, Callable[[bytes], None]]:
    return {target.__name__.removeprefix("fuzz_"): target for target in each}


TARGETS = _named(value for name, value in dict(globals()).items() if name.startswith("fuzz_"))
