"""`sysmo export`: everything, as JSON lines (contract, section 7)."""

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from gateway.catalogue import _
from gateway.cli.output import counter
from gateway.cli.request import Request, request_of
from gateway.errors import Invalid
from gateway.services import transfer


def export(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only requests and mail changed since, as 2026-05-11.")
    ] = None,
) -> None:
    """Write all data to the standard output, one JSON object a line."""
    request = request_of(context)
    moment = _moment(since, request.config.site.timezone) if since is not None else None
    out = sys.stdout.buffer  # UTF-8, whatever the terminal says
    with request.runtime() as runtime, runtime.db.snapshot() as session, _watched(request) as told:
        for line in transfer.export(session, since=moment):
            out.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
            told(1)
    out.flush()


def _watched(request: Request) -> AbstractContextManager[Callable[[int], None]]:
    """Count on the terminal, unless the lines themselves go there."""
    if sys.stdout.isatty():
        return nullcontext(lambda _more: None)
    return counter(request.words(_("Lines")))


def _moment(date: str, timezone: str) -> datetime:
    """Read a date, or a time; without an offset it is one of the site's time zone."""
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        raise Invalid("--since", _("This is not a date such as 2026-05-11.")) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))
