"""`sysmo demo`: fills an empty database with a made-up help desk, and says how to look around in it.

It is what `make demo` runs between `migrate` and `run`, and no command for an installation in use.
"""

from typing import Annotated

import typer

from gateway.catalogue import _, label
from gateway.cli.output import counter
from gateway.cli.request import request_of, say
from gateway.config import Config
from gateway.demo import visitors
from gateway.demo.fill import REQUESTS, colleagues, fill, sign_ins
from gateway.errors import ConfigError
from gateway.services.desk import open_desk


def demo(
    context: typer.Context,
    requests: Annotated[int, typer.Option(min=0, metavar="N", help="How many requests.")] = REQUESTS,
) -> None:
    """Fill an empty database with a made-up help desk; print three sign-ins."""
    request = request_of(context)
    config, words = request.config, request.words
    _keep_inside(config)
    with request.runtime() as runtime:
        passes, closed = visitors.make_passes(sign_ins()), visitors.make_passes(colleagues())
        with runtime.db.transaction() as session, counter(words(_("Requests"))) as told:
            if not visitors.is_filled(session, sign_ins()):
                say(words(_("Three months of a made-up help desk are being written…")))
                desk = open_desk(config, runtime.secret)
                fill(session, desk, runtime.blobs, now=runtime.now(), count=requests, told=told)
            visitors.let_in(session, (*passes, *closed), now=runtime.now())
    url = f"{config.site.base_url.rstrip('/')}/ingresar"
    say(words(_("To look around, sign in at {url}:")).format(url=url))
    for each in passes:
        role = label(words, "role", each.account.role)
        say(f"  {role:<14} {each.account.email:<36} {each.password}")


def _keep_inside(config: Config) -> None:
    """Nothing of a demo may leave this machine: ConfigError where mail would be sent or fetched."""
    if config.mailer.transport != "folder":
        raise ConfigError(['[mailer] transport: a demo writes its mail into a "folder"'])
    if config.imap:
        raise ConfigError(["[imap]: a demo fetches no mail"])
