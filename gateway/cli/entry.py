"""Arguments in, exit status out: the commands put together, and every error in one line.

Exit status: 0 done; 1 a check found something, or not found; 2 wrong usage or configuration; 75
(EX_TEMPFAIL of sysexits.h, which mail servers know) try again later.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import OperationalError

from gateway import logs
from gateway.catalogue import _
from gateway.cli import (
    checking,
    demo,
    draining,
    exporting,
    ingesting,
    mail,
    people,
    running,
    safekeeping,
    topics,
)
from gateway.cli.request import Request, complain, request_of
from gateway.config import Log
from gateway.errors import ConfigError, DomainError, Invalid, NotFound, TryLater

DONE, FOUND, WRONG, LATER, INTERRUPTED = 0, 1, 2, 75, 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # it would print the values of variables
    rich_markup_mode=None,
    help="Sysmo Tickets: a helpdesk whose first door is e-mail.",
    epilog="--config may stand before or after the command.",
)
app.command()(running.run)
app.command()(running.migrate)
app.command()(checking.check)
app.command()(draining.drain)
app.command()(ingesting.ingest)
app.command()(exporting.export)
app.command()(safekeeping.backup)
app.command()(safekeeping.restore)
app.command(hidden=True)(demo.demo)
app.add_typer(people.app, name="user")
app.add_typer(topics.app, name="topic")
app.add_typer(mail.app, name="mail")


@app.callback()
def _file(
    context: typer.Context,
    config: Annotated[Path, typer.Option(envvar="SYSMO_CONFIG", help="Configuration file.")] = Path(
        "config.toml"
    ),
) -> None:
    request_of(context).file = config


def run(arguments: Sequence[str], *, set_up_logs: Callable[[Log], None] = logs.set_up) -> int:
    """Run one command; return its exit status. Only a bug shows a traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # no letter ends us
    request = Request(set_up_logs)
    try:
        status = app(args=hoisted(arguments), prog_name="sysmo", standalone_mode=False, obj=request)
        sys.stdout.flush()
    except typer.TyperException as error:
        message = error.format_message()
        if message.startswith("Usage"):  # a command without its argument shows its help
            sys.stderr.write(f"{message}\n")
            return WRONG
        return complain(message, status=WRONG)
    except ConfigError as error:
        return complain(*error.problems, status=WRONG)
    except DomainError as error:
        return _explain(error, request)
    except TryLater as error:
        return complain(request.words(error.reply), status=LATER)
    except OperationalError:  # its own text may show SQL and values
        return complain(request.words(_("The database does not answer.")), status=LATER)
    except BrokenPipeError:  # whoever read us has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FOUND
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    return status if isinstance(status, int) else DONE


def hoisted(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with `--config FILE` in front, wherever it stood before a lone `--`."""
    front: list[str] = []
    rest: list[str] = []
    left = iter(arguments)
    for each in left:
        if each == "--":
            rest += [each, *left]
        elif each == "--config":
            front += [each, *(value for value in (next(left, None),) if value is not None)]
        elif each.startswith("--config="):
            front.append(each)
        else:
            rest.append(each)
    return front + rest


def _explain(error: DomainError, request: Request) -> int:
    """Say what a service refused, in the language of the site."""
    words = request.words
    match error:
        case NotFound():
            return complain(words(_("Not found: {what}")).format(what=error), status=FOUND)
        case Invalid():
            return complain(f"{error.field}: {words(error.sentence).format(**error.values)}", status=WRONG)
        case other:
            return complain(words(_("Not allowed: {what}")).format(what=words(str(other))), status=WRONG)
