"""Downloads: attachments, and mails as they came; pictures, when their content says so (invariants W13).

No range is served: whoever asks for one gets the whole. No parameter changes a type or a disposition.
"""

import re
from dataclasses import replace
from urllib.parse import quote

from anyio import to_thread
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import NotFound
from gateway.rules import limits
from gateway.rules.people import Access
from gateway.services import blobs, downloads
from gateway.services.downloads import Download, Picture
from gateway.tokens import TOKEN_LENGTH
from webui.endpoint import page, prepared_of
from webui.rendering import STATIC
from webui.web import person_of, show, web_of

POLICY = "sandbox; default-src 'none'"

_NO_PICTURE = (STATIC / "no-picture.svg").read_bytes()
"""Our own, in the place of a thumbnail that could not be drawn."""

_ID = re.compile(rf"[a-z2-7]{{{TOKEN_LENGTH}}}", re.ASCII)
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-()")


@page(Access.SIGNED_IN)
def attachment(request: Request, session: Session) -> Response:
    """The name in the address is for people; only the id counts."""
    file = _asked_for(request, session)
    return _blocked(request, file) if file.blocked else _answer(file, "attachment")


@page(Access.SIGNED_IN)
def image(request: Request, session: Session) -> Response:
    """A picture in its full size, for the browser to show; what is none by its content is a download."""
    file = _asked_for(request, session)
    if file.blocked:
        return _blocked(request, file)
    if file.picture is None:
        return _answer(file, "attachment")
    return _answer(replace(file, content_type=file.picture), "inline")


async def _drawn(request: Request) -> bytes | None:
    """The thumbnail of a picture this person may see; one is drawn at a time, in a child process.

    None when there is none: it is no picture, too large a one, or harmed the child.
    """
    runtime, thumbnails = web_of(request).runtime, request.app.state.thumbnails

    def wanted() -> Picture:
        with runtime.db.snapshot() as session:
            return downloads.picture(session, _id(request), person_of(request))

    def content(sha256: str) -> bytes:
        with runtime.db.snapshot() as session:
            return blobs.read(session, runtime.blobs, sha256)

    picture = await runtime.db.in_thread(wanted)
    if picture.size > limits.PICTURE_OCTETS:
        return None
    async with request.app.state.drawing:
        if picture.sha256 not in thumbnails.kept:
            raw = await runtime.db.in_thread(content, picture.sha256)
            await to_thread.run_sync(thumbnails.draw, picture.sha256, raw)
    drawn: bytes | None = thumbnails.kept.get(picture.sha256)
    return drawn


@page(Access.SIGNED_IN, prepare=_drawn)
def thumbnail(request: Request, session: Session) -> Response:
    downloads.picture(session, _id(request), person_of(request))
    drawn = prepared_of(request)
    if drawn is None:
        return _answer(Download("miniatura.svg", "image/svg+xml", _NO_PICTURE), "inline", status=404)
    return _answer(Download("miniatura.webp", "image/webp", drawn), "inline")


@page(Access.OPERATOR)
def original(request: Request, session: Session) -> Response:
    folder, message = web_of(request).runtime.blobs, request.path_params["id"]
    return _answer(downloads.original(session, folder, message, person_of(request)), "attachment")


def disposition(filename: str, kind: str = "attachment") -> str:
    """Return the Content-Disposition of a file: the name in ASCII, and whole for who can read it."""
    name = "".join(c for c in filename if c.isprintable() and c not in "/\\").strip(" .") or "adjunto"
    plain = "".join(c if c in _SAFE else "_" for c in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _asked_for(request: Request, session: Session) -> Download:
    return downloads.attachment(session, web_of(request).runtime.blobs, _id(request), person_of(request))


def _blocked(request: Request, file: Download) -> Response:
    return show(request, "blocked.html", status=403, filename=file.filename)


def _id(request: Request) -> str:
    wanted: str = request.path_params["id"]
    if not _ID.fullmatch(wanted):
        raise NotFound("attachment")
    return wanted


def _answer(file: Download, kind: str, status: int = 200) -> Response:
    return Response(
        file.content,
        status_code=status,
        headers={
            "Content-Type": file.content_type,
            "Content-Disposition": disposition(file.filename, kind),
            "Content-Security-Policy": POLICY,
            "Accept-Ranges": "none",
        },
    )
