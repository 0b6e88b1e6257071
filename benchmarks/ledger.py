"""What the database of an installation says of a run: what waits, when it ended, where answers go."""

import re
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import func, select, update
from sqlmodel import Session

from benchmarks.installation import Installation
from benchmarks.wire import Route
from gateway.models.columns import table_of
from gateway.models.queues import JournalEntry, OutboxItem, OutboxState
from gateway.services import journal, outbox

LOOK_SECONDS = 0.1  # seldom, so that looking costs the run nothing; times come from the rows
PATIENCE_SECONDS = 60.0
_REPLY_TO = re.compile(rb"^Reply-To:[^<]{0,200}<?([^<>\s]{1,300})>?\r$", re.MULTILINE)
_MESSAGE_ID = re.compile(rb"^Message-ID:\s{0,9}<([^<>\s]{1,300})>\r$", re.MULTILINE)


def wait_for_none(installation: Installation, left: Callable[[Session], int]) -> None:
    """Look until nothing is left; RuntimeError when for a minute it does not become less."""
    before, until = -1, 0.0
    while True:
        with installation.database.snapshot() as session:
            now_left = left(session)
        if not now_left:
            return
        if now_left != before:
            before, until = now_left, time.monotonic() + PATIENCE_SECONDS
        if time.monotonic() > until:
            raise RuntimeError(f"{now_left} {left.__name__} and no end: {installation.log_tail()}")
        time.sleep(LOOK_SECONDS)


def unsettled(session: Session) -> int:
    """How many mails in wait."""
    return journal.waiting(session)


def unsent(session: Session) -> int:
    """How many mails out wait."""
    item = table_of(OutboxItem)
    waiting = select(func.count()).where(item.c.state.in_(outbox.UNENDED))
    return int(session.execute(waiting).scalar_one())


def last_settled(session: Session) -> float:
    """When the last mail in was settled, in seconds since the epoch."""
    last: datetime = session.execute(select(func.max(table_of(JournalEntry).c.settled_at))).scalar_one()
    return last.timestamp()


def last_sent(session: Session) -> float:
    """When the last mail out was, in seconds since the epoch."""
    last: datetime = session.execute(select(func.max(table_of(OutboxItem).c.sent_at))).scalar_one()
    return last.timestamp()


def queue_again(session: Session, *, now: datetime) -> None:
    """Have all mail out sent once more, as if it was never sent."""
    fresh = {"state": OutboxState.QUEUED, "due_at": now, "attempts": 0, "sent_at": None, "last_error": None}
    session.execute(update(OutboxItem).values(**fresh))


def outcomes(session: Session) -> dict[str, int]:
    """How many mails had which outcome."""
    entry = table_of(JournalEntry)
    rows = session.execute(select(entry.c.outcome, func.count()).group_by(entry.c.outcome))
    return {str(outcome): count for outcome, count in rows}


def states(session: Session) -> dict[str, int]:
    """How many mails out are in which state."""
    item = table_of(OutboxItem)
    rows = session.execute(select(item.c.state, func.count()).group_by(item.c.state))
    return {str(state): count for state, count in rows}


def answers(session: Session) -> dict[tuple[str, str], Route]:
    """Where an answer to our newest mail goes, by who opened the request and who answers."""
    entry, item = table_of(JournalEntry), table_of(OutboxItem)
    rows = session.execute(
        select(entry.c.from_address, item.c.recipient, item.c.head)
        .join_from(entry, item, item.c.ticket_id == entry.c.ticket_id)
        .where(entry.c.outcome == "opened")
        .order_by(item.c.id)
    )
    return {(client, recipient): _route(head) for client, recipient, head in rows}


def _route(head: bytes) -> Route:
    reply_to, message_id = _REPLY_TO.search(head), _MESSAGE_ID.search(head)
    if reply_to is None or message_id is None:
        raise RuntimeError("a mail of ours that cannot be answered")
    return Route(reply_to[1].decode("ascii"), (message_id[1].decode("ascii"),))
