"""A tree of MIME parts → the body and the attached files; every leaf ends up in one of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.mail import charsets, filenames, flowed, headers
from gateway.mail.opening import Part
from gateway.mail.parsed import AttachedFile
from gateway.mail.transfer_encoding import octets_of
from gateway.rules.limits import DEPTH

_BODY_TYPES = ("text/plain", "text/html")


def original(raw: bytes) -> AttachedFile:
    """Return a whole mail as a file to open with a mail program."""
    return AttachedFile("mensaje-original.eml", "message/rfc822", raw)


@dataclass(slots=True)
class Segment:
    """One stretch of the body: the same words as plain text and as HTML, or one of the two."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Leaves:
    """What a walk has found, in the order of the mail."""

    segments: list[Segment] = field(default_factory=list)
    attachments: list[AttachedFile] = field(default_factory=list)
    unnamed: dict[str, int] = field(default_factory=dict)  # how many of each type got a name from us

    def name(self, written: str, content_type: str) -> str:
        """Return a safe name for a file: as written, else one by its type, the same at each reading."""
        filename = filenames.safe_filename(written)
        if filename:
            return filename
        ordinal = self.unnamed[content_type] = self.unnamed.get(content_type, 0) + 1
        return filenames.name_for(content_type, ordinal)


@dataclass(frozen=True, slots=True)
class _Head:
    """The MIME fields of a part, decoded."""

    content_type: str
    parameters: dict[str, str]
    disposition: str
    filename: str
    content_id: str | None
    transfer_encoding: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the tree a part stands, as far as it decides what the part is."""

    level: int = 0
    segment: Segment | None = None  # of the multipart/alternative around
    attached: bool = False  # inside a container that is itself an attachment
    related: bool = False


def collect(root: Part) -> Leaves:
    """Sort the leaves of a mail into its body and its attached files.

    A body part is a text/plain or text/html that nobody calls an attachment: neither its
    disposition nor a file name of its own (a name does not count for a mail of one part, or inside
    an alternative). All else is a file, an attached mail too.
    """
    leaves = Leaves()
    _visit(root, _Place(), leaves)
    if not leaves.segments and root.is_multipart():
        _rescue(root, leaves)
    return leaves


def _visit(part: Part, place: _Place, leaves: Leaves) -> None:
    head = _head_of(part)
    if not part.is_multipart():
        _sort_leaf(part, head, place, leaves)
        return
    segment = place.segment
    if segment is None and head.content_type == "multipart/alternative" and not place.attached:
        segment = Segment()
        leaves.segments.append(segment)
    inside = _Place(
        level=place.level + 1,
        segment=segment,
        attached=place.attached or (head.disposition == "attachment" and place.level > 0),
        related=place.related or head.content_type == "multipart/related",
    )
    for child in _children(part):
        _visit(child, inside, leaves)


def _sort_leaf(part: Part, head: _Head, place: _Place, leaves: Leaves) -> None:
    octets = octets_of(part.raw_payload(), head.transfer_encoding)
    if not _is_body(head, place):
        leaves.attachments.append(_file(octets, head, place, leaves))
        return
    if not octets.strip():
        return
    segment = place.segment
    if segment is None:
        segment = Segment()
        leaves.segments.append(segment)
    charset = head.parameters.get("charset")
    if head.content_type == "text/html":
        text = charsets.decode(octets, charset or charsets.meta_charset(octets))
        segment.html.append(charsets.clean(text))
        return
    text = charsets.clean(charsets.decode(octets, charset))
    if head.parameters.get("format", "").lower() == "flowed":
        text = flowed.joined(text, delete_space=head.parameters.get("delsp", "").lower() == "yes")
    segment.plain.append(text)


def _is_body(head: _Head, place: _Place) -> bool:
    if place.attached or head.disposition not in ("", "inline"):
        return False
    if head.content_type.startswith("multipart/"):
        return place.level < DEPTH  # a container without parts: its boundary is missing or a lie
    if place.level == 0:
        return head.content_type.startswith("text/") and head.content_type != "text/calendar"
    return head.content_type in _BODY_TYPES and (not head.filename or place.segment is not None)


def _file(octets: bytes, head: _Head, place: _Place, leaves: Leaves) -> AttachedFile:
    is_image = head.content_type.startswith("image/")
    return AttachedFile(
        filename=leaves.name(head.filename or _armored_name(octets), head.content_type),
        content_type=head.content_type,
        content=octets,
        inline=is_image and (head.disposition == "inline" or (place.related and head.content_id is not None)),
        content_id=head.content_id,
    )


def _armored_name(octets: bytes) -> str:
    """Return a name for what PGP made of a mail: by its type it is like any other file."""
    return "mensaje-cifrado.asc" if octets.startswith(b"-----BEGIN PGP MESSAGE-----") else ""


def _head_of(part: Part) -> _Head:
    fields: dict[str, str] = {}
    for name, value in part.raw_items():
        lowered = name.lower()
        if lowered.startswith("content-") and lowered not in fields:
            fields[lowered] = headers.unfold(value)
    content_type, parameters = headers.parameters(fields.get("content-type", ""))
    if not is_type(content_type):
        content_type = "text/plain" if content_type else part.get_default_type()
    disposition, disposition_parameters = headers.parameters(fields.get("content-disposition", ""))
    content_id = fields.get("content-id", "").strip("<> \t")[:250]
    return _Head(
        content_type=content_type,
        parameters=parameters,
        disposition=disposition,
        filename=disposition_parameters.get("filename") or parameters.get("name") or "",
        content_id=content_id or None,
        transfer_encoding=fields.get("content-transfer-encoding", ""),
    )


def is_type(token: str) -> bool:
    """Whether text is the name of a media type."""
    kind, slash, subtype = token.partition("/")
    return (
        bool(kind and slash and subtype)
        and len(token) <= 127
        and token.isascii()
        and token.isprintable()
        and "/" not in subtype
        and not any(character in token for character in ' "<>;')
    )


def _children(part: Part) -> Iterator[Part]:
    for child in part.get_payload():
        if isinstance(child, Part):
            yield child


def _rescue(root: Part, leaves: Leaves) -> None:
    """Take the words around the parts when no part has any: a boundary closed too early.

    What programs write above the parts for readers older than MIME is none of them, and names it.
    """
    preamble, epilogue = root.text_around()
    around = [text.strip() for text in ("" if "MIME" in preamble else preamble, epilogue)]
    if any(around):
        octets = "\n".join(filter(None, around)).encode("utf-8", "surrogateescape")
        leaves.segments.append(Segment(plain=[charsets.clean(charsets.decode(octets))]))
