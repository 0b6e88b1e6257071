"""Header fields as they came → one-line text and parameters (RFC 2231, 6532, and what breaks them)."""

import re
from urllib.parse import unquote_to_bytes

from gateway.mail import charsets
from gateway.mail.encoded_words import decode_words

_PARAMETER = re.compile(r';\s*([^\s=;"]{1,60})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_SECTION = re.compile(r"([^*]+)(?:\*([0-9]{1,3}))?(\*)?")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")  # all but tab
_PARAMETERS = 200


def unfold(raw_value: str) -> str:
    """Return a field's value on one line, its raw octets read as text; encoded words stay.

    `raw_value` is the standard library's: octets above 127 stand there as surrogates.
    """
    if raw_value.isprintable():
        return raw_value.strip()
    if not raw_value.isascii():
        raw_value = charsets.decode(raw_value.encode("utf-8", "surrogateescape"))
    return _CONTROLS.sub("", raw_value).strip()


def text_of(value: str) -> str:
    """Return an unfolded value with its encoded words read."""
    return _CONTROLS.sub("", decode_words(value)) if "=?" in value else value


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """Split `text/plain; charset=x; name*0*=…` into the lower-cased token and its parameters.

    Names are lower-cased, values decoded, continuations joined (RFC 2231); of a name given both
    ways the extended form wins, as RFC 6266 has it for downloads. The first of two equals stays.
    """
    token, semicolon, _ = value.partition(";")
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    if semicolon:
        for count, found in enumerate(_PARAMETER.finditer(value, len(token))):
            if count == _PARAMETERS:
                break
            _note_parameter(found[1].lower(), _unquote(found[2]), plain, sections)
    extended = {name: _joined(numbered) for name, numbered in sections.items()}
    return token.strip().lower(), plain | extended


def _note_parameter(
    name: str, value: str, plain: dict[str, str], sections: dict[str, dict[int, tuple[str, bool]]]
) -> None:
    section = _SECTION.fullmatch(name) if "*" in name else None
    if section is None:
        plain.setdefault(name, text_of(value))
        return
    number, is_encoded = int(section[2] or 0), section[3] is not None
    sections.setdefault(section[1], {}).setdefault(number, (value, is_encoded))


def _joined(numbered: dict[int, tuple[str, bool]]) -> str:
    """Join the sections of one extended parameter; the first names the charset: utf-8'es'caf%C3%A9."""
    charset, octets = "", b""
    for position, (_, (value, is_encoded)) in enumerate(sorted(numbered.items())):
        text = value
        if position == 0 and is_encoded and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        octets += unquote_to_bytes(text) if is_encoded else text.encode("utf-8", "replace")
    return _CONTROLS.sub("", charsets.decode(octets, charset))


def _unquote(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == '"' == value[-1]:
        return _QUOTED_PAIR.sub(r"\1", value[1:-1])
    return value.strip('"')
