"""`sysmo topic`: the subject areas and who answers them."""

from typing import Annotated

import typer

from gateway.cli.output import print_json_list, print_table
from gateway.cli.request import request_of, say
from gateway.services import topics, transfer

app = typer.Typer(no_args_is_help=True, help="Topics and who serves them.")


@app.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name.")],
    address: Annotated[str | None, typer.Option(help="An address of its own.")] = None,
    operator: Annotated[list[str] | None, typer.Option(help="Who answers it; may be repeated.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Mail for no other topic goes here.")] = False,
) -> None:
    """Add a topic; the first one is the default."""
    request = request_of(context)
    with request.runtime() as runtime, runtime.db.transaction() as session:
        topic = topics.add_topic(
            session,
            name,
            address=address,
            operators=operator or (),
            default=default,
            reply_address=runtime.config.mail.reply_address,
            now=runtime.now(),
        )
    _ = request.words
    words = _("Topic {name} added; it is the default.") if topic.is_default else _("Topic {name} added.")
    say(words.format(name=topic.name))


@app.command("list")
def list_(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False
) -> None:
    """List the topics."""
    request = request_of(context)
    with request.runtime() as runtime, runtime.db.snapshot() as session:
        if as_json:
            print_json_list(transfer.topic_lines(session))
            return
        lines = topics.list_topics(session)
    _ = request.words
    print_table(
        (_("Topic"), _("Address"), _("Default"), _("Operators")),
        (
            (line.name, line.address or "", _("yes") if line.default else "", ", ".join(line.operators))
            for line in lines
        ),
    )
