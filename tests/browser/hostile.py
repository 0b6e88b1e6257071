"""Mails that want to run or to load something, from every field that a page may show."""

from collections.abc import Iterator, Sequence

from tests.webui.payloads import HTML, TEXTS

BEYOND_ASCII = "=?utf-8?q?{}?="
IN_ONE_MAIL = 14


def mails(sender: str, to: str) -> Iterator[bytes]:
    """Yield mails that hold all payloads: HTML in bodies, each of the others in every other field once."""
    chunks = [HTML[start : start + IN_ONE_MAIL] for start in range(0, len(HTML), IN_ONE_MAIL)]
    for number in range(max(len(chunks), len(TEXTS))):
        yield _mail(number, sender, to, chunks[number % len(chunks)])


def _mail(number: int, sender: str, to: str, html: Sequence[str]) -> bytes:
    def text(place: int) -> str:
        return TEXTS[(number + place) % len(TEXTS)]

    name, subject, copied, file, kind = map(text, range(5))
    body = "\r\n".join(f"<p>{each}</p>" for each in html)
    head = [
        f"From: {_encoded(name)} <{sender}>",
        f"To: {to}",
        f"Cc: {_encoded(copied)} <otro{number}@hostil.example>",
        f"Subject: {_encoded(subject)}",
        f"Message-ID: <{_printable(text(5))}.{number}@hostil.example>",
        f"Reply-To: {_encoded(text(6))} <x{number}@hostil.example>",
        f"Organization: {_encoded(text(7))}",
        "Authentication-Results: mx.sysmo.example; dmarc=pass header.from=" + sender.rpartition("@")[2],
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="corte"',
    ]
    parts = [
        f'Content-Type: text/plain; charset="{_printable(kind)}"\r\n\r\n{text(8)}\r\n> {text(9)}',
        f"Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>{body}</body></html>",
        f'Content-Type: image/png; name="{_encoded(file)}"\r\n'
        f'Content-Disposition: attachment; filename="{_encoded(file)}"\r\n\r\nno es una imagen',
        f'Content-Type: {_printable(kind)}\r\nContent-Disposition: attachment; filename="a.svg"\r\n\r\n'
        "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    ]
    content = "".join(f"--corte\r\n{part}\r\n" for part in parts) + "--corte--\r\n"
    return ("\r\n".join(head) + f"\r\n\r\n{content}").encode("utf-8", "surrogateescape")


def _encoded(text: str) -> str:
    """An encoded word: it comes out of the reader letter by letter as it is here."""
    return BEYOND_ASCII.format("".join(f"={octet:02X}" for octet in text.encode()))


def _printable(text: str) -> str:
    """What may stand in a header as it is."""
    return "".join(each for each in text if " " < each <= "~" and each not in '"\\;')[:120]
