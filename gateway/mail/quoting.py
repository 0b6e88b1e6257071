"""A person's own words apart from what they quote, line by line (invariants B8). Spanish, English.

Mail programs say where a quote starts in four ways: "> " in front of each line, an attribution
("El … escribió:"), a separator ("-----Mensaje original-----"), a block of header lines ("De: …
Enviado: …"). HTML is rendered to text with the same marks, so its structure counts, too.
"""

import re

from gateway.mail import html_text
from gateway.mail.html_limits import fits

_BLANK_LINES = re.compile(r"\n{3,}")  # which quotes leave behind
_MARK = re.compile(r"[ \t]{0,3}>")
_RULE = re.compile(r"\s{0,9}_{10,}\s{0,9}")
_DASHES = r"[-_=—–]{2,}"
_ORIGINAL = re.compile(
    rf"\s{{0,9}}\*{{0,2}}{_DASHES}\s{{0,4}}(?:mensaje original|original message|mensagem original|"
    rf"mensaje anterior|correo original|cita original|original appointment)\s{{0,4}}:?{_DASHES}",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    rf"\s{{0,9}}{_DASHES}\s{{0,4}}(?:forwarded message|mensaje reenviado|reenviado por|forwarded by)",
    re.IGNORECASE,
)

_ATTRIBUTION_START = re.compile(r"\s{0,9}[*_]{0,2}(?:el|on|em)\s", re.IGNORECASE)
_DATED_START = re.compile(r"\s{0,9}[*_]{0,2}(?:El|On|Em)\s[^\d\n]{0,30}\d")
_NAMED_START = re.compile(r"[^\d:;.!?]{1,60}<[^\s<>@]{1,64}@[^\s<>]{3,200}>")
_WROTE = r"(?:escribió|escribio|ha escrito|escreveu|wrote|respondió)"
_ATTRIBUTION_END = re.compile(rf"{_WROTE}\s{{0,3}}:[\s*_]{{0,9}}$", re.IGNORECASE)
_SAYS_WROTE = re.compile(_WROTE, re.IGNORECASE)
_TIME = re.compile(r"\d{1,2}[:.]\d\d")
_DAY = re.compile(r"(?:19|20)\d\d|\d{1,2}[/.-]\d{1,2}")
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{3}")
_ATTRIBUTION_LINES = 4
_ATTRIBUTION_CHARACTERS = 400

# What the labels above a quote speak of; "De" alone is a word like any other, so it needs two more.
_LABELS = {
    **dict.fromkeys(("de", "from"), "from"),
    **dict.fromkeys(("enviado", "enviado el", "enviados", "fecha", "date", "sent", "data"), "date"),
    **dict.fromkeys(("para", "to", "a"), "to"),
    **dict.fromkeys(("asunto", "subject", "assunto"), "subject"),
    **dict.fromkeys(("cc", "cco", "bcc", "responder a", "reply-to", "importancia", "importance"), "more"),
}
_LABEL = re.compile(r"\s{0,9}[*_]{0,2}([A-Za-z][A-Za-z -]{0,15})[*_]{0,2}\s{0,3}:[*_]{0,2}(?:\s|$)")
_HEADER_LINES = 16
_HTML_MARKS = ("gmail_quote", "cite", "divRplyFwdMsg", "appendonsend", "yahoo_quoted", "border-top:solid")


def split(text: str, html: str, *, is_reply: bool) -> tuple[str, str]:
    """Return a person's own words and what they quote. Together they hold every line there is.

    Only of replies: a first mail and a forward are shown whole. So is a reply that would be left
    without words: a quote alone must then be what the person wanted to show. `html` is asked when
    the plain text bears no mark of a quote.
    """
    if not is_reply or not text.strip():
        return text, ""
    own, quoted = _split_lines(text.split("\n"))
    if not quoted and any(mark in html for mark in _HTML_MARKS) and fits(html):
        own, quoted = _split_lines(html_text.render(html).split("\n"))
    return (own, quoted) if quoted and own else (text, "")


def _split_lines(lines: list[str]) -> tuple[str, str]:
    """Sort lines into own and quoted ones, until a quote without marks takes all that is left.

    What stands between marked lines or below them answers them, and stays own.
    """
    own: list[str] = []
    quoted: list[str] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        taken = 0
        if _MARK.match(line):
            taken = 1
        elif ":" in line or line.lstrip()[:1] in ("-", "_", "*", "=") or _ATTRIBUTION_START.match(line):
            if _FORWARDED.match(line):  # handed on with the reply, so the reply's own
                own += lines[position:]
                break
            taken = _attribution(lines, position)
            if _opens_the_rest(lines, position) or (taken and not _is_marked(lines, position + taken)):
                taken = len(lines) - position
        if taken:
            quoted += lines[position : position + taken]
            position += taken
        else:
            own.append(line)
            position += 1
    return _BLANK_LINES.sub("\n\n", "\n".join(own)).strip(), "\n".join(quoted).strip("\n")


def _opens_the_rest(lines: list[str], position: int) -> bool:
    """Whether a quote without marks starts here: it goes on to the end of the mail."""
    line = lines[position]
    if _ORIGINAL.match(line):
        return True
    if _RULE.fullmatch(line[:200]):
        below = _next_written(lines, position + 1)
        return below is not None and _is_header_block(lines, below)
    return _is_header_block(lines, position)


def _attribution(lines: list[str], position: int) -> int:
    """Return how many lines from here are an attribution, 0 if this is none.

    One without an address is believed only above marked lines: "El cliente escribió:" is also
    how people introduce what they copy by hand.
    """
    joined = ""
    for count, line in enumerate(lines[position : position + _ATTRIBUTION_LINES], start=1):
        if not line.strip() or _MARK.match(line) or (count > 1 and _DATED_START.match(line)):
            return 0
        if len(joined) + len(line) > _ATTRIBUTION_CHARACTERS:
            return 0
        joined += line + " "
        ends = line.rstrip().endswith((":", ":*", ":_")) and _is_attribution(joined)
        if ends and (_is_marked(lines, position + count) or _stands_alone(joined)):
            return count
        if not _DATED_START.match(lines[position]) and not _NAMED_START.match(lines[position]):
            return 0  # only what begins like one is followed over several lines
    return 0


def _is_attribution(joined: str) -> bool:
    if _SAYS_WROTE.search(joined):
        return bool(_TIME.search(joined) or _DAY.search(joined) or _ADDRESS.search(joined))
    return bool(_ADDRESS.search(joined) and _DAY.search(joined))  # 2025-11-03 10:00 GMT-03:00 Ana <a@b>:


def _stands_alone(joined: str) -> bool:
    """Whether an attribution needs no marked lines below: program, date, address, "escribió:"."""
    return bool(
        _ATTRIBUTION_START.match(joined)
        and _ATTRIBUTION_END.search(joined[-60:])
        and _ADDRESS.search(joined)
        and (_TIME.search(joined) or _DAY.search(joined))
    )


def _is_header_block(lines: list[str], position: int) -> bool:
    """Whether "De:" stands here with a date, a recipient or a subject, two of them, below it."""
    seen: set[str] = set()
    for offset, line in enumerate(lines[position : position + _HEADER_LINES]):
        label = _label(line)
        if (label == "from") != (offset == 0):
            return False
        if label:
            seen.add(label)
        elif line.strip() and not any(sign in line[:500] for sign in "@;<"):
            break  # neither a label nor the rest of a list of addresses
        if len(seen & {"date", "to", "subject"}) >= 2:
            return True
    return False


def _label(line: str) -> str | None:
    found = _LABEL.match(line)
    return _LABELS.get(found[1].strip().lower()) if found else None


def _is_marked(lines: list[str], position: int) -> bool:
    below = _next_written(lines, position)
    return below is not None and _MARK.match(lines[below]) is not None


def _next_written(lines: list[str], position: int) -> int | None:
    """Return the next line with words, at most two blank ones further on."""
    for candidate in range(position, min(position + 3, len(lines))):
        if lines[candidate].strip():
            return candidate
    return None
