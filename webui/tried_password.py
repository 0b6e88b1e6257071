"""A password somebody typed: the try is counted, then looked at on a thread of its own (W4, W5)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from anyio import to_thread
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.services import passwords
from gateway.services.password_tries import Throttled
from webui.endpoint import form_of
from webui.web import web_of

WRONG = _("The password is not right.")
TOO_EARLY = _("There were too many attempts. Wait a few minutes and try again.")


class Checked(Protocol):
    """What a password is checked against; None: nothing, and the work is done all the same."""

    @property
    def stored(self) -> str | None: ...


Found = TypeVar("Found", bound=Checked)


@dataclass(frozen=True, slots=True)
class Tried(Generic[Found]):
    """What was tried, and whether the password was right; `renewed_hash` when the settings have risen."""

    attempt: Found
    good: bool
    renewed_hash: str | None


async def try_password(
    request: Request,
    begin: Callable[[Session], Found | Throttled | None],
    *,
    field: str = "clave",
) -> Tried[Found] | Throttled | None:
    """Count the try in a transaction of its own, then do the same work whatever was found.

    `begin` finds what the password is checked against, or says that it is too early; None: nobody asks.
    """
    web = web_of(request)
    attempt = await web.runtime.db.in_thread(_counted, request, begin)
    if attempt is None or isinstance(attempt, Throttled):
        return attempt
    password = form_of(request).get(field, "")
    good, renewed = await to_thread.run_sync(passwords.verify, password, attempt.stored, limiter=web.hashing)
    return Tried(attempt, good, renewed)


def ask_to_wait(response: Response, throttled: Throttled) -> Response:
    """Say in the header when the next try may be."""
    response.headers["Retry-After"] = str(max(1, int(throttled.wait.total_seconds())))
    return response


def _counted(
    request: Request, begin: Callable[[Session], Found | Throttled | None]
) -> Found | Throttled | None:
    with web_of(request).runtime.db.transaction() as session:
        return begin(session)
