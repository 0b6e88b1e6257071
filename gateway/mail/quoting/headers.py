"""Header lines above a quote ("De: … Enviado el: … Para: … Asunto: …") and the separators over them.

Outlook, Exchange, Samsung, Zimbra, eM Client, Windows Mail and others write them, and no marks below.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gateway.mail.quoting.lines import Line, last_written

_LINES = 24
_CHARACTERS = 500

_DASHES = r"[-_=*‐-―─]{2,60}"
_ORIGINAL = re.compile(
    rf"\s{{0,9}}\*{{0,2}}{_DASHES}\s{{0,4}}(?:mensaje original|original message|mensagem original|"
    r"mensaje anterior|mensaje citado|correo original|cita original|mensagem anterior|original appointment|"
    rf"ursprüngliche nachricht|message d'origine|messaggio originale)\s{{0,4}}:?{_DASHES}",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    rf"\s{{0,9}}{_DASHES}\s{{0,4}}(?:forwarded message|mensaje reenviado|mensagem encaminhada|"
    r"correo reenviado|reenviado por|forwarded by|mensagem reencaminhada|e-mail encaminhado)|"
    r"\s{0,9}(?:inicio del mensaje reenviado|begin forwarded message|início da mensagem (?:en|reen)caminhada)"
    r"\s{0,3}:\s{0,9}$",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s{0,9}[-_=─—*]{10,200}\s{0,9}")

# What the labels above a quote speak of; "De" alone is a word like any other, so it needs two more.
_LABELS = {
    **dict.fromkeys(("de", "from", "von", "da", "remitente"), "from"),
    **dict.fromkeys(
        ("enviado", "enviado el", "enviados", "enviada", "enviado em", "enviada em", "fecha", "date", "sent"),
        "date",
    ),
    **dict.fromkeys(("data", "fecha de envío", "gesendet", "envoyé", "inviato", "datum"), "date"),
    **dict.fromkeys(("para", "to", "a", "à", "an", "destinatario", "destinatarios"), "to"),
    **dict.fromkeys(("asunto", "subject", "assunto", "betreff", "objet", "oggetto"), "subject"),
    **dict.fromkeys(("cc", "c.c.", "cco", "bcc", "responder a", "reply-to", "en nombre de"), "more"),
    **dict.fromkeys(("importancia", "importance", "importância", "prioridad", "priority"), "more"),
    **dict.fromkeys(("datos adjuntos", "adjuntos", "attachments", "anexos", "categorías"), "more"),
}
_LABEL = re.compile(r"[\s*_]{0,9}([A-Za-zÀ-ÿ][A-Za-zÀ-ÿ. -]{0,19})[*_]{0,2}\s{0,3}[:：][*_]{0,2}")
_RAW_HEADER = re.compile(
    r"\s{0,3}(?:received|return-path|message-id|mime-version|content-[a-z-]{4,30}|dkim-signature|x-[a-z-]{2,40}|"
    r"authentication-results|delivered-to|arc-[a-z-]{4,30}|list-[a-z-]{2,20}|in-reply-to|references|user-agent)"
    r"\s?:",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{3}|/o=[^\s]{1,100}/cn=", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d|\d{1,2}[/.-]\d{1,2}[/.-]\d\d")
_TIME = re.compile(r"\d{1,2}[:.]\d\d")
_OF_MAIL = re.compile(
    r"\b(?:e-?mail|mail|correo|mensaje|cadena|hilo|encabezado|cabecera|header|mand[óoa]|envi[óoa]|escribi|"
    r"respond|contest|reenv|recib|lleg[óo]|dij|dic|dec|copi|peg[oóu]|transcri|"
    r"encaminh|mensagem|pass?o lo|forward|got|sent)",
    re.IGNORECASE,
)
_IN_WORDS = re.compile(r"[^\W\d_]{3}")  # a weekday or a month, as programs write dates above quotes


def is_original(line: Line) -> bool:
    """Whether this is a separator such as "-----Mensaje original-----"."""
    return _ORIGINAL.match(line.text[:200]) is not None


def is_forwarded(line: Line) -> bool:
    """Whether a mail handed on begins here."""
    return _FORWARDED.match(line.text[:200]) is not None


def is_rule(line: Line) -> bool:
    """Whether this is a line drawn with characters."""
    return _RULE.fullmatch(line.text[:200]) is not None


def header_block(lines: Sequence[Line], position: int) -> int:
    """Return how many lines from here are the header lines of a mail, 0 if they are none.

    Who, and two of when, to whom and about what, in any order. What people write by hand looks the
    same ("De: 9 a 18 hs"), so an address or a true date is asked for; and headers in the raw, as
    administrators paste them, are what they wanted to show.
    """
    begin = label_of(lines[position].text)
    if begin is None or begin[0] == "more":
        return 0
    found = _read(lines, position)
    if not _convinces(found.seen) or _stands_in_raw(lines, position, found):
        return 0
    if begin[0] != "from" and (below := _read(lines, found.who)) and _convinces(below.seen):
        above = {
            kind for kind, _ in filter(None, (label_of(line.text) for line in lines[position : found.who]))
        }
        if above & below.seen.keys():
            return 0  # they begin with who it is from, and what stands above is somebody's own
    return found.end - position


class _Labels(NamedTuple):
    """What labelled lines say: by the kind of label what stands behind it; where "De:" stands; the end."""

    seen: dict[str, str]
    who: int
    end: int


def _read(lines: Sequence[Line], position: int) -> _Labels:
    """Read labelled lines as far as they go, with what continues them."""
    seen: dict[str, str] = {}
    who = position
    end = position + 1
    label = value = ""
    for at, line in enumerate(lines[position : position + _LINES], start=position):
        text = line.text[:_CHARACTERS]
        if not text.strip():
            may_be_spaced = "from" in seen  # what stands apart above is somebody's own
            if not may_be_spaced or (len(seen) >= 2 and not _goes_on(lines, at)):
                break
            continue
        found = label_of(text)
        if found is None:
            if not _continues(text, value):
                break
            seen[label] = value = f"{value} {text.strip()}"[:_CHARACTERS]
        else:
            label, value = found
            if label in seen and label != "more":
                break
            seen[label] = value
            who = at if label == "from" else who
        end = at + 1
    return _Labels(seen, who, end)


def _stands_in_raw(lines: Sequence[Line], position: int, found: _Labels) -> bool:
    """Whether headers that no program shows stand around these lines or among them."""
    return any(_RAW_HEADER.match(line.text) for line in lines[max(position - 1, 0) : found.end + 1])


def begins_like_headers(line: Line) -> bool:
    """Whether a line has a label that stands above quotes."""
    return label_of(line.text) is not None


def is_introduced(lines: Sequence[Line], position: int) -> bool:
    """Whether somebody says in the line above what follows: then they mean it to be read."""
    return _line_above(lines, position).endswith((":", "↓", "👇"))


def is_announced(lines: Sequence[Line], position: int) -> bool:
    """Whether somebody says in the line above that what follows is a mail they got."""
    return is_introduced(lines, position) and _OF_MAIL.search(_line_above(lines, position)) is not None


def _line_above(lines: Sequence[Line], position: int) -> str:
    above = last_written(lines, position)
    if above is None or is_rule(lines[above]) or is_original(lines[above]):
        return ""
    return lines[above].text.rstrip()[-_CHARACTERS:]


def label_of(text: str) -> tuple[str, str] | None:
    """Return what the label of a line speaks of (from, date, to, subject, more), and what it says."""
    found = _LABEL.match(text)
    kind = _LABELS.get(" ".join(found[1].lower().split())) if found else None
    return (kind, text[found.end() : _CHARACTERS].strip(" *_\t\u00a0")) if kind and found else None


def _continues(text: str, value: str) -> bool:
    """Whether a line is the value of an empty label above, or the rest of a list of addresses."""
    if _LABEL.match(text):
        return False  # of something else
    return not value or text[:1] in " \t" or any(sign in text for sign in "@;<") or value.endswith((",", ";"))


def _goes_on(lines: Sequence[Line], blank: int) -> bool:
    below = lines[blank + 1].text if blank + 1 < len(lines) else ""
    return label_of(below) is not None


def _convinces(seen: dict[str, str]) -> bool:
    if "from" not in seen or len(seen.keys() & {"date", "to", "subject"}) < 2:
        return False
    date = seen.get("date", "")
    dated = _YEAR.search(date) and _TIME.search(date) and _IN_WORDS.search(date)
    return bool(dated or any(_ADDRESS.search(seen.get(key, "")) for key in ("from", "to")))
