"""The web role: the application, and the server it runs on."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import structlog
import uvicorn
from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gateway.errors import ConfigError
from gateway.reader.pictures import Thumbnails
from gateway.runtime import Runtime
from gateway.services.desk import open_desk
from webui.cookies import Cookies
from webui.failures import Failures
from webui.guard import Guard
from webui.mail_reading import MailReading
from webui.rendering import STATIC, Compiled, Rendering
from webui.routes import routes
from webui.sent_form import BODY_OCTETS
from webui.views import health, metrics
from webui.web import HASHING_THREADS, Web

GRACE_SECONDS = 8
BACKLOG = 512

log = structlog.get_logger()


def create_app(runtime: Runtime, *, compiled: Compiled | None = None) -> Starlette:
    """Return the application on a runtime; several may share their `compiled` templates."""
    rendering = Rendering(runtime.config, compiled)
    base_url, proxies = runtime.config.site.base_url, list(runtime.config.web.proxies)
    cookies = Cookies(secure=base_url.startswith("https://"))
    failures = Failures(rendering, cookies)
    middleware = [Middleware(Guard, base_url=base_url, error_page=failures.page)]
    if proxies:
        middleware.append(Middleware(ProxyHeadersMiddleware, trusted_hosts=proxies))
    middleware.append(Middleware(RequestBodyLimitMiddleware, max_body_size=BODY_OCTETS))
    static = GZipMiddleware(StaticFiles(directory=STATIC), minimum_size=1000)
    app = Starlette(
        routes=[*routes(), Mount("/static", app=static, name="static")],
        middleware=middleware,
        exception_handlers={HTTPException: failures.answer},
    )
    app.router.redirect_slashes = False  # it would build an address from the Host header (W8)
    app.state.web = Web(
        runtime=runtime,
        desk=open_desk(runtime.config, runtime.secret),
        rendering=rendering,
        cookies=cookies,
        hashing=CapacityLimiter(HASHING_THREADS),
    )
    app.state.probe = health.Probe(runtime, health.look)
    app.state.figures = metrics.probe_of(runtime)
    app.state.mail_reading = MailReading(app.state.web.desk)
    app.state.thumbnails, app.state.drawing = Thumbnails(), CapacityLimiter(1)
    return app


async def run(runtime: Runtime) -> None:
    """Serve until cancelled; then finish what is being answered, for a few seconds at most."""
    section = runtime.config.web
    listener = await _listen(section.host, section.port)
    app = create_app(runtime)
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # create_app trusts those listed, and only those
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listener]), name="web.serve")
    log.info("web.listening", host=section.host, port=listener.getsockname()[1])
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
    finally:
        listener.close()
        app.state.thumbnails.close()


class _Server(uvicorn.Server):
    """Leaves the signals alone: whoever runs the roles handles them for all."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; a port in use is a mistake of the configuration, said in its words."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host or None, port, type=socket.SOCK_STREAM)
        family, address = found[0][0], found[0][4]
        listener = socket.create_server((str(address[0]), int(address[1])), family=family, backlog=BACKLOG)
        # asyncio does so only for sockets made with this protocol's number: pages waited 40 ms for an ACK
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        raise ConfigError([f"[web] port: {host}:{port}: {error.strerror}"]) from None
