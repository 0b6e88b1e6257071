"""Bytes → ParsedMail: charsets, headers, names, the parts, and the limits (invariants B6, B9)."""

import base64
from datetime import UTC, datetime

import pytest

from gateway.mail import charsets, filenames, flowed, headers
from gateway.mail.parse import parse
from gateway.mail.transfer_encoding import unbase64
from gateway.rules import limits


def mail(body: bytes, *fields: str) -> bytes:
    head = ["From: Ana <ana@cliente.example>", "To: soporte@example.com", "Subject: Prueba", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def multipart(*parts: str, kind: str = "mixed") -> bytes:
    body = "".join(f"--lim\r\n{part}\r\n" for part in parts) + "--lim--\r\n"
    return mail(body.encode(), "MIME-Version: 1.0", f'Content-Type: multipart/{kind}; boundary="lim"')


@pytest.mark.parametrize(
    ("octets", "declared", "expected"),
    [
        pytest.param("camión".encode(), "utf-8", "camión", id="as declared"),
        pytest.param("camión".encode("latin-1"), "iso-8859-1", "camión", id="latin-1 as declared"),
        pytest.param("“camión”".encode("cp1252"), "iso-8859-1", "“camión”", id="latin-1 means windows-1252"),
        pytest.param("camión".encode(), "iso-8859-1", "camión", id="UTF-8 that says it is latin-1"),
        pytest.param("camión".encode("latin-1"), "utf-8", "camión", id="latin-1 that says it is UTF-8"),
        pytest.param("camión".encode("latin-1"), "us-ascii", "camión", id="latin-1 that says it is ASCII"),
        pytest.param("camión".encode("latin-1"), None, "camión", id="latin-1 that says nothing"),
        pytest.param("camión".encode(), "x-unknown", "camión", id="a charset that does not exist"),
        pytest.param("camión".encode(), "base64", "camión", id="a codec that is no charset"),
        pytest.param("camión".encode("cp850"), "cp850", "camión", id="a charset of DOS"),
        pytest.param("日本".encode("iso-2022-jp"), "iso-2022-jp", "日本", id="a charset with escapes"),
        pytest.param("camión".encode("utf-16"), "utf-16", "camión", id="UTF-16 with its mark"),
        pytest.param(b"ma\xf1ana", "utf-8\udcdf", "mañana", id="a charset whose name is no text"),
        pytest.param(b"\xef\xbb\xbfhola", None, "hola", id="UTF-8 with a mark"),
        pytest.param(
            "año ".encode() * 999 + b"\xff", "utf-8", "año " * 999 + "\ufffd", id="one broken letter"
        ),
        pytest.param(
            b"\xed\xa0\x80", "utf-8", "í\xa0€".replace("\xa0", "\u00a0"), id="a surrogate is no UTF-8"
        ),
    ],
)
def test_decode(octets, declared, expected):
    assert charsets.decode(octets, declared) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("text/plain", ("text/plain", {}), id="no parameter"),
        pytest.param("Text/HTML; Charset=UTF-8", ("text/html", {"charset": "UTF-8"}), id="case"),
        pytest.param('a/b; name="x;y\\"z"', ("a/b", {"name": 'x;y"z'}), id="quoted semicolon and quote"),
        pytest.param(
            "a/b; name=dos palabras.pdf", ("a/b", {"name": "dos palabras.pdf"}), id="blanks, no quotes"
        ),
        pytest.param('a/b; name="=?utf-8?q?cami=C3=B3n?="', ("a/b", {"name": "camión"}), id="encoded word"),
        pytest.param("a/b; name*=utf-8'es'cami%C3%B3n", ("a/b", {"name": "camión"}), id="RFC 2231"),
        pytest.param(
            "a/b; name*=iso-8859-1''cami%F3n", ("a/b", {"name": "camión"}), id="RFC 2231 in latin-1"
        ),
        pytest.param(
            "a/b; name*1=ion.pdf; name*0*=utf-8''cam%C3%AD", ("a/b", {"name": "camíion.pdf"}), id="sections"
        ),
        pytest.param("a/b; name=x; name*=utf-8''y", ("a/b", {"name": "y"}), id="the extended form wins"),
        pytest.param("a/b; name*=nonsense", ("a/b", {"name": "nonsense"}), id="extended without charset"),
        pytest.param('a/b; name="unfinished', ("a/b", {"name": "unfinished"}), id="quote without end"),
        pytest.param("; ;;= ;", ("", {}), id="nothing at all"),
    ],
)
def test_parameters(value, expected):
    assert headers.parameters(value) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("factura.pdf", "factura.pdf", id="a good name"),
        pytest.param("Año 2025 ñandú.pdf", "Año 2025 ñandú.pdf", id="Spanish letters"),
        pytest.param("../../etc/passwd", "passwd", id="a path"),
        pytest.param("C:\\Users\\Ana\\informe.doc", "informe.doc", id="a path of Windows"),
        pytest.param(".htaccess", "htaccess", id="leading dot"),
        pytest.param("CON.txt", "_CON.txt", id="a device"),
        pytest.param("a\x00b\r\n.pdf", "ab.pdf", id="controls"),
        pytest.param("cv\u202efdp.exe", "cvfdp.exe", id="direction mark"),
        pytest.param("a" * 200 + ".pdf", "a" * 116 + ".pdf", id="too long, ending kept"),
        pytest.param("/", "", id="nothing left"),
        pytest.param('a<b>:"c|?*.txt', "abc.txt", id="what Windows forbids"),
    ],
)
def test_safe_filename(name, expected):
    assert filenames.safe_filename(name) == expected


@pytest.mark.parametrize(
    ("text", "delete_space", "expected"),
    [
        pytest.param("una línea \nlarga\notra", False, "una línea larga\notra", id="soft line end"),
        pytest.param("cam \nión", True, "camión", id="DelSp"),
        pytest.param("> cita \n> larga\nyo", False, "> cita larga\nyo", id="quoted"),
        pytest.param(">> a \n> b", False, ">> a \n> b", id="depth ends a paragraph"),
        pytest.param("chau \n-- \nAna", False, "chau \n-- \nAna", id="signature"),
        pytest.param(" no", False, "no", id="space-stuffed"),
        pytest.param(" >no es cita", False, " >no es cita", id="space-stuffed so as to be no quote"),
    ],
)
def test_joined(text, delete_space, expected):
    assert flowed.joined(text, delete_space=delete_space) == expected


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(b"aG9sYQ==", b"hola", id="as it should be"),
        pytest.param(b"aG9s\r\nYQ==\r\n", b"hola", id="in lines"),
        pytest.param(b"aG9sYQ", b"hola", id="no padding"),
        pytest.param(b"aG9s!YQ==", b"hola", id="a foreign character"),
        pytest.param(b"aG9sYQ==IHZvcw==", b"hola vos", id="two pieces, each padded"),
        pytest.param(b"aG9sY", b"hol", id="cut short"),
        pytest.param(b"No anda.\r\nChau\r\n", b"No anda.\r\nChau\r\n", id="plain text that lies"),
        pytest.param(b"aG9s\nYQ==\n_________\npie\n", b"hola_________\npie\n", id="a footer under it"),
        pytest.param(b"\xff\xfe", b"", id="none at all"),
    ],
)
def test_unbase64(octets, expected):
    assert unbase64(octets) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param(b"Subject: Impresora", "Impresora", id="plain"),
        pytest.param(b"Subject: =?UTF-8?B?w6Fy?=\r\n =?UTF-8?Q?bol?=", "árbol", id="encoded, folded"),
        pytest.param("Subject: Reclamación".encode(), "Reclamación", id="raw UTF-8 (RFC 6532)"),
        pytest.param(
            "Subject: Reclamación".encode("latin-1"), "Reclamación", id="raw latin-1 loses no letter"
        ),
        pytest.param(b"Subject: a\r\nSubject: b", "a", id="two subjects: the first"),
        pytest.param(b"Subject: a\x00b\x1bc", "abc", id="controls"),
        pytest.param(b"Subject: =?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x", id="line end inside a word"),
        pytest.param(b"Subject:" + b" x" * 5000, "x " * 249 + "x…", id="too long"),
    ],
)
def test_subject(field, expected):
    assert parse(b"From: a@b.example\r\n" + field + b"\r\n\r\nhola").subject == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param([], (), id="none"),
        pytest.param(
            ["In-Reply-To: <c@x>", "References: <a@x> <b@x>\r\n <c@x>"], ("c@x", "b@x", "a@x"), id="order"
        ),
        pytest.param(["References: <a@x><b@x>"], ("b@x", "a@x"), id="without blanks"),
        pytest.param(['In-Reply-To: Your message of "Mon" <c@x>'], ("c@x",), id="words around"),
        pytest.param(["References: <a b> <> <"], (), id="broken ones"),
        pytest.param(
            ["In-Reply-To: a@x", "References: c@x\r\n b@x"], ("a@x", "b@x", "c@x"), id="no brackets"
        ),
        pytest.param(["In-Reply-To: ayer, @ las 9"], (), id="words alone"),
        pytest.param(
            ["References: <a@x> <\r\n b@x> <c\r\n\t@x>"], ("c@x", "b@x", "a@x"), id="broken over two lines"
        ),
        pytest.param(["References: <a@x> <b@x> <cut"], ("b@x", "a@x"), id="cut in the middle of one"),
    ],
)
def test_references(fields, expected):
    assert parse(mail(b"hola", *fields)).references == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        pytest.param("Mon, 3 Nov 2025 10:00:00 -0300", datetime(2025, 11, 3, 13, tzinfo=UTC), id="usual"),
        pytest.param("3 Nov 2025 10:00:00 -0300 (ART)", datetime(2025, 11, 3, 13, tzinfo=UTC), id="comment"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 -1200", None, id="beyond the end of time"),
        pytest.param("Mon, 32 Nov 2025 10:00:00 -0300", None, id="no such day"),
        pytest.param("Mon, 3 Nov 2025 10:00:00 +99999999", None, id="no such zone"),
        pytest.param("ayer", None, id="words"),
    ],
)
def test_date(date, expected):
    assert parse(mail(b"hola", f"Date: {date}")).date == expected


@pytest.mark.parametrize(
    ("raw", "text", "files"),
    [
        pytest.param(mail(b"hola\r\n"), "hola", [], id="no MIME at all"),
        pytest.param(
            multipart("\r\nhola", "Content-Type: image/png\r\n\r\nx"),
            "hola",
            ["imagen.png"],
            id="image, no name",
        ),
        pytest.param(
            multipart("\r\nhola", "Content-Type: image/png\r\n\r\nx", "Content-Type: image/png\r\n\r\ny"),
            "hola",
            ["imagen.png", "imagen-2.png"],
            id="two images without names",
        ),
        pytest.param(
            multipart("\r\nhola", "Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR"),
            "hola",
            ["invitacion.ics"],
            id="calendar without a name",
        ),
        pytest.param(
            multipart("\r\nhola", "Content-Type: message/rfc822\r\n\r\nSubject: otro\r\n\r\npalabras ajenas"),
            "hola",
            ["mensaje.eml"],
            id="an attached mail keeps its words",
        ),
        pytest.param(
            multipart("\r\nuno", "Content-Type: application/pdf; name=a.pdf\r\n\r\nx", "\r\ndos"),
            "uno\n\ndos",
            ["a.pdf"],
            id="words on both sides of a file",
        ),
        pytest.param(
            multipart("\r\nhola", "Content-Type: text/plain; name=notas.txt\r\n\r\nnotas"),
            "hola",
            ["notas.txt"],
            id="a text with a name is a file",
        ),
        pytest.param(
            multipart("\r\nhola", "Content-Disposition: attachment\r\n\r\nadjunto"),
            "hola",
            ["texto.txt"],
            id="so it says",
        ),
        pytest.param(
            mail(b"hola", "Content-Type: multipart/mixed"), "hola", [], id="a container without boundary"
        ),
        pytest.param(
            mail(b"hola", "Content-Type: multipart/mixed; boundary=no"),
            "hola",
            [],
            id="a boundary that never comes",
        ),
        pytest.param(
            mail(b"hola", "Content-Type: text/x-whatever"), "hola", [], id="a kind of text nobody knows"
        ),
        pytest.param(mail(b"hola", "Content-Type: nonsense"), "hola", [], id="a type that is none"),
        pytest.param(
            mail(b"aG9sYQ==", "Content-Transfer-Encoding: BASE64 "),
            "hola",
            [],
            id="encoding in capitals, a blank behind",
        ),
        pytest.param(
            mail(b"hola", "Content-Transfer-Encoding: x-nonsense"), "hola", [], id="unknown encoding"
        ),
        pytest.param(
            multipart(
                "Content-Type: text/plain\r\n\r\n \r\n",
                "Content-Type: text/html\r\n\r\n<p>hola",
                kind="alternative",
            ),
            "hola",
            [],
            id="a blank alternative",
        ),
        pytest.param(
            multipart(
                "\r\nSu programa no muestra HTML",
                "Content-Type: text/html\r\n\r\n<p>hola",
                kind="alternative",
            ),
            "hola",
            [],
            id="an alternative that is an excuse",
        ),
        pytest.param(
            multipart(
                "\r\nhola", "Content-Type: application/octet-stream;\r\n name*=utf-8''a%C3%B1o.xls\r\n\r\nx"
            ),
            "hola",
            ["año.xls"],
            id="an RFC 2231 name",
        ),
        pytest.param(
            multipart(
                "\r\nhola",
                "Content-Type: application/pdf\r\nContent-Disposition: attachment;\r\n"
                ' filename="=?iso-8859-1?Q?a=F1o.pdf?="\r\n\r\nx',
            ),
            "hola",
            ["año.pdf"],
            id="a name in an encoded word",
        ),
        pytest.param(b"\r\nhola", "hola", ["mensaje-original.eml"], id="no header at all"),
    ],
)
def test_every_leaf_is_text_or_a_file(raw, text, files):
    parsed = parse(raw)
    assert parsed.text == text
    assert [each.filename for each in parsed.attachments] == files


def test_an_attached_mail_keeps_its_octets():
    inner = "Subject: otro\r\nX-Odd:  two  blanks\r\n\r\ncuerpo\r\n"
    (attached,) = parse(multipart("\r\nhola", f"Content-Type: message/rfc822\r\n\r\n{inner}")).attachments
    assert attached.content == inner.encode()
    assert attached.content_type == "message/rfc822"


def test_a_file_keeps_its_octets():
    content = bytes(range(256)) * 20
    encoded = base64.encodebytes(content).decode()
    part = f"Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}"
    (attached,) = parse(multipart("\r\nhola", part)).attachments
    assert attached.content == content


@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
@pytest.mark.parametrize(
    "around",
    [
        pytest.param("", id="digits alone"),
        pytest.param("\0run 0\0", id="a text like our stand-in for a run of them"),
        pytest.param("--otro", id="a boundary of nobody"),
    ],
)
def test_long_runs_of_base64_digits_come_through_octet_by_octet(line_end, around):
    """The parser does not get to see them; in a file that is not base64 they are its content."""
    lines = line_end.join([around, *["QUJD" * 19] * 40, "QUI=", around, *["REVG" * 19] * 20, around])
    found = parse(multipart("Content-Type: text/x-key; name=clave.pem\r\n\r\n" + lines))
    assert [each.content for each in found.attachments] == [lines.encode()]


def test_a_file_in_base64_keeps_every_octet():
    content = bytes(range(256)) * 40
    encoded = base64.encodebytes(content).decode()
    head = "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    found = parse(multipart(head + encoded, head + encoded.replace("\n", "\r\n")))
    assert [each.content for each in found.attachments] == [content, content]


def test_a_long_run_of_digits_in_the_header_or_around_the_parts_is_kept():
    run = ("QUJD" * 19 + "\r\n") * 20
    assert parse(b"From: a@b.example\r\n" + run.encode()).text.split() == run.split()
    around = mail(run.encode() + b"--l\r\n--l--\r\n", "Content-Type: multipart/mixed; boundary=l")
    assert parse(around).text.split() == run.split()


def test_two_from_fields_are_counted_and_all_kept():
    parsed = parse(b"From: a@x.example\r\nFrom: b@x.example\r\n\r\nhola")
    assert parsed.from_fields == 2
    assert [each.email for each in parsed.from_] == ["a@x.example", "b@x.example"]


def test_nuls_do_not_reach_the_text():
    assert parse(mail(b"ho\x00la")).text == "hola"


def nested(levels: int) -> bytes:
    opening = "".join(
        f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n' for level in range(levels)
    )
    return b"From: a@x.example\r\n" + opening.encode() + b"\r\nhondo"


def chained(mails: int) -> bytes:
    return b"From: a@x.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * mails + b"hondo"


@pytest.mark.parametrize(
    ("raw", "note"),
    [
        pytest.param(nested(400), "too-deep", id="400 levels"),
        pytest.param(nested(3000), "too-deep", id="3,000 levels"),
        pytest.param(multipart(*["\r\nx"] * 50_000), "too-many-parts", id="50,000 parts"),
        pytest.param(
            mail(b"hola", "X-Long: " + "x" * 1024 * 1024), "header-too-long", id="a header of 1 MiB"
        ),
        pytest.param(mail(b"hola", *["X-Many: x"] * 50_000), "too-many-headers", id="50,000 header lines"),
        pytest.param(mail(b"\n" * 2_500_000), "too-many-lines", id="a mail of line ends"),
        pytest.param(mail(b"x" * 2 * limits.SHOWN_TEXT), "text-too-long", id="2 MiB of words"),
        pytest.param(mail(b"<div>" * 40_000, "Content-Type: text/html"), "html-too-large", id="40,000 tags"),
        pytest.param(
            mail(
                b"hola",
                "References:" + "".join(f" <{n}@x>" for n in range(90)),
            ),
            "too-many-references",
            id="90 references",
        ),
        pytest.param(
            mail(b"hola", "Cc: " + ", ".join(f"a{n}@x.example" for n in range(300))),
            "too-many-addresses",
            id="300 addresses",
        ),
    ],
)
def test_what_is_beyond_a_limit_is_noted(raw, note):
    parsed = parse(raw)
    assert note in parsed.notes
    assert parsed.from_


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(chained(3000), id="a mail in a mail in a mail …"),
        pytest.param(mail(b"hola", "To: " + "(" * 1024), id="brackets that never close"),
        pytest.param(mail(b"hola", "To: " + '"' * 16_000), id="16,000 quotes"),
        pytest.param(mail(b"hola", "Content-Type: a/b" + ";x=y" * 4000), id="4,000 parameters"),
        pytest.param(
            mail(b"hola", "Content-Type: multipart/mixed; boundary*=undefined''x"), id="a charset that raises"
        ),
        pytest.param(
            mail(b"\xff\xfe" * 999, "Content-Type: text/plain; charset=utf-16"), id="UTF-16 of nothing"
        ),
        pytest.param(
            mail(b"begin 644 x\r\n#!!!\r\n", "Content-Transfer-Encoding: x-uuencode"),
            id="half a uuencoded file",
        ),
        pytest.param(
            mail(b"=\r\n=ZZ=", "Content-Transfer-Encoding: quoted-printable"), id="broken quoted-printable"
        ),
        pytest.param(bytes(range(256)) * 100, id="all octets there are"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_no_mail_is_too_broken(raw):
    parsed = parse(raw)
    parsed.text.encode()
    parsed.subject.encode()
    assert "\x00" not in parsed.text


def test_words_beyond_the_limit_are_a_file():
    parsed = parse(mail(b"palabra " * 200_000))
    (attached,) = parsed.attachments
    assert attached.content.decode() == "palabra " * 199_999 + "palabra"
    assert len(parsed.text) == limits.SHOWN_TEXT


def test_html_beyond_the_limit_is_a_file_and_its_words_are_shown():
    parsed = parse(mail(b"<p>hola</p>" + b"<i></i>" * 9_000, "Content-Type: text/html"))
    assert parsed.text.split() == ["hola"]
    assert parsed.html == ""
    assert [each.filename for each in parsed.attachments] == ["mensaje.html"]
