"""`sysmo ingest`: mail from files, or from a mail server that pipes it here."""

import asyncio
import sys
from collections.abc import Iterable
from typing import Annotated

import typer

from gateway.catalogue import _
from gateway.cli.output import counter
from gateway.cli.request import Request, complain, request_of, say
from gateway.errors import ConfigError, Invalid, TryLater
from gateway.inbound.files import STDIN, FoundMail, IngestResult, find_mails
from gateway.inbound.files import ingest as write_down
from gateway.inbound.journal_writer import JournalWriter
from gateway.mail.addresses import normal_form
from gateway.runtime import Runtime
from gateway.startup import reach_database

TOO_LARGE = 1


def ingest(
    context: typer.Context,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files of one mail, mbox, Maildir, or - for stdin.")
    ],
    to: Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="Who it was sent to.")] = None,
    sender: Annotated[
        str | None, typer.Option("--from", metavar="ADDRESS", help="The envelope sender.")
    ] = None,
) -> None:
    """Put mail into the journal, as if it had come by SMTP, in the order given."""
    request = request_of(context)
    recipients = tuple(_address("--to", address) for address in to or ())
    envelope_from = _address("--from", sender) if sender else sender
    piped = STDIN in paths
    try:
        result = _ingest(request, paths, recipients, envelope_from)
    except ConfigError as error:
        if not piped:
            raise
        raise TryLater(error.problems[0]) from None  # a mail server would send the mail back for ever
    words = request.words
    for label in result.too_large:
        complain(
            words(_("{mail}: larger than [smtp] max_bytes, left out")).format(mail=label), status=TOO_LARGE
        )
    if not piped:
        say(words(_("E-mails written down: {count}.")).format(count=len(result.entries)))
    if result.too_large:
        raise typer.Exit(TOO_LARGE)


def _ingest(
    request: Request, paths: list[str], recipients: tuple[str, ...], envelope_from: str | None
) -> IngestResult:
    reach_database(request.config)
    most = request.config.smtp.max_bytes
    mails = find_mails(paths, stdin=sys.stdin.buffer, most=most)
    with request.runtime() as runtime:
        return asyncio.run(_write(runtime, mails, recipients, envelope_from, request.words(_("E-mails"))))


async def _write(
    runtime: Runtime,
    mails: Iterable[FoundMail],
    recipients: tuple[str, ...],
    envelope_from: str | None,
    label: str,
) -> IngestResult:
    async with JournalWriter(runtime) as writer:
        with counter(label) as told:
            return await write_down(runtime, writer, mails, to=recipients, sender=envelope_from, told=told)


def _address(option: str, text: str) -> str:
    address = normal_form(text)
    if address is None:
        raise Invalid(option, _("This is not an e-mail address. Write it like name@company.com."))
    return address
