"""Is it alive, and is it ready? For monitors and load balancers (invariants O3)."""

import asyncio
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from gateway.runtime import Runtime
from gateway.services import health
from gateway.services.health import Readiness
from webui.endpoint import bare

PATIENCE_SECONDS = 1.5
FRESH_SECONDS = 1.0

Answer = TypeVar("Answer")

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class Probe(Generic[Answer]):
    """Asks the database, one question at a time however many ask us: a locked database would
    otherwise collect a waiting thread and a connection for each."""

    def __init__(
        self,
        runtime: Runtime,
        look: Callable[[Runtime], Answer],
        *,
        fresh_seconds: float = FRESH_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._runtime = runtime
        self._look = look
        self._fresh_seconds = fresh_seconds
        self._patience_seconds = patience_seconds
        self._asking: asyncio.Task[Answer | None] | None = None
        self._answer: Answer | None = None
        self._answered = -fresh_seconds

    async def ask(self) -> Answer | None:
        """Return how things stand, or None when the database did not take a write in time."""
        if time.monotonic() - self._answered < self._fresh_seconds:
            return self._answer
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="web.probe")
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await asyncio.shield(self._asking)
        except TimeoutError:
            return None

    async def _ask(self) -> Answer | None:
        try:
            self._answer = await self._runtime.db.in_thread(self._look, self._runtime)
        except SQLAlchemyError:
            self._answer = None
        self._answered = time.monotonic()
        return self._answer


def look(runtime: Runtime) -> Readiness:
    """Prove a write and look at everything."""
    now, mailboxes = runtime.now(), runtime.config.imap
    with runtime.db.transaction() as session:
        health.prove_write(session, now=now)
        return health.readiness(session, runtime.blobs, mailboxes, now=now)


@bare
async def alive(_request: Request) -> Response:
    """The process answers; nothing else is looked at."""
    return PlainTextResponse("ok")


@bare
async def ready(request: Request) -> Response:
    """200 when all is well, else 503; in detail only to this machine, as it names our mailboxes."""
    probe: Probe[Readiness] = request.app.state.probe
    found = await probe.ask()
    ok = found is not None and found.ok
    if not is_from_here(request):
        content: dict[str, object] = {"ready": ok}
    elif found is None:
        content = {"ready": False, "database": False}
    else:
        content = found.as_json()
    return JSONResponse(content, status_code=200 if ok else 503)


def is_from_here(request: Request) -> bool:
    """Whether a program on this machine asks, and not one far away through a proxy on it."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
