"""winmail.dat opened: its text, its files, and what is damaged left alone (MS-OXTNEF, MS-OXRTFCP)."""

import base64
import struct

import pytest

from gateway.mail import rtf
from gateway.mail.parse import parse
from gateway.mail.winmail import open_winmail
from gateway.rules import limits
from tests.mail import tnef

HTML_IN_RTF = (
    rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}}{\*\htmltag19 <html>}"
    rb"{\*\htmltag64 <p>}\htmlrtf {\f0 \htmlrtf0 La impresora de Neuqu\'e9n\htmlrtf }\htmlrtf0"
    rb"{\*\htmltag72 </p>}{\*\mhtmltag72 </x>}}"
)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(rb"{\rtf1\ansi Hola\par chau}", ("Hola\nchau", ""), id="words"),
        pytest.param(rb"{\rtf1\ansi\ansicpg1252 ma\'f1ana}", ("mañana", ""), id="a letter of the code page"),
        pytest.param(rb"{\rtf1\ansi\ansicpg1251 \'ef\'f0}", ("пр", ""), id="another code page"),
        pytest.param(rb"{\rtf1\ansi a\u241?o \u-10179?\u-8704?}", ("año 😀", ""), id="Unicode"),
        pytest.param(rb"{\rtf1\uc2\u241xxo}", ("ño", ""), id="two characters stand in"),
        pytest.param(rb"{\rtf1{\fonttbl{\f0 Arial;}}{\*\generator R}{\pict 8}x}", ("x", ""), id="tables"),
        pytest.param(rb"{\rtf1 a\{b\}\\c\~d}", ("a{b}\\c\u00a0d", ""), id="escaped signs"),
        pytest.param(rb"{\rtf1\bin4 }{{{x}", ("x", ""), id="binary octets are no RTF"),
        pytest.param(rb"{\rtf1 uno\tab dos\cell tres\row}", ("uno\tdos\ttres", ""), id="a table"),
        pytest.param(HTML_IN_RTF, ("", "<html><p>La impresora de Neuquén</p>"), id="the HTML inside"),
        pytest.param(b"}}}\\", ("", ""), id="nothing at all"),
        pytest.param(rb"{\rtf1 \u55357?}", ("\ufffd", ""), id="half a character"),
    ],
)
def test_words_of(document, expected):
    assert rtf.words_of(document) == expected


def test_compressed_rtf_of_the_specification_is_read():
    """The example of MS-OXRTFCP, 4.1.1, and that of 4.2, where a reference overlaps what it makes."""
    first = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert rtf.decompress(first, 1000) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    second = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert rtf.decompress(second, 1000) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_no_more_rtf_is_unpacked_than_asked_for():
    second = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert rtf.decompress(second, 9) == b"{\\rtf1 WX"


def test_text_and_files_come_out_with_their_long_names():
    opened = open_winmail(
        tnef.winmail(
            [tnef.sized(0x1000, "Va el informe de Añelo.\0".encode("cp1252"), 0x1E)],
            tnef.file("Informe año 2026.txt", b"uno"),
            tnef.file("foto.png", b"\x89PNG", tnef.sized(0x3712, b"foto@01\0", 0x1E)),
        )
    )
    assert opened is not None
    assert opened.text == "Va el informe de Añelo."
    assert [(each.filename, each.content, each.content_id) for each in opened.files] == [
        ("Informe año 2026.txt", b"uno", ""),
        ("foto.png", b"\x89PNG", "foto@01"),
    ]
    assert opened.complete


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param([tnef.sized(0x1013, b"<p>\xa1Hola!</p>")], ("", "<p>¡Hola!</p>"), id="HTML"),
        pytest.param(
            [tnef.number(0x3FDE, 65001), tnef.sized(0x1013, "<p>ñ</p>".encode())],
            ("", "<p>ñ</p>"),
            id="HTML in UTF-8, as its code page says",
        ),
        pytest.param([tnef.sized(0x1000, "ñandú".encode("utf-16-le"), 0x1F)], ("ñandú", ""), id="UTF-16"),
        pytest.param(
            [tnef.sized(0x1009, tnef.stored_rtf(rb"{\rtf1 Hola}"))], ("Hola", ""), id="RTF with words"
        ),
        pytest.param(
            [tnef.sized(0x1009, tnef.stored_rtf(HTML_IN_RTF))],
            ("", "<html><p>La impresora de Neuquén</p>"),
            id="RTF with the HTML inside",
        ),
    ],
)
def test_the_body_in_each_form(message, expected):
    opened = open_winmail(tnef.winmail(message))
    assert opened is not None
    assert (opened.text, opened.html) == expected


WHOLE = tnef.winmail([tnef.sized(0x1000, b"hola\0", 0x1E)], tnef.file("a.txt", b"uno"))
MANY_VALUES = struct.pack("<HHI", 0x1002, 0x3FFF, 0xFFFFFFFF)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"PK\x03\x04 not TNEF", id="another kind of file"),
        pytest.param(WHOLE[:-5], id="cut short"),
        pytest.param(tnef.winmail([MANY_VALUES]), id="four thousand million values"),
        pytest.param(tnef.winmail([struct.pack("<HHI", 0x77, 1, 1)]), id="a type nobody knows"),
        pytest.param(tnef.winmail((), *[tnef.file("a", b"")] * (limits.PARTS + 1)), id="too many files"),
        pytest.param(tnef.winmail([tnef.sized(0x1009, b"x" * 40)]), id="RTF that is none"),
    ],
)
def test_what_is_damaged_stays_a_file(octets):
    assert open_winmail(octets) is None
    mail = parse(_mail(octets))
    assert [(each.filename, each.content) for each in mail.attachments] == [("winmail.dat", octets)]


def test_every_cut_of_a_file_is_survived():
    for end in range(len(WHOLE)):
        open_winmail(WHOLE[:end])


def test_an_embedded_mail_keeps_the_winmail_dat_beside_it():
    inner = tnef.winmail([tnef.sized(0x1000, b"adentro\0", 0x1E)])
    embedded = tnef.attribute(0x9002, b"\x02\x00" + b"\xff" * 12, tnef.FILE) + tnef.attribute(
        0x9005, tnef.properties(tnef.sized(0x3701, b"\0" * 16 + inner, 0x0D)), tnef.FILE
    )
    mail = parse(_mail(tnef.winmail((), embedded)))
    assert [each.filename for each in mail.attachments][-1] == "winmail.dat"


def test_words_of_the_mail_itself_come_before_those_inside():
    octets = tnef.winmail([tnef.sized(0x1000, b"adentro\0", 0x1E)])
    assert parse(_mail(octets, "afuera")).text == "afuera"
    assert parse(_mail(octets)).text == "adentro"


def _mail(octets: bytes, text: str = "") -> bytes:
    return (
        b"From: ana@cliente.example\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="l"\r\n\r\n--l\r\n\r\n' + text.encode() + b"\r\n--l\r\n"
        b'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + base64.encodebytes(octets)
        + b"\r\n--l--\r\n"
    )
