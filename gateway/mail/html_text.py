"""HTML → the plain text a reader sees, in one pass over the tree, at a cost that grows with its size.

Own code because the renderer first chosen, inscriptis, pads every line of a table cell to the width
of its column: 0.9 MB of HTML became 2.7 GB of text in 19 s. It also loses what lies deeper than 250
elements without a word, needs three times as long for an ordinary mail and 6 MB more memory.

What is quoted comes out the way plain mail writes it, with "> " in front or a rule above its header
lines. What else the elements of mail programs say, each line has beside its text.
"""

import re
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.mail.quoting.containers import CONTAINERS, NOTHING, Meaning, meaning
from gateway.mail.quoting.lines import Line, Part

RULE = "_" * 32  # what Outlook itself writes for a horizontal rule in plain text

_SKIPPED = frozenset(
    (  # noqa: SIM905  names read better in a row
        "head script style title template noembed noframes svg math object iframe "
        "audio video canvas select -comment"
    ).split()
)
_BLOCKS = frozenset(
    (  # noqa: SIM905  names read better in a row
        "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset "
        "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup html legend li main menu nav ol p pre "
        "section summary table tbody textarea tfoot thead tr ul"
    ).split()
)
_SPACED = frozenset("p h1 h2 h3 h4 h5 h6 ul ol dl table blockquote pre".split())  # noqa: SIM905
_CELLS = ("td", "th")
_LISTS = ("ul", "ol", "menu", "dir")
_PREFORMATTED = ("pre", "textarea")

_BLANKS = re.compile(r"[ \t\n\r\f]+")
_INVISIBLE = str.maketrans({"\u00a0": " ", "\u200b": "", "\u00ad": "", "\ufeff": "", "\u034f": ""})
_HIDING = re.compile(r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden", re.IGNORECASE)
_SIGNATURE = "-- "  # means something only with its blank
_DEEPEST_LIST = 8
_DEEPEST_QUOTE = 20


def render(html: str) -> str:
    """Return the visible words of a document; hidden ones do not count as said (T10)."""
    return "\n".join(line.text for line in lines(html))


def lines(html: str) -> list[Line]:
    """Return the visible lines of a document, each with what the elements around it say of it."""
    body = LexborHTMLParser(html).body
    if body is None:
        return []
    page = _Page(may_hide=_HIDING.search(html) is not None or " hidden" in html)
    opened: list[LexborNode] = []
    node = body.child
    while node is not None:
        tag = node.tag or ""
        if tag == "-text":
            page.write(node.text_content or "")
        elif page.shows(tag, node):
            page.open(tag, node)
            child = node.child
            if child is not None:
                opened.append(node)
                node = child
                continue
            page.close(tag)
        following = node.next
        while following is None and opened:
            node = opened.pop()
            page.close(node.tag or "")
            following = node.next
        node = following
    return page.lines()


class _Surroundings(NamedTuple):
    """What all the open elements together say of a line."""

    part: Part = Part.TEXT
    history: bool = False
    depth: int = 0  # of quotes


class _Page:
    """The text so far: finished lines, the line being written, and what surrounds it."""

    def __init__(self, *, may_hide: bool) -> None:
        self._may_hide = may_hide
        self._lines: list[Line] = []  # of the innermost table cell, else of the page
        self._line: list[str] = []
        self._ends_blank = True  # the line being written is empty or ends in a blank
        self._gap = False  # a blank line is due before the next one
        self._spaced = False  # the innermost paragraph keeps a distance
        self._bullet = ""
        self._preformatted = 0
        self._around = _Surroundings()
        self._outside: list[_Surroundings] = []  # of each open block that can mean something
        self._lists: list[int] = []  # next number of each open list, 0 for one with dashes
        self._cells: list[tuple[list[Line], bool]] = []  # what waits outside of each open cell
        self._rows: list[list[list[Line]]] = []  # finished cells of each open row

    def lines(self) -> list[Line]:
        self._end_line()
        return _trimmed(self._lines)

    def shows(self, tag: str, node: LexborNode) -> bool:
        if tag in _SKIPPED or tag.startswith(("-", "!")):
            return False
        if not self._may_hide:
            return True
        attributes = node.attributes
        return "hidden" not in attributes and not _HIDING.search(attributes.get("style") or "")

    def write(self, text: str) -> None:
        if self._preformatted:
            first, *rest = text.split("\n")
            self._append(first)
            for line in rest:
                self._break_line()
                self._append(line)
            return
        text = _BLANKS.sub(" ", text)
        if self._ends_blank:
            text = text.removeprefix(" ")
        self._append(text)

    def open(self, tag: str, node: LexborNode) -> None:
        if tag == "br":
            self._break_line()
        elif tag == "hr":
            self._rule()
        elif tag == "img":
            self._image(node)
        elif tag in _CELLS:
            self._open_cell()
        elif tag in _BLOCKS:
            self._open_block(tag, node)

    def close(self, tag: str) -> None:
        if tag in _CELLS:
            self._close_cell()
        elif tag in _BLOCKS:
            self._close_block(tag)

    def _open_block(self, tag: str, node: LexborNode) -> None:
        self._end_line()
        attributes = node.attributes
        # Word's paragraphs have no margin: between them stands an empty one where a blank line is meant.
        self._spaced = tag in _SPACED and not (attributes.get("class") or "").startswith("Mso")
        self._gap = self._gap or (self._spaced and not self._lists)
        if tag in CONTAINERS:
            self._enter(meaning(tag, attributes))
        elif tag in _LISTS:
            self._lists.append(1 if tag == "ol" else 0)
        elif tag == "li":
            self._start_item()
        elif tag == "tr":
            self._rows.append([])
        elif tag in _PREFORMATTED:
            self._preformatted += 1

    def _close_block(self, tag: str) -> None:
        self._end_line()
        self._bullet = ""
        if tag in CONTAINERS and self._outside:
            self._around = self._outside.pop()
        elif tag in _LISTS and self._lists:
            self._lists.pop()
        elif tag == "tr" and self._rows:
            self._end_row(self._rows.pop())
        elif tag in _PREFORMATTED:
            self._preformatted -= 1
        self._gap = self._gap or (self._spaced if tag == "p" else tag in _SPACED and not self._lists)

    def _enter(self, said: Meaning) -> None:
        self._outside.append(self._around)
        if said is NOTHING:
            return
        part, history, depth = self._around
        depth += said.part in (Part.CITED, Part.QUOTED)
        self._around = _Surroundings(said.part or part, said.history or history, depth)
        if said.part is Part.HEADERS:
            self._rule()

    def _start_item(self) -> None:
        number = self._lists[-1] if self._lists else 0
        self._bullet = "  " * min(len(self._lists) - 1, _DEEPEST_LIST) + (f"{number}. " if number else "- ")
        if number:
            self._lists[-1] += 1

    def _open_cell(self) -> None:
        self._end_line()
        self._cells.append((self._lines, self._gap))
        self._lines, self._gap = [], False

    def _close_cell(self) -> None:
        if not self._cells:
            return
        self._end_line()
        cell = self._lines
        self._lines, self._gap = self._cells.pop()
        if self._rows:
            self._rows[-1].append(cell)
        else:
            self._lines += cell

    def _end_row(self, cells: list[list[Line]]) -> None:
        """Put a row of short cells on one line, longer cells below one another."""
        said = [cell for cell in (_trimmed(each) for each in cells) if cell]
        if not said:
            return
        self._take_gap()
        if all(len(cell) == 1 for cell in said):
            first = said[0][0]
            self._lines.append(first._replace(text=" | ".join(cell[0].text for cell in said)))
            return
        for cell in said:
            self._lines += cell

    def _rule(self) -> None:
        self._end_line()
        if not self._lines or self._lines[-1].text.lstrip("> ") != RULE:
            self._append(RULE)
            self._end_line()

    def _image(self, node: LexborNode) -> None:
        words = _BLANKS.sub(" ", node.attributes.get("alt") or "").strip()
        if words:
            self._append(f"[{words[:200]}]")

    def _append(self, text: str) -> None:
        if text:
            self._line.append(text)
            self._ends_blank = text.endswith(" ")

    def _end_line(self) -> None:
        if self._line:
            self._break_line()

    def _break_line(self) -> None:
        line = "".join(self._line).translate(_INVISIBLE)
        line = line if line == _SIGNATURE else line.rstrip()
        self._line, self._ends_blank = [], True
        if line:
            line, self._bullet = self._bullet + line, ""
            self._take_gap()
        part, history, depth = self._around
        quote = ">" * min(depth, _DEEPEST_QUOTE)
        self._lines.append(Line(f"{quote} {line}" if quote else line, part, history))

    def _take_gap(self) -> None:
        if self._gap and self._lines and self._lines[-1].text:
            self._lines.append(Line("", self._around.part, self._around.history))
        self._gap = False


def _trimmed(lines: list[Line]) -> list[Line]:
    start, end = 0, len(lines)
    while start < end and not lines[start].text:
        start += 1
    while end > start and not lines[end - 1].text:
        end -= 1
    return lines[start:end]
