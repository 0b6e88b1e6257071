"""Attributions: the line above a quote that says who wrote it when ("El … escribió:").

Spanish, English, Portuguese; as Gmail, Apple, Thunderbird, Yahoo, Zoho, Roundcube, Horde, Notes and
others write it, wrapped over up to four lines.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gateway.mail.quoting.comparisons import is_comparison
from gateway.mail.quoting.lines import Line, Part, bears_mark, is_marked_below, next_written, without_marks

_LINES = 4
_CHARACTERS = 500

_WROTE = r"(?:escribi[óo]|ha escrito|escreveu|wrote|respondi[óo]|dijo|disse|said|a écrit|schrieb|ha scritto)"
_DASHES = r"[-_=*‐-―─]{2,60}"
_START = re.compile(rf"\s{{0,9}}(?:{_DASHES}\s{{0,3}})?[*_]{{0,2}}(?:el|on|em|le|am|il)\s", re.IGNORECASE)
_DATED_START = re.compile(
    rf"\s{{0,9}}(?:{_DASHES}\s{{0,3}})?[*_]{{0,2}}(?:El|On|Em|Le|Am|Il)\s[^\d\n]{{0,30}}\d"
)
_BRACKETED = re.compile(r"[<(\[][^\s<>()\[\]@]{1,64}@[^\s<>()\[\]@]{3,200}[>)\]]")
_ENDS_IN_ADDRESS = re.compile(
    r"(?:<|\b(?:por|by)\s)[^\s<>@]{1,64}@[^\s<>@:]{3,250}>?\)?\s{0,3}:[\s*_]{0,9}$", re.IGNORECASE
)
_NOT_IN_NAMES = re.compile(r"[\d:;!?]")
_SAYS_WROTE = re.compile(_WROTE, re.IGNORECASE)
_ENDS_WROTE = re.compile(rf"{_WROTE}\s{{0,3}}:[\s*_]{{0,9}}$", re.IGNORECASE)
_TO_SOMEBODY = re.compile(rf"\b(?:me|te|nos|le|les|se|lhe)\s{{1,3}}{_WROTE}", re.IGNORECASE)
_WORTH_READING = re.compile(r"[\d@:]")
_TIME = re.compile(r"\d{1,2}[:.h]\d\d")
_DAY = re.compile(r"(?:19|20)\d\d|\d{1,2}[/.-]\d{1,2}")
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{3}")

_RAN_ON = re.compile(rf"{_WROTE}\s{{0,2}}:\s{{2,9}}\S", re.IGNORECASE)
_DASH = "-_=*‐‑‒–—―─ \t\u00a0"
_NAME_ALONE = re.compile(rf"(?:[^\W\d_][\w.'’-]{{0,30}},?\s){{1,5}}{_WROTE}:", re.IGNORECASE)
_NO_NAME = re.compile(
    r"(?:el|la|los|las|un|una|mi|su|tu|nuestr[oa]|ayer|hoy|que|como|esto|lo|ella|ellos|cuando|donde|acá|aquí|"
    r"the|my|our|he|she|they|you|i|we|yesterday|today|what|o|a|meu|minha|ele|ela|eu|ontem|hoje)\s",
    re.IGNORECASE,
)
_CITING = re.compile(
    r"\s{0,9}(?:quoting|citando a|mensaje citado por|citat de)\s[^\n]{1,200}:\s{0,3}$", re.IGNORECASE
)


class Attribution(NamedTuple):
    """How many lines it takes, and whether what follows is known as a quote without marks."""

    lines: int
    alone: bool


def attribution(lines: Sequence[Line], position: int) -> Attribution | None:
    """Return the attribution that begins here, or None.

    One without date and address is believed only above marked lines: "El cliente escribió:" is also
    how people introduce what they copy by hand.
    """
    first = lines[position]
    start = without_marks(first)[:_CHARACTERS]
    if not _WORTH_READING.search(start):
        return None
    marked = bears_mark(first)
    if _is_between_dashes(start) or _runs_on(start):
        return Attribution(1, alone=True)
    reach = _LINES if _DATED_START.match(start) else 2 if _begins_with_name(start) else 1
    joined = ""
    for count, line in enumerate(lines[position : position + reach], start=1):
        words = without_marks(line) if marked else line.text
        if not words.strip() or bears_mark(line) != marked or len(joined) + len(words) > _CHARACTERS:
            return None
        if count > 1 and _DATED_START.match(words):
            return None
        joined += words.strip() + " "
        if _ends(words):
            found = _judged(lines, position + count, joined, marked=marked)
            return found and found._replace(lines=count)
    return None


def _ends(words: str) -> bool:
    return words.rstrip(" \t\u00a0*_").endswith(":")


def _judged(lines: Sequence[Line], below: int, joined: str, *, marked: bool) -> Attribution | None:
    """Return an attribution of no known length if these words are one, above what stands below."""
    if _TO_SOMEBODY.search(joined):
        return None
    if _stands_alone(joined):
        return Attribution(0, alone=True)
    if (marked or is_marked_below(lines, below)) and _introduces_marks(joined):
        return Attribution(0, alone=False)
    at = next_written(lines, below)
    if at is not None and bears_mark(lines[at]) and _is_name_alone(joined):
        is_other = _DATED_START.match(without_marks(lines[at])) or is_comparison(lines, at, at + 1)
        return None if is_other else Attribution(0, alone=False)
    if at is not None and lines[at].part is Part.CITED and _ADDRESS.search(joined) and _DAY.search(joined):
        return Attribution(0, alone=False)
    return None


def _stands_alone(joined: str) -> bool:
    """Whether an attribution needs no marked lines below: program, date, address, "escribió:"."""
    return bool(
        (_START.match(joined) or _begins_with_name(joined))
        and _ENDS_WROTE.search(joined[-60:])
        and _ADDRESS.search(joined)
        and (_TIME.search(joined) or _DAY.search(joined))
    )


def _begins_with_name(words: str) -> bool:
    """Whether a name and an address in brackets stand in front."""
    found = _BRACKETED.search(words[:200])
    return found is not None and not _NOT_IN_NAMES.search(words[: found.start()])


def _introduces_marks(joined: str) -> bool:
    if _CITING.match(joined):
        return True
    if not _SAYS_WROTE.search(joined):  # 2025-11-03 10:00 Ana <a@b>: or, in Tuta, por a@b:
        return _ENDS_IN_ADDRESS.search(joined[-330:]) is not None and _DAY.search(joined) is not None
    return bool(_ADDRESS.search(joined) or _TIME.search(joined) or _DAY.search(joined))


def _is_name_alone(joined: str) -> bool:
    """Whether this is "Ana Muñoz escribió:" and neither "El cliente escribió:" nor a sentence."""
    return bool(_NAME_ALONE.fullmatch(joined.strip()[:200]) and not _NO_NAME.match(joined.lstrip()[:30]))


def _is_between_dashes(start: str) -> bool:
    """Whether a line is an attribution in the form of a separator: Zoho, Mailbird, Notes."""
    line = start.strip()
    if line[:2].strip(_DASH) or line[-2:].strip(_DASH) or not _SAYS_WROTE.search(line):
        return False
    if not _ENDS_WROTE.search(line.strip(_DASH).removesuffix(":") + ":"):
        return False
    return bool(_ADDRESS.search(line) or (_DAY.search(line) and _TIME.search(line)))


def _runs_on(start: str) -> bool:
    """Whether the quote begins on the line of its attribution, after blanks: Yahoo on Android."""
    found = _RAN_ON.search(start)
    if found is None or not _START.match(start):
        return False
    before = start[: found.end()]
    return bool(_ADDRESS.search(before) and _TIME.search(before) and not _TO_SOMEBODY.search(before))
