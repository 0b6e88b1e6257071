"""Names for attached files: safe to show, to store as a label and to offer for saving (W14)."""

import re

from gateway.rules.limits import FILENAME_CHARACTERS

_UNSAFE = re.compile(
    '[\x00-\x1f\x7f-\x9f<>:"|?*\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]'
)
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)
_EXTENSION_LENGTH = 16

# What a part without a name is called: a word for its kind, and the ending programs open it by.
_WORDS = {
    "image": "imagen",
    "audio": "audio",
    "video": "video",
    "message": "mensaje",
    "text": "texto",
}
_NAMES = {
    "text/calendar": "invitacion.ics",
    "application/ics": "invitacion.ics",
    "text/vcard": "contacto.vcf",
    "text/x-vcard": "contacto.vcf",
    "application/pgp-signature": "firma.asc",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/pgp-encrypted": "version-pgp.asc",
    "application/pgp-keys": "clave-publica.asc",
    "application/vnd.ms-tnef": "winmail.dat",
    "application/ms-tnef": "winmail.dat",
    "message/delivery-status": "informe-de-entrega.txt",
    "message/disposition-notification": "acuse-de-lectura.txt",
    "text/rfc822-headers": "encabezados.txt",
}
_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/jpg": "jpg",
    "image/svg+xml": "svg",
    "image/tiff": "tif",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "video/quicktime": "mov",
    "text/plain": "txt",
    "text/xml": "xml",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/xml": "xml",
    "application/json": "json",
    "application/rtf": "rtf",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "message/rfc822": "eml",
    "message/global": "eml",
}
_PLAIN_SUBTYPE = re.compile(r"(?:image|audio|video|text)/([a-z0-9]{2,5})")


def safe_filename(name: str) -> str:
    """Return a base name that no system can misread, "" when nothing is left of it.

    Separators of both kinds end a folder; controls, direction marks and what Windows forbids go;
    leading dots and blanks go; a device name gets an underscore; the ending survives the cut.
    """
    # The cut to a few thousand characters keeps the end: there stands the name, behind any path.
    name = _UNSAFE.sub("", name[-4000:].replace("\\", "/").rpartition("/")[2]).strip(" .")
    if _DEVICE.match(name):
        name = "_" + name
    if len(name) <= FILENAME_CHARACTERS:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > _EXTENSION_LENGTH:
        return name[:FILENAME_CHARACTERS].rstrip(" .")
    return stem[: FILENAME_CHARACTERS - len(extension) - 1].rstrip(" .") + "." + extension


def name_for(content_type: str, ordinal: int) -> str:
    """Return the name of a part that brought none: the same each time the mail is read."""
    if content_type in _NAMES:
        stem, _, extension = _NAMES[content_type].rpartition(".")
    else:
        stem = _WORDS.get(content_type.partition("/")[0], "adjunto")
        found = _PLAIN_SUBTYPE.fullmatch(content_type)
        unknown = "txt" if content_type.startswith("text/") else "bin"
        extension = _EXTENSIONS.get(content_type) or (found[1] if found else unknown)
    return f"{stem}.{extension}" if ordinal == 1 else f"{stem}-{ordinal}.{extension}"
