"""A form as it was sent: its fields as text, its files in the blob folder, within limits (W14)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from anyio import to_thread
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.catalogue import _
from gateway.mail.filenames import name_for, safe_filename
from gateway.services import blobs, health
from gateway.services.contributions import FiledAttachment

FIELDS = 200
FORM_TYPE = b"application/x-www-form-urlencoded"
FILES_TYPE = b"multipart/form-data"
FIELD_OCTETS = 2 * 1024 * 1024  # more than a message may have: what is too long is told in words (B6)
FILES = 10
FILE_OCTETS = 20 * 1024 * 1024
ALL_OCTETS = 25 * 1024 * 1024
BODY_OCTETS = 64 * 1024
UPLOAD_BODY_OCTETS = ALL_OCTETS + 2 * FIELD_OCTETS
"""What a request may hold in all: of a form without files, and of one with them."""

TOO_MUCH = _(
    "{name} was not taken: up to 10 files, 20 MB each and 25 MB in all. Choose the others again, too."
)

NO_ROOM = _("{name} was not taken: there is little room for files just now. Send the text alone, or wait.")

_KIND = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}", re.ASCII)
_ENCODING = b"utf-8"
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class SentForm:
    """The fields by name, each with all its values in order, and the files that were chosen.

    `too_much` names the file that broke a limit: it and those after it were not taken. `why` is the limit.
    """

    fields: Mapping[str, Sequence[str]]
    files: tuple[FiledAttachment, ...] = ()
    too_much: str = ""
    why: str = TOO_MUCH
    single: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "single", {name: values[-1] for name, values in self.fields.items()})


async def read(request: Request, folder: Path, *, files: bool) -> SentForm:
    """Return the form, decoded as UTF-8. Another encoding would let it hold what is no text.

    Files are spooled and hashed as they come. Whoever reads a form either places its files or discards them.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    encoding = options.get(b"charset", _ENCODING).lower()
    if kind not in ((FORM_TYPE, FILES_TYPE) if files else (FORM_TYPE,)) or encoding != _ENCODING:
        raise HTTPException(400)
    async with request.form(max_files=2 * FILES, max_fields=FIELDS, max_part_size=FIELD_OCTETS) as form:
        fields: dict[str, list[str]] = {}
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields.setdefault(name, []).append(value)
        first = next((each.filename for each in _chosen(form)), None)
        if first and not await to_thread.run_sync(_has_room, folder):
            return SentForm(fields, too_much=safe_filename(first) or name_for("", 1), why=NO_ROOM)
        filed, too_much = await _file_away(form, folder)
    return SentForm(fields, filed, too_much)


async def place(form: SentForm, folder: Path) -> None:
    """Put the files where they stay, synced (D3): before the transaction that refers to them."""
    if form.files:
        await to_thread.run_sync(blobs.place, folder, [each.content for each in form.files])


def discard(form: SentForm) -> None:
    """Forget the files of a form that is not ours."""
    for each in form.files:
        each.content.discard()


def _has_room(folder: Path) -> bool:
    """Whether files may be taken: what is left of the disk is for mail, refused at the same mark (D10)."""
    return health.disk(folder).ok


def _chosen(form: FormData) -> Iterator[UploadFile]:
    """The files of a form; an empty field of a browser is one without a name."""
    return (value for _name, value in form.multi_items() if isinstance(value, UploadFile) and value.filename)


async def _file_away(form: FormData, folder: Path) -> tuple[tuple[FiledAttachment, ...], str]:
    """Hash the files within the limits."""
    filed: list[FiledAttachment] = []
    left = ALL_OCTETS
    for value in _chosen(form):
        kind = _kind(value.content_type or "")
        name = safe_filename((value.filename or "").replace("%22", "'")) or name_for(kind, len(filed) + 1)
        content = await to_thread.run_sync(_spool, value, folder, min(FILE_OCTETS, left))
        if content is None or len(filed) == FILES:
            return tuple(filed), name
        left -= content.size
        filed.append(FiledAttachment(name, kind, content))
    return tuple(filed), ""


def _kind(claimed: str) -> str:
    """Return the type a browser claims, if it is one; it says nothing about the content (W13)."""
    kind = claimed.partition(";")[0].strip().lower()
    return kind if _KIND.fullmatch(kind) else "application/octet-stream"


def _spool(upload: UploadFile, folder: Path, limit: int) -> blobs.Content | None:
    """Copy a file into the blob folder; None when it is larger than `limit` octets."""
    spool = blobs.Spool(folder)
    while chunk := upload.file.read(_CHUNK):
        spool.write(chunk)
        if spool.size > limit:
            spool.discard()
            return None
    return spool.finish()
