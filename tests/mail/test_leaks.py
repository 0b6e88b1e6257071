"""The last look at an operator's reply before it is published: what of it is internal? (C3)"""

import textwrap
from base64 import encodebytes
from pathlib import Path

import pytest

from gateway.mail import leaks, marker
from gateway.mail.leaks import Leak
from gateway.mail.parsed import AttachedFile
from gateway.mail.searchable import CHARACTERS, texts_in
from gateway.rules.words import fold

MARK = marker.write("a token")
TOKEN = "k3m5x2p7q4w6abcdefghijklmn"
SECRET = "Ojo: Andina no paga desde marzo, no les den prioridad hasta que hable con Cobranzas."
INTERNAL = f"{SECRET}\n\nSi preguntan, el técnico está de licencia."
NOTICE = f"Comentario interno de Sofía Paz\n\n{MARK}\n{INTERNAL}\n{MARK}\n\nAbrir la solicitud: https://x/1"
REPLY = "Hola Laura:\n\nYa lo estamos viendo, mañana les confirmamos.\n\nMartín"


def behind(mark: str, text: str) -> str:
    return "\n".join(mark + line for line in text.split("\n"))


TOP = f"{REPLY}\n\nEl lun, 11 may 2026 a las 17:50, Soporte escribió:\n{behind('> ', NOTICE)}"
BOTTOM = f"{behind('> ', NOTICE)}\n\n{REPLY}"
WRAPPED = "\n".join(textwrap.wrap(SECRET, 20))
INLINE = f"> {SECRET}\nNo, ya pagaron.\n> Si preguntan\nHola"
OUTLOOK = f"{REPLY}\n\nDe: Soporte\nEnviado: lunes\nPara: Martín\nAsunto: RE: Red\n\n{NOTICE}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(REPLY, None, id="words of the operator alone"),
        pytest.param("", None, id="nothing"),
        pytest.param(TOP, Leak.MARKER, id="answered above the notice"),
        pytest.param(BOTTOM, Leak.MARKER, id="answered below the notice"),
        pytest.param(OUTLOOK, Leak.MARKER, id="answered above a notice without marks"),
        pytest.param(INLINE, Leak.INTERNAL_TEXT, id="answered between the lines, without a mark"),
        pytest.param(WRAPPED, Leak.INTERNAL_TEXT, id="wrapped anew"),
        pytest.param(behind("> > | ", WRAPPED), Leak.INTERNAL_TEXT, id="quoted twice"),
        pytest.param(SECRET.replace("a", "a\u200b\xad"), Leak.INTERNAL_TEXT, id="invisible breaks"),
        pytest.param(SECRET.upper(), Leak.INTERNAL_TEXT, id="in capitals"),
        pytest.param(SECRET.replace(",", " —").replace(":", "…"), Leak.INTERNAL_TEXT, id="other punctuation"),
        pytest.param("Andina no paga desde marzo no les den prio", Leak.INTERNAL_TEXT, id="a part of it"),
        pytest.param("no paga desde marzo, no les den prioridad", Leak.INTERNAL_TEXT, id="eight words of it"),
        pytest.param("paga desde marzo, no les den prioridad", None, id="seven words of it"),
        pytest.param("el tecnico esta de licencia, si preguntan", None, id="the same words in another order"),
    ],
)  # fmt: skip
def test_find(text, expected):
    assert leaks.find([REPLY, text], [INTERNAL]) == expected


def test_sixty_letters_tell_as_much_as_eight_words():
    long = "https://interno.sysmo.example/expedientes/30999999804/deuda-consolidada-2026"
    assert leaks.find([f"Está en {long} para ver"], [f"Ver {long}"]) == Leak.INTERNAL_TEXT
    assert leaks.find(["Está en https://interno.sysmo.example/"], [f"Ver {long}"]) is None


def test_what_the_client_wrote_may_be_said_to_the_client():
    asked = "Desde ayer a la tarde no podemos emitir facturas A, las B salen bien."
    comment = f'Dicen "{asked}" y es mentira, lo probé recién con el usuario de ellos y anda bárbaro.'
    assert leaks.find([f"Usted dice: {asked}"], [comment]) == Leak.INTERNAL_TEXT
    assert leaks.find([f"Usted dice: {asked}"], [comment], known=[asked]) is None
    assert leaks.find([comment], [comment], known=[asked]) == Leak.INTERNAL_TEXT


def test_a_signature_published_before_is_no_leak():
    signature = "\n\nMartín Sosa\nSoporte técnico de Sysmo\nAv. Corrientes 1234, piso 5, CABA"
    assert leaks.find([REPLY + signature], ["Que espere." + signature], known=["Hola" + signature]) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"De: Soporte <soporte+{TOKEN}@example.com>", id="reply address"),
        pytest.param(f"Message-ID: <{TOKEN}@example.com>", id="Message-ID"),
        pytest.param(f"mailto:soporte%2B{TOKEN.upper()}%40example.com", id="escaped in a link, in capitals"),
        pytest.param(f"soporte=2B{TOKEN}@example.com", id="quoted-printable"),
        pytest.param(f"> soporte+{TOKEN[:10]}=\n> {TOKEN[10:]}@example.com", id="broken by quoted-printable"),
        pytest.param(f"> <soporte+{TOKEN[:20]}\n> {TOKEN[20:]}@example.com>", id="broken over two lines"),
        pytest.param(f"{TOKEN}\nsoporte", id="alone on its line"),
    ],
)
def test_a_token_is_found(text):
    assert TOKEN in leaks.tokens_in([text])
    assert leaks.find([text], [], [TOKEN]) == Leak.TOKEN
    assert leaks.find([text], []) is None, "whose it is only the database knows"


def test_words_and_numbers_are_no_tokens():
    text = "electroencefalografistas 00001100223344556677889900 " + "a" * 27 + " " + "a" * 40
    assert leaks.tokens_in([text]) == {"a" * 26}


MAIL = (
    "From: Soporte <soporte@example.com>\r\nReply-To: soporte+{token}@example.com\r\nSubject: RE: Red\r\n"
    "MIME-Version: 1.0\r\nContent-Type: {kind}; charset=utf-8\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\n{body}"
)


def attached_mail(kind: str, text: str) -> bytes:
    return MAIL.format(token=TOKEN, kind=kind, body=encodebytes(text.encode()).decode()).encode()


PARAGRAPHS = (
    "<html><body><p>" + SECRET.replace(" ", "<b> </b>").replace("é", "&eacute;") + "</p></body></html>"
)


@pytest.mark.parametrize(
    ("filename", "content_type", "content"),
    [
        pytest.param("aviso.eml", "message/rfc822", attached_mail("text/plain", SECRET), id="the notice"),
        pytest.param("aviso.eml", "application/octet-stream", attached_mail("text/plain", SECRET),
                     id="the notice as a file of any kind"),
        pytest.param("aviso.eml", "message/rfc822", attached_mail("text/html", PARAGRAPHS), id="HTML only"),
        pytest.param("notas.txt", "application/octet-stream", SECRET.encode(), id="notes by their name"),
        pytest.param("notas", "text/plain", SECRET.encode("cp1252"), id="notes in windows-1252"),
        pytest.param("notas.txt", "text/plain", SECRET.encode("utf-16"), id="notes as Notepad saves them"),
        pytest.param("pagina.htm", "text/html", PARAGRAPHS.encode(), id="a saved page"),
        pytest.param(SECRET + ".pdf", "application/pdf", b"%PDF", id="the name of a file"),
    ],
)  # fmt: skip
def test_attached_files_are_read(filename, content_type, content):
    published = texts_in([AttachedFile(filename, content_type, content)])
    assert leaks.find(published, [INTERNAL]) == Leak.INTERNAL_TEXT


def test_the_head_of_an_attached_mail_is_read():
    file = AttachedFile("aviso.eml", "message/rfc822", attached_mail("text/plain", "Hola"))
    assert leaks.tokens_in(texts_in([file])) == {TOKEN}


def test_a_mail_attached_to_an_attached_mail_is_read():
    inner = attached_mail("text/plain", NOTICE)
    for _ in range(2):
        head = b'Subject: RV\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n'
        inner = head + b"Content-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--x--\r\n"
    assert leaks.find(texts_in([AttachedFile("rv.eml", "message/rfc822", inner)]), []) == Leak.MARKER


def test_attached_mails_come_before_long_logs():
    log = AttachedFile("server.log", "text/plain", b"0123456789\n" * 200_000)
    notice = AttachedFile("aviso.eml", "message/rfc822", attached_mail("text/plain", NOTICE))
    texts = texts_in([log, notice])
    assert leaks.find(texts, []) == Leak.MARKER
    assert sum(map(len, texts)) <= CHARACTERS


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param("palabra ", id="words"),
        pytest.param("a", id="one endless word"),
        pytest.param("xjq0", id="almost marks"),
        pytest.param("k3m5\n> ", id="pieces of tokens"),
        pytest.param("a2 " * 3 + "b" * 25 + "=\n", id="almost tokens"),
    ],
)
def test_a_megabyte_of_anything_gives_nothing_away(piece):
    text = piece * (1_000_000 // len(piece))
    assert leaks.find([text], ["Ojo con este cliente."]) is None
    assert len(leaks.tokens_in([text])) <= leaks.CANDIDATES


@pytest.mark.parametrize("sentence", leaks.OF_NOTICES)
def test_each_sentence_known_to_be_of_a_notice_stands_in_a_template(sentence):
    templates = Path(__file__).parents[2] / "templates" / "email"
    said = " ".join(fold(each.read_text(encoding="utf-8")) for each in sorted(templates.glob("??/*.txt")))
    assert fold(sentence) in said


def test_the_line_that_says_who_wrote_is_of_a_notice():
    assert leaks.find(["> laura@andina.example, remitente NO VERIFICADO"], []) is Leak.NOTICE
    assert leaks.find(["laura@andina.example no recibió nada, verificado"], []) is None
