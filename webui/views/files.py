"""Downloads: attachments, and mails as they came. Never shown by us, never run (invariants W13)."""

import re
from urllib.parse import quote

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import NotFound
from gateway.rules.people import Access
from gateway.services import downloads
from gateway.services.downloads import Download
from gateway.tokens import TOKEN_LENGTH
from webui.endpoint import page
from webui.web import person_of, web_of

KNOWN_TYPES = frozenset(
    {"application/pdf", "application/zip", "image/gif", "image/jpeg", "image/png", "image/webp", "text/plain"}
)
"""Whatever else a sender called it goes out as bytes without a meaning."""

POLICY = "sandbox; default-src 'none'"

_ID = re.compile(rf"[a-z2-7]{{{TOKEN_LENGTH}}}", re.ASCII)
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-()")


@page(Access.SIGNED_IN)
def attachment(request: Request, session: Session) -> Response:
    """The name in the address is for people; only the id counts."""
    wanted = request.path_params["id"]
    if not _ID.fullmatch(wanted):
        raise NotFound("attachment")
    folder = web_of(request).runtime.blobs
    return _download(downloads.attachment(session, folder, wanted, person_of(request)))


@page(Access.OPERATOR)
def original(request: Request, session: Session) -> Response:
    folder, message = web_of(request).runtime.blobs, request.path_params["id"]
    return _download(downloads.original(session, folder, message, person_of(request)))


def disposition(filename: str) -> str:
    """Return the Content-Disposition of a download: the name in ASCII, and whole for who can read it."""
    name = "".join(c for c in filename if c.isprintable() and c not in "/\\").strip(" .") or "adjunto"
    plain = "".join(c if c in _SAFE else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _download(file: Download) -> Response:
    known = file.content_type in KNOWN_TYPES
    return Response(
        file.content,
        headers={
            "Content-Type": file.content_type if known else "application/octet-stream",
            "Content-Disposition": disposition(file.filename),
            "Content-Security-Policy": POLICY,
        },
    )
