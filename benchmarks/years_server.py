"""The pages of some databases, and beside them the bare one: in one process, each on a port of its own.

Arguments: URLs of databases. The bare page is what Starlette takes to render the template of the first
one's inbox from values in memory: no database, no session, no headers of ours.
"""

import asyncio
import socket
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import uvicorn
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from benchmarks.processes import say
from gateway.config import Config
from gateway.db import Database
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.roles import settle_memory
from gateway.runtime import Runtime
from gateway.services import web_sessions
from webui.app import create_app
from webui.rendering import Rendering

OPERATOR = 1


class Remembering(Rendering):
    """Renders, and remembers the values of the last page."""

    last: tuple[str, str | None, Mapping[str, Any]] | None = None

    def render(self, template: str, language: str | None, values: Mapping[str, Any]) -> str:
        self.last = template, language, values
        return super().render(template, language, values)


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="sysmo-bench-") as folder:
        apps: list[ASGIApp] = []
        cookies = []
        for url in sys.argv[1:]:
            runtime = _runtime(url, folder)
            app = create_app(runtime)
            rendering = Remembering(runtime.config)
            app.state.web = replace(app.state.web, rendering=rendering)
            apps.append(app)
            cookies.append(_sign_in(runtime))
            if len(apps) == 1:
                first = rendering

        async def bare(_request: Request) -> HTMLResponse:
            if first.last is None:
                raise RuntimeError("no page was asked for before")
            return HTMLResponse(Rendering.render(first, *first.last))

        apps.append(Starlette(routes=[Route("/bandeja", bare)]))
        settle_memory()  # as the role does
        listeners = [socket.create_server(("127.0.0.1", 0)) for _ in apps]
        for listener in listeners:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as webui.app does
        servers = [uvicorn.Server(_config(app)) for app in apps]
        say(ports=[each.getsockname()[1] for each in listeners], cookies=cookies)
        await asyncio.gather(*(each.serve([at]) for each, at in zip(servers, listeners, strict=True)))


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(app, http="h11", ws="none", lifespan="off", log_config=None, access_log=False)


def _runtime(url: str, folder: str) -> Runtime:
    sections = {
        "database": {"url": url},
        "storage": {"url": folder},
        "site": {"base_url": "http://127.0.0.1"},
    }
    config = Config.model_validate(sections)
    return Runtime(config=config, db=Database(url, pool=4), secret=b"of a benchmark")


def _sign_in(runtime: Runtime) -> str:
    with runtime.db.transaction() as session:
        user = session.execute(select(User).where(table_of(User).c.id == OPERATOR)).scalar_one()
        return f"sysmo-session={web_sessions.start(session, user, now=runtime.now())}"


if __name__ == "__main__":
    asyncio.run(main())
