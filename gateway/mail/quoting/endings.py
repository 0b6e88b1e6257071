"""What stands under a person's words and is not theirs to say: signatures, and footers of programs.

In doubt it stays: only "-- " begins a signature, for it is what programs write, and not for a long one.
"""

import re
from collections.abc import Sequence

from gateway.mail.quoting import footers
from gateway.mail.quoting.lines import Line

_SIGNATURE_LINES = 14
_WRAPPED = 6  # lines a sentence of a phone or a scanner is wrapped over
_SENTENCE_CHARACTERS = 2_000  # links and all
_NOTICES = 12  # paragraphs
_NOTICE_LINES = 40
_NOTICE_CHARACTERS = 3_000
_FIRST_WORDS = 80
_WRAPPED_AT = 40  # characters that a line of a longer sentence has at least
_TRIES = 6
_LIST_LINES = 8
_POSTSCRIPT = re.compile(r"\s{0,3}(?:p\.? ?[ds]\b|pos(?:t)?data|nota:|nb:)", re.IGNORECASE)
_RULE = re.compile(r"[\s>]{0,9}[-_=*─—]{2,}\s{0,9}")
_FIRST_LETTERS = re.compile(
    r"[\W_]{0,12}(?:http|www|env|sent|mand|get|obt|desc|cons|baix|inst|yahoo|mens|mess|el |tex|quo|mos|ocul|"
    r"show|hide|lib|liv|virus|avast|avg|ese|est|this|o |no |nenh|se |comp|check|verif|inf|image|cid)",
    re.IGNORECASE,
)


def fold_endings(lines: Sequence[Line], is_quoted: Sequence[bool]) -> list[bool]:
    """Return which lines are not own words, those given included."""
    folded = list(is_quoted)
    position = 0
    while position < len(lines):
        if folded[position]:
            position += 1
            continue
        end = position
        while end < len(lines) and not folded[end]:
            end += 1
        _fold_sentences(lines, folded, position, end)
        _fold_from_below(lines, folded, position, end)
        position = end
    return folded


def _fold_sentences(lines: Sequence[Line], folded: list[bool], begin: int, end: int) -> None:
    """Fold what phones and scanners add, wherever it stands between `begin` and `end`."""
    position = begin
    while position < end:
        taken = _sentence(lines, position, end) if _FIRST_LETTERS.match(lines[position].text[:40]) else 0
        folded[position : position + taken] = [True] * taken
        position += taken or 1


def _sentence(lines: Sequence[Line], position: int, end: int) -> int:
    """Return how many lines from here are such a sentence, links around it included."""
    joined = ""
    best = 0
    for count, line in enumerate(lines[position : min(position + _WRAPPED, end)], start=1):
        if not line.text.strip() or len(joined) > _SENTENCE_CHARACTERS:
            break
        joined += line.text[:_SENTENCE_CHARACTERS] + " "
        words = footers.folded(joined)
        if not footers.may_begin(words):
            break
        if (
            footers.is_sent_from(words)
            or footers.is_scanned(words)
            or (best and not footers.folded(line.text))
        ):
            best = count
    return best or int(footers.is_scanner_link(lines[position].text))


def _fold_from_below(lines: Sequence[Line], folded: list[bool], begin: int, end: int) -> None:
    """Fold notices from the last paragraph upwards while there are any, then the signature above them."""
    bottom = end
    is_above_folded = is_above_notice = False
    for _ in range(_NOTICES):
        while bottom > begin and (folded[bottom - 1] or not lines[bottom - 1].text.strip()):
            is_above_folded = is_above_folded or folded[bottom - 1]
            bottom -= 1
        if bottom > begin and is_above_folded and _is_rule(lines[bottom - 1]):
            bottom -= 1
            folded[bottom] = True
            continue
        top = bottom
        while top > begin and lines[top - 1].text.strip() and not folded[top - 1]:
            top -= 1
        notice = _notice(lines, max(top, bottom - _NOTICE_LINES), bottom)
        if (
            notice == bottom
            and is_above_notice
            and footers.is_heading(footers.folded(lines[bottom - 1].text))
        ):
            notice = bottom - 1
        if notice == bottom:
            break
        is_above_notice = True
        folded[notice:bottom] = [True] * (bottom - notice)
    _fold_signature(lines, folded, begin, end)


def _notice(lines: Sequence[Line], top: int, bottom: int) -> int:
    """Return where in a paragraph a notice begins that goes on to its end; `bottom` if there is none."""
    tried = 0
    for begin in range(top, bottom):
        first = footers.folded(lines[begin].text, _FIRST_WORDS)
        is_rule = _is_rule(lines[begin])
        if not is_rule and not footers.begins_like_notice(first):
            continue
        tried += 1
        if any(len(line.text) < _WRAPPED_AT for line in lines[begin : bottom - 1]) and not is_rule:
            continue  # lines that end where their words do
        words = footers.folded(" ".join(line.text for line in lines[begin:bottom]), _NOTICE_CHARACTERS)
        if is_rule and bottom - begin <= _LIST_LINES and footers.is_about_list(words):
            return begin
        if not is_rule and footers.is_notice(words):
            return begin
        if tried == _TRIES:
            break
    return bottom


def _is_rule(line: Line) -> bool:
    return _RULE.fullmatch(line.text[:200]) is not None


def _fold_signature(lines: Sequence[Line], folded: list[bool], begin: int, end: int) -> None:
    """Fold from the last "-- " on, unless what follows is too long for a signature or a postscript."""
    written = 0
    for position in range(end - 1, begin - 1, -1):
        text = lines[position].text
        if folded[position] or not text.strip():
            continue
        if text.replace("\u00a0", " ") == "-- ":
            folded[position:end] = [True] * (end - position)
            return
        written += 1
        if written > _SIGNATURE_LINES or _POSTSCRIPT.match(text):
            return
