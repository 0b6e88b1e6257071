"""What a file is, by its name, by what its sender called it and by how it begins (invariants W13).

Only the beginning is believed. A name and a declared type decide what is written beside a file, and
what is blocked: for that a lie is as good as the truth.
"""

from enum import StrEnum

HEAD_OCTETS = 512
"""So much of a file is looked at."""

OCTETS = "application/octet-stream"


class FileKind(StrEnum):
    """What people call a file."""

    IMAGE = "image"
    PDF = "pdf"
    SHEET = "sheet"
    DOCUMENT = "document"
    SLIDES = "slides"
    TEXT = "text"
    ARCHIVE = "archive"
    EMAIL = "email"
    CALENDAR = "calendar"
    AUDIO = "audio"
    VIDEO = "video"
    OTHER = "other"


_KINDS = {
    FileKind.IMAGE: "png jpg jpeg jpe jfif gif webp bmp tif tiff heic heif avif svg ico",
    FileKind.PDF: "pdf",
    FileKind.SHEET: "xls xlsx xlsm xlsb ods csv tsv",
    FileKind.DOCUMENT: "doc docx docm odt rtf pages",
    FileKind.SLIDES: "ppt pptx pps ppsx odp",
    FileKind.TEXT: "txt log md xml json ini conf sql",
    FileKind.ARCHIVE: "zip rar 7z gz tgz tar bz2 xz",
    FileKind.EMAIL: "eml msg",
    FileKind.CALENDAR: "ics",
    FileKind.AUDIO: "mp3 ogg oga opus wav m4a aac amr",
    FileKind.VIDEO: "mp4 mov avi mkv webm 3gp",
}
_BY_EXTENSION = {extension: kind for kind, extensions in _KINDS.items() for extension in extensions.split()}
_BY_TYPE = {
    "image": FileKind.IMAGE,
    "audio": FileKind.AUDIO,
    "video": FileKind.VIDEO,
    "text": FileKind.TEXT,
    "application/pdf": FileKind.PDF,
    "application/zip": FileKind.ARCHIVE,
    "message/rfc822": FileKind.EMAIL,
}

_BLOCKED = frozenset(
    (  # noqa: SIM905  names read better in a row
        "ade adp app appinstaller application appref-ms appx appxbundle bas bat chm cmd com cpl diagcab dll "
        "exe gadget hlp hta htc img inf ins iso isp jar jnlp js jse lib library-ms lnk mde mht mhtml msc msi "
        "msix msixbundle msp mst ocx pif ps1 ps1xml ps2 ps2xml psc1 psd1 psm1 reg scf scr sct search-ms "
        "searchconnector-ms settingcontent-ms shb shs sys theme themepack url vb vbe vbs vbscript vhd vhdx "
        "vxd website wsc wsf wsh xbap xll"
    ).split()
)
"""What runs, or leads to something that does, when somebody opens it."""

_PROGRAMS = (
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"L\x00\x00\x00\x01\x14\x02\x00",  # a shortcut of Windows
)

PICTURES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
}
"""What may be shown, and what the library that draws them calls it."""

_GENERIC = ("", OCTETS, "application/x-download", "application/force-download")


def kind_of(filename: str, content_type: str) -> FileKind:
    """Return what to call a file: by its ending, else by the type its sender gave."""
    known = _BY_EXTENSION.get(_extension(filename)) or _BY_TYPE.get(content_type)
    return known or _BY_TYPE.get(content_type.partition("/")[0], FileKind.OTHER)


def is_blocked_name(filename: str) -> bool:
    """Whether a file of this name would run when opened."""
    return _extension(filename) in _BLOCKED


def is_program(head: bytes) -> bool:
    """Whether a file begins as a program does, whatever it is called."""
    return head.startswith(_PROGRAMS) or (head.startswith(b"MZ") and b"\x00" in head[:64])


def may_be_picture(filename: str, content_type: str) -> bool:
    """Whether it is worth asking for a thumbnail: its name or its type says so, nobody looked yet."""
    if content_type in PICTURES or content_type == "image/jpg":
        return True
    return content_type in _GENERIC and _extension(filename) in ("png", "jpg", "jpeg", "gif", "webp")


def picture_type(head: bytes) -> str | None:
    """Return the type of a picture that may be shown, by its content alone; None for all else."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if head.startswith(b"RIFF") and head[8:12] == b"WEBP" else None


def served_type(declared: str, head: bytes) -> str:
    """Return the type a download goes out with: one of a few, when declaration and content agree.

    Whatever else a sender called it goes out as bytes without a meaning.
    """
    found = picture_type(head)
    if found is None and head.startswith(b"%PDF-"):
        found = "application/pdf"
    if found is None and head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        found = "application/zip"
    if found is None:
        return "text/plain" if declared == "text/plain" and b"\x00" not in head else OCTETS
    same = declared == found or (declared == "image/jpg" and found == "image/jpeg")
    return found if same or (declared in _GENERIC and found in PICTURES) else OCTETS


def _extension(filename: str) -> str:
    """What a system goes by: it drops blanks and dots at the end, and what follows a colon."""
    name, dot, extension = filename.partition(":")[0].rstrip(" .").rpartition(".")
    return extension.lower() if dot and name else ""
