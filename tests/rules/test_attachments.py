"""What a file is called, served as, and why it may be blocked (W13)."""

import pytest

from gateway.rules.attachments import (
    OCTETS,
    FileKind,
    is_blocked_name,
    is_program,
    kind_of,
    may_be_picture,
    picture_type,
    served_type,
)

PNG, JPEG, GIF = b"\x89PNG\r\n\x1a\n....", b"\xff\xd8\xff\xe0....", b"GIF89a...."
WEBP, PDF, ZIP = b"RIFF\x00\x00\x00\x00WEBPVP8 ", b"%PDF-1.7", b"PK\x03\x04...."
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.mark.parametrize(
    ("filename", "content_type", "kind"),
    [
        pytest.param("Comprobantes.XLSX", OCTETS, FileKind.SHEET, id="by its ending, in capitals"),
        pytest.param("factura.pdf", "image/png", FileKind.PDF, id="the ending counts first"),
        pytest.param("foto", "image/heic", FileKind.IMAGE, id="by its type"),
        pytest.param("a.b.c", "application/pdf", FileKind.PDF, id="an ending nobody knows"),
        pytest.param("nada", OCTETS, FileKind.OTHER, id="nothing known"),
        pytest.param("mail", "message/rfc822", FileKind.EMAIL, id="a mail"),
    ],
)
def test_kind_of(filename: str, content_type: str, kind: FileKind) -> None:
    assert kind_of(filename, content_type) is kind


@pytest.mark.parametrize(
    ("filename", "blocked"),
    [
        pytest.param("visor.exe", True, id="a program"),
        pytest.param("VISOR.EXE", True, id="in capitals"),
        pytest.param("factura.pdf.js", True, id="two endings, the last counts"),
        pytest.param("factura.js.pdf", False, id="two endings, a harmless last one"),
        pytest.param("visor.exe.", True, id="a dot that Windows drops"),
        pytest.param("visor.exe . ", True, id="blanks that Windows drops"),
        pytest.param("visor.exe:x.txt", True, id="a stream of a file"),
        pytest.param("acceso.lnk", True, id="a shortcut"),
        pytest.param("disco.iso", True, id="a disk"),
        pytest.param("x.hta", True, id="HTML that runs"),
        pytest.param("clave.crt", False, id="a certificate"),
        pytest.param("exe", False, id="a name without an ending"),
        pytest.param(".exe", False, id="an ending without a name"),
        pytest.param("planilla.xlsm", False, id="a sheet"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_is_blocked_name(filename: str, blocked: bool) -> None:
    assert is_blocked_name(filename) is blocked


@pytest.mark.parametrize(
    ("head", "program"),
    [
        pytest.param(b"MZ\x90\x00\x03\x00\x00\x00", True, id="Windows"),
        pytest.param(b"MZ es una sigla", False, id="a text"),
        pytest.param(b"\x7fELF\x02\x01", True, id="Linux"),
        pytest.param(b"\xcf\xfa\xed\xfe\x07", True, id="macOS"),
        pytest.param(b"L\x00\x00\x00\x01\x14\x02\x00\x00", True, id="a shortcut"),
        pytest.param(PDF, False, id="a document"),
        pytest.param(b"", False, id="nothing"),
    ],
)
def test_is_program(head: bytes, program: bool) -> None:
    assert is_program(head) is program


@pytest.mark.parametrize(
    ("head", "found"),
    [
        pytest.param(PNG, "image/png", id="PNG"),
        pytest.param(JPEG, "image/jpeg", id="JPEG"),
        pytest.param(GIF, "image/gif", id="GIF"),
        pytest.param(WEBP, "image/webp", id="WebP"),
        pytest.param(b"RIFF\x00\x00\x00\x00WAVE", None, id="a sound in the same box"),
        pytest.param(b"\x89PNG", None, id="cut short"),
        pytest.param(b" GIF89a", None, id="not at the beginning"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'>", None, id="SVG"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_picture_type(head: bytes, found: str | None) -> None:
    assert picture_type(head) == found


@pytest.mark.parametrize(
    ("declared", "head", "served"),
    [
        pytest.param("image/png", PNG, "image/png", id="true"),
        pytest.param("image/jpg", JPEG, "image/jpeg", id="true by another name"),
        pytest.param(OCTETS, GIF, "image/gif", id="a picture nobody named"),
        pytest.param("image/png", HTML, OCTETS, id="HTML that says it is a picture"),
        pytest.param("image/png", GIF, OCTETS, id="another picture"),
        pytest.param("text/html", PNG, OCTETS, id="a picture that says it is HTML"),
        pytest.param("text/html", HTML, OCTETS, id="HTML"),
        pytest.param("image/svg+xml", b"<svg onload=alert(1)>", OCTETS, id="SVG"),
        pytest.param("text/xml", b"<?xml version='1.0'?>", OCTETS, id="XML"),
        pytest.param("application/pdf", PDF, "application/pdf", id="PDF"),
        pytest.param("application/pdf", HTML, OCTETS, id="HTML that says it is PDF"),
        pytest.param("application/zip", ZIP, "application/zip", id="zip"),
        pytest.param("text/plain", b"hola", "text/plain", id="text"),
        pytest.param("text/plain", b"a\x00b", OCTETS, id="octets that say they are text"),
        pytest.param("text/plain; charset=x", b"hola", OCTETS, id="a type with a parameter"),
        pytest.param("", b"", OCTETS, id="nothing"),
    ],
)
def test_served_type(declared: str, head: bytes, served: str) -> None:
    assert served_type(declared, head) == served


@pytest.mark.parametrize(
    ("filename", "content_type", "worth"),
    [
        pytest.param("a.png", "image/png", True, id="by its type"),
        pytest.param("a.JPG", OCTETS, True, id="by its ending"),
        pytest.param("a.png", "text/html", False, id="a type that says otherwise"),
        pytest.param("a.svg", "image/svg+xml", False, id="none we show"),
    ],
)
def test_may_be_picture(filename: str, content_type: str, worth: bool) -> None:
    assert may_be_picture(filename, content_type) is worth
