"""A new password: checked, and hashed on a thread of its own, before any transaction begins."""

from collections.abc import Callable

from anyio import to_thread
from sqlmodel import Session
from starlette.requests import Request

from gateway.services import passwords, settings
from webui.endpoint import form_of
from webui.web import web_of

OwnWords = Callable[[Session], tuple[str, ...]]


async def hashed_for(request: Request, own_words: OwnWords) -> str:
    """Return the hash of the form's `clave`; Invalid when it may not be one.

    `own_words` looks up what the password must not be made of, and raises NotFound for a link that
    is no good, so that nobody makes us hash for nothing.
    """
    web = web_of(request)
    password = form_of(request).get("clave", "")
    known = await web.runtime.db.in_thread(_looked_up, request, own_words)
    minimum = web.runtime.config.accounts.password_min
    return await to_thread.run_sync(_checked_and_hashed, password, minimum, known, limiter=web.hashing)


def _checked_and_hashed(password: str, minimum: int, own_words: tuple[str, ...]) -> str:
    passwords.check_rules(password, minimum=minimum, own_words=own_words)
    return passwords.hash_password(password)


def _looked_up(request: Request, own_words: OwnWords) -> tuple[str, ...]:
    runtime = web_of(request).runtime
    with runtime.db.snapshot() as session:
        return *own_words(session), settings.site_name(session, runtime.config.site)
