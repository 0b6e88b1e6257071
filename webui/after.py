"""What is noted once an answer is out: that a session is in use, that a request was read (W7).

A GET changes nothing that anybody else could see; this is bookkeeping of who asked, and nobody waits for it.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from gateway.services import seen, web_sessions
from webui.web import Web, now_of, person_of, visitor_of, web_of

SHOWN_HEADER = "x-sysmo-shown"
"""Sent by our script when it brings new messages onto an open page because somebody asked to see them."""
UNATTENDED_HEADER = "x-sysmo-unattended"
"""Sent by our script when a page shows itself anew and nobody asked."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Read:
    user_id: int
    ticket: int
    number: int


def note_read(request: Request, session: Session, ticket: int) -> None:
    """Remember that this page of a ticket goes before the eyes of whoever asked; called by its view.

    The number comes from the snapshot the page is made of: what is written meanwhile stays unread.
    """
    if not _before_somebodys_eyes(request):
        return
    reader = person_of(request).user_id
    number = seen.unread_up_to(session, reader, ticket)
    if number is not None:
        request.state.read = _Read(reader, ticket, number)


def nobody_there(request: Request) -> None:
    """Say that a program asked by itself: a page left open must not keep its session alive (W6)."""
    request.state.unattended = True


def noting(request: Request, response: Response) -> Response:
    """Let the answer note, once it is out, what there is to note."""
    visitor = visitor_of(request)
    token = web_of(request).cookies.session(request)
    attended = not getattr(request.state, "unattended", False)
    stale = token if visitor is not None and visitor.stale and attended else None
    read: _Read | None = getattr(request.state, "read", None)
    if (stale or read) and response.background is None:
        response.background = BackgroundTask(_note, web_of(request), stale, read, request)
    return response


async def _note(web: Web, stale: str | None, read: _Read | None, request: Request) -> None:
    def write() -> None:
        now = now_of(request)
        with web.runtime.db.transaction() as session:
            if stale is not None:
                web_sessions.seen(session, stale, now=now)
            if read is not None:
                seen.mark(session, read.user_id, read.ticket, read.number, now=now)

    try:
        await web.runtime.db.in_thread(write)
    except SQLAlchemyError as error:
        log.warning("web.use_not_noted", error=type(error).__name__)


def _before_somebodys_eyes(request: Request) -> bool:
    """Whether a person opened the page: no program, no frame, no browser that loads it just in case."""
    headers = request.headers
    if request.method != "GET" or "prefetch" in headers.get("sec-purpose", headers.get("purpose", "")):
        return False
    if headers.get("sec-fetch-site") == "same-origin" and SHOWN_HEADER in headers:
        return True
    return headers.get("sec-fetch-mode", "navigate") == "navigate" and headers.get(
        "sec-fetch-dest", "document"
    ) in ("document", "")
