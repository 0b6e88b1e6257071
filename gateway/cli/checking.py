"""`sysmo check`: is everything as it should be?"""

from collections.abc import Iterator
from importlib import import_module
from typing import Annotated, Any

import typer

from gateway.cli.check_books import check_blobs, check_books
from gateway.cli.check_system import check_attention, check_settings, check_store
from gateway.cli.findings import Finding, Level
from gateway.cli.output import print_json
from gateway.cli.request import Request, request_of, say

MAIL_CHECKS = "gateway.cli.check_mail"


def check(
    context: typer.Context,
    mail: Annotated[
        bool, typer.Option("--mail", help="Sign in to mailboxes and smarthost; read our domain's DNS.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Check configuration, database, disk, queues and the books; 1 if something is wrong."""
    request = request_of(context)
    findings = []
    for finding in _all(request, with_mail=mail):
        findings.append(finding)
        if not as_json:
            say(f"{finding.mark} {finding.text}")
    sound = all(finding.level is not Level.PROBLEM for finding in findings)
    if as_json:
        print_json({"ok": sound, "findings": [_line(finding) for finding in findings]})
    if not sound:
        raise typer.Exit(1)


def _all(request: Request, *, with_mail: bool) -> Iterator[Finding]:
    config = request.config
    words = request.words
    yield from check_settings(config, words)
    with request.runtime() as runtime, runtime.db.snapshot() as session:
        yield from check_store(runtime, session, words)
        yield from check_attention(runtime, session, words)
        yield from check_books(session, words)
        yield from check_blobs(runtime, session, words)
    if with_mail:
        checks: Any = import_module(MAIL_CHECKS)  # by name: no other command needs its libraries
        yield from checks.check_mail(config, words)


def _line(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "level": finding.level,
        "text": finding.text,
        "details": dict(finding.details),
    }
