"""Files that people attach: a picture of a window, a PDF, a spreadsheet. Small, and really what they say."""

import zipfile
from dataclasses import dataclass
from io import BytesIO
from random import Random
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

PNG, PDF = "image/png", "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_THEMES = (("#2b579a", "#ffffff"), ("#3c3f41", "#f3f3f3"), ("#0b6170", "#f8f7f4"))
_SHEET = (
    '<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/'
    'spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'
)
_PARTS = {
    "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
    'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override '
    'PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/'
    '2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet '
    'name="Hoja1" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/'
    'package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/'
    '2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file with its name and type."""

    name: str
    content_type: str
    data: bytes


def make(dice: Random, kind: str, title: str) -> MadeFile:
    """Return a file of that kind about that request."""
    number = dice.randrange(100, 999)
    match kind:
        case "capture":
            return MadeFile(
                dice.choice(("captura.png", f"Captura {number}.png", "error.png")), PNG, capture(dice, title)
            )
        case "sheet":
            return MadeFile(
                dice.choice(("comparación.xlsx", f"detalle {number}.xlsx", "planilla.xlsx")),
                XLSX,
                sheet(dice),
            )
        case _:
            return MadeFile(
                dice.choice((f"comprobante-{number}.pdf", "nota.pdf", f"Doc {number}.pdf")), PDF, pdf(title)
            )


def capture(dice: Random, title: str) -> bytes:
    """A window with a list and a message over it."""
    bar, page = dice.choice(_THEMES)
    width, height = dice.choice(((760, 470), (820, 520), (640, 420)))
    image = Image.new("RGB", (width, height), page)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(15)
    draw.rectangle((0, 0, width, 34), fill=bar)
    draw.text((12, 8), "Sysmo Gestión", font=font, fill="#ffffff")
    for row in range(9):
        top = 56 + row * 38
        draw.line((16, top + 30, width - 16, top + 30), fill="#d0cdc6")
        draw.text((24, top + 6), f"{dice.randrange(10_000, 99_999):08}", font=font, fill="#55524c")
        draw.rectangle((150, top + 10, 150 + dice.randrange(80, 330), top + 18), fill="#dcd9d2")
        draw.text((width - 150, top + 6), f"{dice.randrange(900, 99_000)},00", font=font, fill="#55524c")
    box = (width // 2 - 250, height // 2 - 60, width // 2 + 250, height // 2 + 70)
    draw.rectangle(box, fill="#ffffff", outline="#b0261e", width=2)
    draw.text((box[0] + 20, box[1] + 18), "No se pudo completar la operación", font=font, fill="#b0261e")
    draw.text((box[0] + 20, box[1] + 48), title[:58], font=font, fill="#1f1e1c")
    draw.rectangle((box[2] - 110, box[3] - 40, box[2] - 20, box[3] - 14), fill=bar)
    draw.text((box[2] - 92, box[3] - 36), "Aceptar", font=font, fill="#ffffff")
    buffer = BytesIO()
    image.quantize(64, method=Image.Quantize.FASTOCTREE).save(buffer, "PNG", optimize=False)
    return buffer.getvalue()


def sheet(dice: Random) -> bytes:
    """A workbook of one page with two columns to compare."""
    lines = [("Comprobante", "Sistema", "Planilla")]
    for _ in range(dice.randrange(8, 30)):
        amount = dice.randrange(1000, 900_000)
        lines.append(
            (f"{dice.randrange(1, 60_000):08}", str(amount), str(amount + dice.choice((0, 0, 0, 1750))))
        )
    rows = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in line) + "</row>"
        for line in lines
    )
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in (_PARTS | {"xl/worksheets/sheet1.xml": _SHEET.format(rows=rows)}).items():
            book.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def pdf(title: str) -> bytes:
    """One page with a title."""
    words = title.encode("cp1252", "replace").replace(b"\\", b"").replace(b"(", b"[").replace(b")", b"]")
    content = b"BT /F1 18 Tf 60 770 Td (" + words + b") Tj 0 -30 Td /F1 11 Tf (Documento de prueba) Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    written, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return written + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(written))
    )
