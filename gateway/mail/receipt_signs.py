"""By what a read receipt is known (RFC 8098), also where it is no multipart/report."""

import re

from gateway.mail.field_values import report_types
from gateway.mail.parsed import ParsedMail
from gateway.rules.words import fold

_SUBJECT = re.compile(
    r"(?:leido|no leido|lida|nao lida|read|not read|confirmacion de lectura|confirmacao de leitura"
    r"|acuse de recibo(?: \(mostrado\))?|acuse de lectura|return receipt(?: \(displayed\))?|read receipt"
    r"|disposition notification|recibo de lectura|lu|gelesen|letto|eliminado sin leer|deleted) ?[:-]"
)
_SENTENCE = re.compile(
    r"(?:your message|su mensaje|tu mensaje|el mensaje|a sua mensagem|this is a (?:return )?receipt"
    r"|este es un acuse|esto es un acuse|este mensaje es un acuse|this is a read receipt)"
)
_REFUSAL = re.compile(r"(?:automatically )?rejected|(?:correo |mensaje )?rechazad[oa]")
"""RFC 5429 lets a server refuse a mail in the form of a receipt."""
_LINES = 25
_HAPPENED = (
    "was read on", "was deleted without being read", "has been displayed", "was displayed on", "fue leido",
    "se leyo", "ha sido leido", "se ha leido", "fue eliminado sin", "se elimino sin", "ha sido mostrado",
    "fue mostrado", "se mostro en", "foi lida", "foi excluida sem", "no guarantee that the message",
    "no garantiza que",
)  # fmt: skip


def is_receipt(mail: ParsedMail) -> bool:
    """Whether a mail reports that one of ours was read, or thrown away unread.

    A report by its type; else, as Domino and some gateways write them, by the prefix programs set
    and the sentence that follows it.
    """
    subject = fold(mail.subject[:200])
    types = list(report_types(mail))
    if types:
        files = [each.content_type for each in mail.attachments] if not any(types) else []
        receipt = any("disposition-notification" in each for each in (*types, *files))
        return receipt and not _REFUSAL.match(subject)
    if not _SUBJECT.match(subject):
        return False
    lines = [fold(line[:300]) for line in mail.text[:8_000].split("\n") if line.strip()][:_LINES]
    opens = any(_SENTENCE.match(line) for line in lines[:2])
    return opens and any(each in line for line in lines for each in _HAPPENED)
