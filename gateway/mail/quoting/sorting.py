"""Lines of a reply → which are the person's own and which they quote."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.mail.quoting.attributions import attribution
from gateway.mail.quoting.comparisons import is_comparison
from gateway.mail.quoting.headers import (
    begins_like_headers,
    header_block,
    is_announced,
    is_forwarded,
    is_introduced,
    is_original,
    is_rule,
)
from gateway.mail.quoting.lines import (
    Line,
    Part,
    bears_mark,
    is_marked_below,
    last_written,
    next_written,
    without_marks,
)

_BLOCKS = (Part.CITED, Part.QUOTED, Part.INDENTED)
_UNSTRUCTURED = (Part.TEXT, Part.STUFFED, Part.INDENTED)
_FIRST = 50  # blank lines a mail may begin with
_DASHES = "-_=*‐‑‒–—―─"
_BEGINNINGS = ("el ", "on ", "em ", "le ", "am ", "il ")
_LONGEST_HEADERS = 24
_LONGEST_ATTRIBUTION = 12


@dataclass(frozen=True, slots=True)
class Sorted:
    """Lines, which of them are quoted, and how far that can be believed."""

    lines: Sequence[Line]
    is_quoted: Sequence[bool]
    is_open: bool = False  # a quote without marks or an element of its own took all that was left
    by_structure: bool = False  # elements of HTML showed where


@dataclass(frozen=True, slots=True)
class _Opening:
    lines: int
    open: bool  # no marks follow: the quote goes on to the end


def sort(lines: Sequence[Line]) -> Sorted:
    """Tell quoted lines from own ones; in doubt a line is own.

    Marked lines are a quote from where a program says so: what stands with ">" above the first
    attribution was pasted. What stands between marked lines or below them answers them.
    """
    is_quoted = [False] * len(lines)
    first = next_written(lines, 0, _FIRST)
    opened = first is not None and bears_mark(lines[first])
    trusts_text = not any(line.history or line.part not in _UNSTRUCTURED for line in lines)
    by_structure = False
    position = 0
    while position < len(lines):
        line = lines[position]
        if not line.text and not line.history:
            position += 1
            continue
        if line.history:
            end = _end_of_history(lines, position)
            is_quoted[position:end] = _history(lines[position:end])
            opened = by_structure = True
        elif bears_mark(line) and (trusts_text or line.part in _BLOCKS):
            end = _end_of_marks(lines, position)
            opened = opened or _is_program_quote(lines, position) or _is_left_below(lines, position, end)
            by_structure = by_structure or line.part is not Part.TEXT
            if opened and not _adds_to_own_words(lines, is_quoted, position, end):
                is_quoted[position:end] = [True] * (end - position)
        elif is_forwarded(line):  # handed on with the reply, so the reply's own
            break
        elif (found := _opening(lines, position)) is None:
            position += 1
            continue
        else:
            opened = True
            by_structure = by_structure or line.part is not Part.TEXT
            begin = _with_rule_above(lines, position)
            end = len(lines) if found.open else position + found.lines
            is_quoted[begin:end] = [True] * (end - begin)
            if found.open:
                return Sorted(lines, is_quoted, is_open=True, by_structure=by_structure)
        position = end
    return Sorted(lines, is_quoted, by_structure=by_structure)


def _opening(lines: Sequence[Line], position: int) -> _Opening | None:
    """Return what begins a quote here: an attribution, header lines, or a separator above them."""
    line = lines[position]
    if line.part is Part.HEADERS:
        return _Opening(1, open=True)
    if line.part is Part.ATTRIBUTION:
        return _written_by_program(lines, position)
    words = line.text.lstrip()[:200]
    if not words:
        return None
    if words[0] in _DASHES and is_original(line):
        return _below_separator(lines, position) or _Opening(1, open=True)
    may_introduce = ":" in words or "@" in words or words[0] in _DASHES or words[:3].lower() in _BEGINNINGS
    return _introduction(lines, position) if may_introduce else None


def _introduction(lines: Sequence[Line], position: int) -> _Opening | None:
    """Return the attribution or the header lines that stand here, unless a person announces them."""
    said = attribution(lines, position)
    if said is not None:
        is_open = not is_marked_below(lines, position + said.lines)
        if is_open and (not said.alone or is_announced(lines, position)):
            return None
        return _Opening(said.lines, open=is_open)
    if not begins_like_headers(lines[position]) or is_announced(lines, position):
        return None
    taken = header_block(lines, position)
    return _Opening(taken, open=not is_marked_below(lines, position + taken)) if taken else None


def _below_separator(lines: Sequence[Line], position: int) -> _Opening | None:
    """Return what stands below a separator, the separator included."""
    below = next_written(lines, position + 1)
    found = _introduction(lines, below) if below is not None else None
    return _Opening(below + found.lines - position, open=found.open) if below and found else None


def _written_by_program(lines: Sequence[Line], position: int) -> _Opening | None:
    """Return the whole of an element for attributions; a forward has one, too, and no quote to follow."""
    end = position
    while end < min(len(lines), position + _LONGEST_ATTRIBUTION) and (
        lines[end].part is Part.ATTRIBUTION or not lines[end].text.strip()
    ):
        end += 1
    return _Opening(end - position, open=False) if is_marked_below(lines, end) else None


def _with_rule_above(lines: Sequence[Line], position: int) -> int:
    """Return where a quote begins that a rule may stand above."""
    above = last_written(lines, position)
    return above if above is not None and is_rule(lines[above]) else position


def _end_of_marks(lines: Sequence[Line], position: int) -> int:
    is_text = lines[position].part is Part.TEXT
    end = position + 1
    while end < len(lines) and bears_mark(lines[end]) and (lines[end].part is Part.TEXT) == is_text:
        end += 1
    return end


def _is_program_quote(lines: Sequence[Line], position: int) -> bool:
    """Whether marked lines tell by themselves that a program wrote them: how they begin, or their element."""
    if lines[position].part is Part.CITED or attribution(lines, position) is not None:
        return True
    words = without_marks(lines[position])
    if not words.startswith(tuple(_DASHES)) and not begins_like_headers(Line(words)):
        return False
    bare = [Line(without_marks(line)) for line in lines[position : position + _LONGEST_HEADERS]]
    return is_original(bare[0]) or header_block(bare, 0) > 0


def _adds_to_own_words(lines: Sequence[Line], is_quoted: Sequence[bool], position: int, end: int) -> bool:
    """Whether marked lines compare numbers, below something the person wrote."""
    above = last_written(lines, position)
    return above is not None and not is_quoted[above] and is_comparison(lines, position, end)


def _is_left_below(lines: Sequence[Line], position: int, end: int) -> bool:
    """Whether marked lines stand apart at the end of a mail, and nobody says what they are."""
    apart = position > 0 and not lines[position - 1].text.strip()
    return apart and next_written(lines, end, len(lines)) is None and not is_introduced(lines, position)


def _end_of_history(lines: Sequence[Line], position: int) -> int:
    end = position + 1
    while end < len(lines) and lines[end].history:
        end += 1
    return end


def _history(lines: Sequence[Line]) -> list[bool]:
    """Tell quoted lines in an element that holds the answered mail: all, unless they bear marks.

    Programs that mark lines in it let people answer between these, inside the element.
    """
    first = next_written(lines, 0, _FIRST)
    if first is None:
        return [True] * len(lines)
    begin = first
    if not bears_mark(lines[first]):
        found = _opening(lines, first)
        begin = first + (found.lines if found else 1)
    if not is_marked_below(lines, begin):
        return [True] * len(lines)
    return [at < begin or not line.text.strip() or bears_mark(line) for at, line in enumerate(lines)]
