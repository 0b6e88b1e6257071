"""`sysmo mail`: the ledgers of mail in and out."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from gateway.cli import held_mail
from gateway.cli.output import local, print_json, print_json_list, print_table, safe
from gateway.cli.request import Request, request_of, say
from gateway.rules.admission import Outcome
from gateway.services import failed_mail, ledger, outbox
from gateway.services.ledger import Box, Details, MailIn, MailOut
from gateway.services.transfer import mail_in_line, mail_out_line
from gateway.services.transfer_tickets import utc

app = typer.Typer(no_args_is_help=True, help="Mail in and out, and what became of it.")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
MailId = Annotated[str, typer.Argument(metavar="ID", help="As the list shows it: 12, or out-12.")]


app.command()(held_mail.accept)
app.command()(held_mail.discard)


@app.command("list")
def list_(
    context: typer.Context,
    outcome: Annotated[
        str | None, typer.Option(help="Only these: held, discarded, failed, waiting, deferred …")
    ] = None,
    box: Annotated[Box, typer.Option(help="Mail in, or mail out.")] = Box.IN,
    as_json: AsJson = False,
) -> None:
    """List mail, oldest first."""
    request = request_of(context)
    with request.runtime() as runtime, runtime.db.snapshot() as session:
        if box is Box.IN:
            mails_in = ledger.mails_in(session, outcome=outcome)
            if as_json:
                print_json_list(map(mail_in_line, mails_in))
            elif outcome == Outcome.HELD:
                words, now = request.words, runtime.now()
                rows = (held_mail.cells(mail, words, now=now) for mail in mails_in)
                print_table(held_mail.headings(words), rows)
            else:
                print_table(_headings_in(request), (_cells_in(mail, request) for mail in mails_in))
        else:
            mails_out = ledger.mails_out(session, state=outcome)
            if as_json:
                print_json_list(map(mail_out_line, mails_out))
            else:
                print_table(_headings_out(request), (_cells_out(mail, request) for mail in mails_out))


@app.command()
def show(
    context: typer.Context,
    mail_id: MailId,
    as_json: AsJson = False,
    raw: Annotated[bool, typer.Option("--raw", help="The mail itself, as it came.")] = False,
) -> None:
    """Show all that is known of one mail."""
    request = request_of(context)
    wanted = ledger.parse_id(mail_id)
    with request.runtime() as runtime:
        with runtime.db.snapshot() as session:
            if raw:
                sys.stdout.buffer.write(failed_mail.raw_mail(session, runtime.blobs, wanted))
                return
            mail, details = ledger.show(session, wanted)
        line = mail_in_line(mail) if isinstance(mail, MailIn) else mail_out_line(mail)
        line |= _details_line(details)
        if as_json:
            print_json(line)
            return
        for key, value in line.items():
            if value is not None:
                say(f"{key:12} {_flat(value)}")
        if isinstance(mail, MailIn) and mail.outcome == Outcome.HELD:
            say("")
            for text in held_mail.explain(runtime, mail, request.words):
                say(safe(text))


@app.command()
def retry(context: typer.Context, mail_id: MailId) -> None:
    """Put a failed mail back in line."""
    request = request_of(context)
    wanted = ledger.parse_id(mail_id)
    with request.runtime() as runtime, runtime.db.transaction() as session:
        failed_mail.retry(session, wanted, by=None, now=runtime.now())
    _ = request.words
    say(_("E-mail {id} is back in line.").format(id=wanted))


@app.command()
def release(context: typer.Context) -> None:
    """Let mail out go that was paused, as it is after a restore."""
    request = request_of(context)
    with request.runtime() as runtime, runtime.db.transaction() as session:
        outbox.pause(session, runtime.now())
    _ = request.words
    say(_("Outgoing e-mail is no longer paused."))


def _headings_in(request: Request) -> Sequence[str]:
    _ = request.words
    return _("ID"), _("Received"), _("Door"), _("From"), _("To"), _("Outcome"), _("Request"), _("Reason")


def _cells_in(mail: MailIn, request: Request) -> Sequence[str]:
    return (
        mail.id,
        _local(mail.received_at, request),
        mail.door,
        mail.sender or "",
        ", ".join(mail.recipients),
        mail.outcome,
        _number(mail.ticket),
        mail.reason or "",
    )


def _headings_out(request: Request) -> Sequence[str]:
    _ = request.words
    return _("ID"), _("Queued"), _("To"), _("Purpose"), _("State"), _("Attempts"), _("Request"), _("Sent")


def _cells_out(mail: MailOut, request: Request) -> Sequence[str]:
    return (
        mail.id,
        _local(mail.created_at, request),
        mail.recipient,
        mail.purpose,
        mail.state,
        str(mail.attempts),
        _number(mail.ticket),
        _local(mail.sent_at, request),
    )


def _details_line(details: Details) -> dict[str, Any]:
    return {
        "attempts": details.attempts,
        "due_at": utc(details.due_at),
        "last_error": details.last_error,
        "size": details.size,
        "message": details.message,
        "decision": details.decision,
        "decided_by": details.decided_by,
        "decided_at": utc(details.decided_at),
    }


def _flat(value: object) -> str:
    return safe(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _local(moment: datetime | None, request: Request) -> str:
    return local(moment, request.config.site.timezone)


def _number(ticket: int | None) -> str:
    return f"#{ticket}" if ticket is not None else ""
