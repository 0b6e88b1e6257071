"""`send`: mails a second out by the mailer, beside a bare aiosmtplib loop over one connection.

What goes out are the notices of real requests. Both send the same octets to the same server, in
turns; before each of our rounds the rows are queued again as if they had never been sent.
"""

import json
import tempfile
from functools import partial
from pathlib import Path

from sqlalchemy import select

from benchmarks import ledger, manifest, processes
from benchmarks.figures import Figure, middle, tell
from benchmarks.installation import Installation, installation, relay_settings
from benchmarks.processes import Helper
from benchmarks.scope import Scope
from benchmarks.wire import plain_route
from gateway.mail.compose import Composed, Part, assemble
from gateway.models.columns import table_of
from gateway.models.queues import OutboxItem
from gateway.runtime import steady_clock
from gateway.services import blobs

SHARE = 8
"""One mail of the corpus in so many is brought in: each has three or four notices."""
CONNECTIONS = 4


def measure(scope: Scope) -> list[Figure]:
    rounds = []
    settings = relay_settings()
    with (
        tempfile.TemporaryDirectory(prefix="sysmo-bench-") as name,
        installation(settings, database=scope.database, profiles=scope.profiles_of("send")) as ours,
    ):
        _fill(ours, scope, Path(name) / "in")
        mails, count = _write_out(ours, Path(name) / "out")
        with processes.helper("discard", count) as relay:
            port = relay.hear()["port"]
            for _ in range(scope.rounds):
                theirs = _loop(port, mails, relay)
                rounds.append((count / _ours(ours, port, relay), count / theirs))
    return [middle(rounds, "send", "mails/s")]


def _fill(ours: Installation, scope: Scope, folder: Path) -> None:
    """Make requests, whose notices stay in the outbox while no mailer runs."""
    requests = [each for each in scope.letters() if each.place == 0][: max(scope.mails // SHARE, 1)]
    mails = manifest.write(folder, ((each, plain_route(each)) for each in requests))
    with ours.running("smtp", "processor") as running:
        processes.ask("load", running.smtp_port(), mails, CONNECTIONS, "fill")
        ledger.wait_for_none(ours, ledger.unsettled)


def _write_out(ours: Installation, folder: Path) -> tuple[Path, int]:
    """Write the mails of the outbox, as they are sent, for the loop beside us; return how many."""
    folder.mkdir()
    item = table_of(OutboxItem)
    lines = []
    size = 0
    store = Path(ours.config.storage.url)
    with ours.database.snapshot() as session:
        for row in session.execute(select(item)):
            parts = tuple(Part(header.encode("ascii"), sha256) for header, sha256 in row.parts)
            data = assemble(Composed(row.head, parts, row.tail), partial(blobs.read, session, store))
            size += (folder / f"{row.id}.eml").write_bytes(data)
            lines.append({"sender": row.envelope_from, "recipient": row.recipient, "file": f"{row.id}.eml"})
    manifest_file = folder / "manifest.jsonl"
    manifest_file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    tell("send", f"{len(lines)} notices, {size / 1e3 / len(lines):.1f} KB each")
    return manifest_file, len(lines)


def _ours(ours: Installation, port: int, relay: Helper) -> float:
    """Seconds from the first MAIL to the last row settled."""
    with ours.database.transaction() as session:
        ledger.queue_again(session, now=steady_clock()())
    with ours.running("mailer", relay_port=port):
        began = relay.hear()["began"]
        ledger.wait_for_none(ours, ledger.unsent)
    with ours.database.snapshot() as session:
        tell("send", f"{ledger.states(session)}")
        return ledger.last_sent(session) - float(began)


def _loop(port: int, mails: Path, relay: Helper) -> float:
    """Seconds from the first MAIL to the last reply."""
    processes.ask("bare_sender", port, mails)
    told = relay.hear()
    return float(told["ended"]) - float(told["began"])
