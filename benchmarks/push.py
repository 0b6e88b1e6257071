"""`push`: seconds from IMAP APPEND to the last of the operators' notices at the smarthost, with IDLE.

All roles in one process; the mailbox is a real Dovecot's where there is one. The reference is one
second, which is what people call at once.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

from benchmarks import corpus, processes
from benchmarks.corpus import Letter
from benchmarks.figures import Figure, tell
from benchmarks.installation import installation, relay_settings
from benchmarks.processes import Helper
from benchmarks.scope import Scope
from benchmarks.wire import plain_route, render
from tests import dovecot, fakes_imap

AT_ONCE = 1.0
WARMING = 2
"""Mails not counted: the first one starts the child that reads."""
PAUSE_SECONDS = 0.4
"""Between mails, so that each finds the program idle."""

Append = Callable[[bytes], object]


def measure(scope: Scope) -> list[Figure]:
    letters = [each for each in corpus.make(scope.mails) if each.place == 0][: scope.pushes + WARMING]
    with _mailbox() as (section, append), processes.helper("discard", 1) as relay:
        settings = {"imap": {"soporte": section}, **relay_settings()}
        with (
            installation(settings, database=scope.database, profiles=scope.profiles_of("push")) as ours,
            ours.running(relay_port=relay.hear()["port"]) as running,
        ):
            running.smtp_port()
            took = [_push(letter, append, relay) for letter in letters][WARMING:]
    tell("push", f"{len(took)} mails, {min(took):.3f} to {max(took):.3f} s")
    return [Figure("push", median(took), "s", AT_ONCE)]


def _push(letter: Letter, append: Append, relay: Helper) -> float:
    """Append a mail and wait until every operator of its topic is told; return the seconds between."""
    time.sleep(PAUSE_SECONDS)
    untold = {each.email for each in corpus.operators(letter.topic)}
    raw = render(letter, plain_route(letter))
    began = time.time()
    append(raw)
    while untold:
        told = relay.hear()  # the acknowledgement comes by here, too
        untold.discard(told["to"])
    ended: float = told["ended"]
    return ended - began


@contextmanager
def _mailbox() -> Iterator[tuple[dict[str, object], Append]]:
    """A mailbox: the section of the configuration for it, and how to append to it."""
    common = {"host": "127.0.0.1", "security": "none"}
    if shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin:/usr/bin"):
        with dovecot.dovecot() as server, server.client() as client:
            yield (
                common | {"port": server.port, "username": server.user, "password": dovecot.PASSWORD},
                lambda raw: client.append("INBOX", raw),
            )
        return
    tell("push", "there is no dovecot here, so the mailbox is a server of the tests")
    with fakes_imap.FakeImap() as fake:
        account = {"port": fake.port, "username": "soporte", "password": fakes_imap.PASSWORD}
        yield common | account, fake.deliver
