"""Rich text of Outlook → the HTML it was made of, or its words.

Exchange writes a body as compressed RTF (MS-OXRTFCP) that often carries the HTML it came from
(MS-OXRTFEX). Own code because no kept library reads both; formatting is not wanted, words are.
"""

import re
from dataclasses import dataclass, field, replace

from gateway.mail import charsets

_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_WINDOW = 4096
_COMPRESSED, _STORED = b"LZFu", b"MELA"

_TOKEN = re.compile(
    rb"\\([a-z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
_CODE_PAGE = re.compile(rb"\\ansicpg([0-9]{1,5})")
_CODE_PAGES = {b"65001": "utf-8", b"932": "shift_jis", b"936": "gbk", b"949": "euc-kr", b"950": "big5"}
_HEAD = 1024  # octets in which a document says what it is

_UNSAID = frozenset(
    (  # noqa: SIM905  names read better in a row
        "fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr "
        "footerf filetbl listtable revtbl xe tc rxe txe comment annotation private1 bkmkstart bkmkend"
    ).split()
)
_SAID = {
    "par": "\n",
    "line": "\n",
    "sect": "\n",
    "page": "\n",
    "row": "\n",
    "cell": "\t",
    "tab": "\t",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "endash": "–",
    "emdash": "—",
}
_SYMBOLS = {b"~": "\u00a0", b"_": "-", b"\n": "\n", b"\r": "\n"} | {
    each: each.decode() for each in (b"\\", b"{", b"}")
}


def decompress(octets: bytes, most: int) -> bytes:
    """Return the RTF behind MS-OXRTFCP, at most `most` octets of it; ValueError when it is none."""
    kind, content = octets[8:12], octets[16:]
    if kind == _STORED:
        return content[:most]
    if kind != _COMPRESSED:
        raise ValueError("no compressed RTF")
    written = bytearray(_DICTIONARY)
    position, end = 0, len(content)
    most += len(_DICTIONARY)
    while position < end and len(written) < most:
        flags = content[position]
        position += 1
        for bit in range(8):
            if not flags >> bit & 1:
                written += content[position : position + 1]
                position += 1
                continue
            reference = int.from_bytes(content[position : position + 2], "big")
            position += 2
            # The window is a ring; what stands at an offset is the last octet written there.
            back = ((len(written) - (reference >> 4) - 1) % _WINDOW) + 1
            if back == _WINDOW or position > end:
                return bytes(written[len(_DICTIONARY) : most])
            _repeat(written, back, (reference & 15) + 2)
    return bytes(written[len(_DICTIONARY) : most])


def _repeat(written: bytearray, back: int, length: int) -> None:
    if back > len(written):
        raise ValueError("a reference to before the beginning")
    for _ in range(length):
        written.append(written[-back])


def words_of(rtf: bytes) -> tuple[str, str]:
    """Return (text, HTML) of a document: the HTML it was made of, else its words. Linear; never raises."""
    head = rtf[:_HEAD]
    code_page = _CODE_PAGE.search(head)
    number = code_page[1] if code_page else b"1252"
    document = _Document(_CODE_PAGES.get(number, f"windows-{number.decode()}"), b"\\fromhtml" in head)
    document.read(rtf)
    text = "".join(document.said).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = charsets.clean(text)
    return ("", text) if document.holds_html else (text.strip("\n"), "")


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds between a { and its }."""

    silent: bool = False  # a table, a picture, anything that is no text
    formatting: bool = False  # between \htmlrtf and \htmlrtf0: RTF of what the HTML says, too
    stand_in: int = 1  # characters after \uN for programs that know no Unicode


@dataclass(slots=True)
class _Document:
    charset: str
    holds_html: bool
    said: list[str] = field(default_factory=list)
    octets: bytearray = field(default_factory=bytearray)  # of a run of characters in the code page
    groups: list[_Group] = field(default_factory=list)
    here: _Group = field(default_factory=_Group)
    starred: bool = False  # after \*: an unknown destination is to be skipped
    to_skip: int = 0

    def read(self, rtf: bytes) -> None:
        position = 0
        while token := _TOKEN.match(rtf, position):
            position = token.end()
            word, number, code, symbol, brace, text = token.groups()
            if word is not None:
                if word == b"bin":
                    position += max(int(number or 0), 0)
                self._word(word.decode(), int(number) if number else None)
            elif code is not None:
                self._characters(bytes.fromhex(code.decode()))
            elif symbol is not None:
                self._symbol(symbol)
            elif brace is not None:
                self._brace(brace)
            elif text is not None:
                self._characters(text)
        self._flush()

    def _word(self, word: str, number: int | None) -> None:
        starred, self.starred = self.starred, False
        if word == "htmltag" and self.holds_html:
            self.here = replace(self.here, silent=bool(self.groups) and self.groups[-1].silent)
        elif starred or word in _UNSAID:
            self.here = replace(self.here, silent=True)
        elif word == "htmlrtf":
            self.here = replace(self.here, formatting=number != 0)
        elif word == "uc":
            self.here = replace(self.here, stand_in=min(max(number or 0, 0), 8))
        elif word == "u" and number is not None:
            self._say(chr(number & 0xFFFF))
            self.to_skip = self.here.stand_in
        elif word in _SAID:
            self._say(_SAID[word])

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self.starred = True
        elif symbol in _SYMBOLS:
            self._say(_SYMBOLS[symbol])

    def _brace(self, brace: bytes) -> None:
        self.starred, self.to_skip = False, 0
        if brace == b"{":
            self.groups.append(self.here)
        elif self.groups:
            self.here = self.groups.pop()

    def _characters(self, octets: bytes) -> None:
        skipped = min(self.to_skip, len(octets))
        self.to_skip -= skipped
        if not (self.here.silent or self.here.formatting):
            self.octets += octets[skipped:]

    def _say(self, text: str) -> None:
        self.to_skip = 0
        if not (self.here.silent or self.here.formatting):
            self._flush()
            self.said.append(text)

    def _flush(self) -> None:
        if self.octets:
            self.said.append(charsets.decode(bytes(self.octets), self.charset))
            self.octets.clear()
