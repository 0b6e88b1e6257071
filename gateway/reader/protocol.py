"""How the reader and its child talk: frames of JSON and octets, rebuilt into our values by their types.

No pickle and no marshal: the child eats hostile bytes, and what comes out of one that has been taken
over must stay data. JSON can name no code, each value is checked against its declared type, and the
content of attachments travels beside it untouched. A frame is two lengths, the JSON, the octets.
"""

import json
import struct
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Value = TypeVar("Value")
_Build = Callable[[Any, "_Octets"], Any]

PREFIX = struct.Struct("!II")  # octets of JSON, octets beside it


def frame(header: object, octets: bytes = b"") -> tuple[bytes, bytes]:
    """Return the two pieces that go over the pipe: lengths and JSON, then the octets uncopied."""
    said = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return PREFIX.pack(len(said), len(octets)) + said, octets


def parsed(header: bytes) -> Any:
    """Return the JSON of a frame."""
    return json.loads(header)


def plain(value: object) -> tuple[object, bytes]:
    """Take a frozen dataclass apart: what JSON can hold, and the octets of all its byte strings."""
    octets: list[bytes] = []
    return _plain(value, octets), b"".join(octets)


def rebuild(kind: type[Value], header: object, octets: bytes) -> Value:
    """Put a dataclass together again. Raises ValueError for anything that is not of its type."""
    wanted: Any = kind
    built: Value = _builder(wanted)(header, _Octets(octets))
    return built


class _Octets:
    """The octets of one value, handed out in the order they were put there."""

    def __init__(self, octets: bytes) -> None:
        self._octets = memoryview(octets)
        self._position = 0

    def take(self, size: int) -> bytes:
        start, self._position = self._position, self._position + size
        if size < 0 or self._position > len(self._octets):
            raise ValueError("octets missing")
        return bytes(self._octets[start : self._position])


def _plain(value: Any, octets: list[bytes]) -> object:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, bytes):
        octets.append(value)
        return len(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(each, octets) for each in value]
    kind: Any = type(value)
    return [_plain(getattr(value, name), octets) for name in _names(kind)]


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _builder(kind: Any) -> _Build:
    """Return the function that builds a value of a type; made once, so a mail costs no reflection."""
    if get_origin(kind) is UnionType:
        (wanted,) = (each for each in get_args(kind) if each is not NoneType)
        build = _builder(wanted)
        return lambda value, octets: None if value is None else build(value, octets)
    if get_origin(kind) is tuple:
        build = _builder(get_args(kind)[0])
        return lambda value, octets: tuple([build(each, octets) for each in _checked(value, list)])
    make: Any = kind  # which is_dataclass() would narrow to something that cannot be called
    if is_dataclass(kind):
        hints = get_type_hints(make)
        builders = [_builder(hints[name]) for name in _names(make)]
        return lambda value, octets: make(
            *[build(each, octets) for build, each in zip(builders, _checked(value, list), strict=True)]
        )
    if kind is bytes:
        return lambda value, octets: octets.take(_checked(value, int))
    if kind is datetime:
        return lambda value, _: datetime.fromisoformat(_checked(value, str))
    if issubclass(kind, StrEnum):
        return lambda value, _: kind(value)
    return lambda value, _: _checked(value, kind)


def _checked(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ValueError(f"{kind.__name__} expected")
    return value
