"""A mail written in place of one that cannot be taken whole from a mailbox, so that it is not lost.

The request it becomes tells the operators where the mail lies. It keeps the header of the original,
hence its sender, date and marks of automatic mail, but for the fields that could tie it to a
request: what stands here are our words, and no reply of a person's may be made of them.
"""

from gateway.mail.header_lines import text_field
from gateway.mail.peek import header_block

_LEFT_OUT = (
    b"content-",
    b"mime-version:",
    b"in-reply-to:",
    b"references:",
    b"delivered-to:",
    b"x-original-to:",
    b"envelope-to:",
    b"dkim-signature:",
)
_ENDING = (
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
)
_BARE_SUBJECT = "Un correo que no se pudo leer / A mail that could not be read"
_MB = 1_000_000

_TOO_LARGE = """\
Este correo pesa {size} MB, más de los {most} MB que se reciben, y no se copió aquí.
Sigue en el buzón «{mailbox}», carpeta «{folder}».

This mail has {size} MB, more than the {most} MB that are accepted, and was not copied here.
It is still in the mailbox "{mailbox}", folder "{folder}".
"""
_UNREADABLE = """\
El servidor de correo no pudo entregar este mensaje, aunque se lo pidió varias veces.
Sigue en el buzón «{mailbox}», carpeta «{folder}».

The mail server could not hand over this message, though it was asked several times.
It is still in the mailbox "{mailbox}", folder "{folder}".
"""


def too_large(head: bytes, *, size: int, most: int, mailbox: str, folder: str) -> bytes:
    """Stand in for a mail of `size` octets where `most` are accepted; `head` is its header, if known."""
    values = {"size": -(-size // _MB), "most": most // _MB, "mailbox": mailbox, "folder": folder}
    return _mail(head, _TOO_LARGE.format(**values))


def unreadable(head: bytes, *, mailbox: str, folder: str) -> bytes:
    """Stand in for a mail that the server never hands over."""
    return _mail(head, _UNREADABLE.format(mailbox=mailbox, folder=folder))


def _mail(head: bytes, text: str) -> bytes:
    """The text tells no UID: the same mail under a new UIDVALIDITY then repeats itself (E1)."""
    kept = _kept(head) or text_field("Subject", _BARE_SUBJECT).encode("ascii")
    return kept + _ENDING + text.replace("\n", "\r\n").encode()


def _kept(head: bytes) -> bytes:
    lines = []
    keeping = False
    for line in header_block(head).splitlines():
        if line[:1] not in (b" ", b"\t"):
            keeping = b":" in line and not line.lower().startswith(_LEFT_OUT)
        if keeping:
            lines.append(line + b"\r\n")
    return b"".join(lines)
