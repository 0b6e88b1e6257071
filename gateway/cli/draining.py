"""`sysmo drain`: wait until all mail in is applied and all mail out that is due is sent."""

import time
from typing import Annotated

import typer

from gateway.cli.request import request_of, say
from gateway.runtime import Runtime
from gateway.services import journal, outbox
from gateway.startup import reach_database

LOOKS_EVERY = 0.2  # seconds


def drain(
    context: typer.Context,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait.")] = 60,
) -> None:
    """Wait until no mail waits and nothing due is unsent; 1 on time-out."""
    request = request_of(context)
    reach_database(request.config)
    with request.runtime() as runtime:
        ends = time.monotonic() + timeout
        while (left := _left(runtime)) != (0, 0):
            if time.monotonic() >= ends:
                _ = request.words
                words = _("Still waiting: {mails} incoming e-mails, {items} outgoing.")
                say(words.format(mails=left[0], items=left[1]))
                raise typer.Exit(1)
            time.sleep(LOOKS_EVERY)


def _left(runtime: Runtime) -> tuple[int, int]:
    with runtime.db.snapshot() as session:
        return journal.waiting(session), outbox.due(session, now=runtime.now())
