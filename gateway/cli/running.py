"""`sysmo run` and `sysmo migrate`."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from gateway.cli.request import Request, request_of, say
from gateway.config import Config
from gateway.migrations import HEAD
from gateway.migrations import migrate as bring_up_to_date
from gateway.roles import chosen, run_roles
from gateway.services import accounts
from gateway.startup import open_database


def run(
    context: typer.Context,
    roles: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ROLE]...", help="smtp imap processor mailer scheduler web; all if none."),
    ] = None,
) -> None:
    """Run all roles, or those named, until stopped."""
    request = request_of(context)
    for line in _welcome(request, chosen(request.config, roles or ())):
        say(line)
    request.set_up_logs(request.config.log)
    run_roles(request.config, roles or ())


def migrate(context: typer.Context) -> None:
    """Bring the database to this version."""
    request = request_of(context)
    database = open_database(request.config)
    try:
        bring_up_to_date(database)
    finally:
        database.close()
    _ = request.words
    say(_("The database is of this version ({version}).").format(version=HEAD))


def _welcome(request: Request, roles: Sequence[str]) -> Iterator[str]:
    """What a person who starts us wants to know: where we listen, and how to become administrator."""
    config, _ = request.config, request.words
    with request.runtime() as runtime, runtime.db.transaction() as session:
        token = accounts.set_up_token(session, now=runtime.now()) if "web" in roles else None
    if "web" in roles:
        yield _("Web: {url}").format(url=f"http://{_at(config.web.host, config.web.port)}")
    if "smtp" in roles:
        yield _("SMTP: {address}").format(address=_at(config.smtp.host, config.smtp.port))
    if "mailer" in roles and config.mailer.transport == "folder":
        yield _("Outgoing e-mail is written to {folder}").format(folder=config.mailer.folder)
    if token is not None:
        words = _("There is no administrator yet. To make the first one, open: {url}")
        yield words.format(url=_set_up_url(config, token))


def _set_up_url(config: Config, token: str) -> str:
    return f"{config.site.base_url.rstrip('/')}/instalar/{token}"


def _at(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
