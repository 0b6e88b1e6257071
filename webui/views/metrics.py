"""Figures in the text format of Prometheus: to this machine, or to whoever shows the token (O3)."""

import hmac
from collections.abc import Iterable, Iterator

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gateway.runtime import Runtime
from gateway.services import health, metrics
from gateway.services.metrics import Figure
from webui.endpoint import bare
from webui.views.health import Probe, is_from_here
from webui.web import web_of

CONTENT_TYPE = "text/plain; version=0.0.4"
FRESH_SECONDS = 15.0
"""Counting all mail takes a while where there is much of it."""

PATIENCE_SECONDS = 10.0


@bare
async def figures(request: Request) -> Response:
    """For anybody else there is nothing here."""
    if not (is_from_here(request) or _shows_token(request)):
        return PlainTextResponse("", status_code=404)
    probe: Probe[list[Figure]] = request.app.state.figures
    found = await probe.ask()
    if found is None:
        return PlainTextResponse("", status_code=503)
    return Response("".join(_lines(found)), media_type=CONTENT_TYPE)


def probe_of(runtime: Runtime) -> Probe[list[Figure]]:
    """Return what counts, once for all who ask at the same time."""
    return Probe(runtime, _look, fresh_seconds=FRESH_SECONDS, patience_seconds=PATIENCE_SECONDS)


def _look(runtime: Runtime) -> list[Figure]:
    now = runtime.now()
    with runtime.db.transaction() as session:
        health.prove_write(session, now=now)
    with runtime.db.snapshot() as session:
        return metrics.figures(session, runtime.blobs, runtime.config.imap, now=now)


def _shows_token(request: Request) -> bool:
    token = web_of(request).runtime.config.web.metrics_token.get_secret_value()
    given = request.headers.get("authorization", "").partition(" ")
    return (
        bool(token)
        and given[0].lower() == "bearer"
        and hmac.compare_digest(given[2].encode(), token.encode())
    )


def _lines(found: Iterable[Figure]) -> Iterator[str]:
    for figure in found:
        yield f"# HELP {figure.name} {figure.meaning}\n# TYPE {figure.name} gauge\n"
        for label, value in figure.values:
            named = f'{{{label[0]}="{_escaped(label[1])}"}}' if label is not None else ""
            yield f"{figure.name}{named} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
