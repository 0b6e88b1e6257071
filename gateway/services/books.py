"""Do the books balance? Every accepted mail has one outcome, every comment its mail, every mail out an end.

Each rule is one query for the rows that break it (invariants D5), so `sysmo check` costs some passes
over the tables and no loop over rows. The command says in plain words what a rule means.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import Blob, JournalEntry, OutboxItem, OutboxState
from gateway.models.tickets import Event, Message, Ticket
from gateway.models.topics import Topic
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import Channel, EventKind
from gateway.services import blobs, outbox

EXAMPLES = 20
"""Rows named of those that break a rule."""

BLOBS_AT_ONCE = 50
CHUNK = 1024 * 1024

APPLIED = (Outcome.OPENED, Outcome.APPENDED)
WITHOUT_EFFECT = (Outcome.HELD, Outcome.DUPLICATE, Outcome.BOUNCE, Outcome.FAILED)
ONLY_COMMANDS = "commands"  # the reason of a mail that was applied and said nothing


class Rule(StrEnum):
    """What does not balance; the values are public, in `check --json`."""

    NO_OUTCOME = "no-outcome"
    TWO_OUTCOMES = "still-waiting"
    NO_REASON = "no-reason"
    NO_MESSAGE = "no-message"
    UNDUE_MESSAGE = "undue-message"
    TWO_MESSAGES = "two-messages"
    OTHER_TICKET = "other-ticket"
    NO_MAIL = "no-mail"
    MISCOUNTED = "miscounted"
    MISOPENED = "misopened"
    NO_END = "no-end"
    STILL_DUE = "still-due"
    NO_TIME = "no-time"
    DEFAULT_TOPIC = "default-topic"


@dataclass(frozen=True, slots=True)
class Difference:
    """A rule that rows break: how many, and the ids of the first of them."""

    rule: Rule
    count: int
    examples: tuple[str, ...]


def differences(session: Session) -> Iterator[Difference]:
    """Yield what does not balance; nothing when all does."""
    for rule, broken in _rules():
        rows = broken.subquery()
        count = session.execute(select(func.count()).select_from(rows)).scalar_one()
        if count:
            key = rows.c[0]
            first = session.execute(select(key).order_by(key).limit(EXAMPLES)).scalars()
            yield Difference(rule, count, tuple(map(str, first)))


def count_blobs(session: Session) -> int:
    """How many blobs `damaged_blobs` will look at."""
    return int(session.execute(select(func.count()).select_from(table_of(Blob))).scalar_one())


def damaged_blobs(session: Session, folder: Path) -> Iterator[str | None]:
    """Yield for each blob None, or its hash when its bytes are gone or are others."""
    blob = table_of(Blob)
    query = select(blob.c.sha256, blob.c.size, blob.c.data).order_by(blob.c.sha256)
    for row in session.execute(query.execution_options(yield_per=BLOBS_AT_ONCE)):
        if row.data is None:
            found = _hash_of_file(blobs.file_of(folder, row.sha256))
        else:
            found = hashlib.sha256(row.data).hexdigest()
        yield None if found == row.sha256 else row.sha256


def _rules() -> Iterator[tuple[Rule, Select[tuple[int]]]]:
    yield from _journal_rules()
    yield Rule.TWO_MESSAGES, _doubled_entries()
    yield Rule.OTHER_TICKET, _misfiled_entries()
    yield Rule.NO_MAIL, _messages_without_mail()
    yield Rule.MISCOUNTED, _miscounted_tickets()
    yield Rule.MISOPENED, _misopened_tickets()
    item = table_of(OutboxItem)
    ended, due = item.c.state.not_in(outbox.UNENDED), item.c.due_at.is_not(None)
    yield Rule.NO_END, _items(~ended, ~due)
    yield Rule.STILL_DUE, _items(ended, due)
    came_back = item.c.state == OutboxState.BOUNCED  # it was sent, or nobody knows whether
    sent = item.c.state == OutboxState.SENT
    yield Rule.NO_TIME, _items(~came_back, sent != item.c.sent_at.is_not(None))
    yield Rule.DEFAULT_TOPIC, _default_topics()


def _journal_rules() -> Iterator[tuple[Rule, Select[tuple[int]]]]:
    entry = table_of(JournalEntry)
    settled, due = entry.c.outcome.is_not(None), entry.c.due_at.is_not(None)
    has_message = exists().where(table_of(Message).c.journal_id == entry.c.id)
    without_effect = or_(~settled, entry.c.outcome.in_(WITHOUT_EFFECT))
    yield Rule.NO_OUTCOME, _entries(~settled, ~due)
    yield Rule.TWO_OUTCOMES, _entries(settled, due)
    yield Rule.NO_REASON, _entries(settled, or_(entry.c.reason == "", entry.c.settled_at.is_(None)))
    applied = and_(entry.c.outcome.in_(APPLIED), entry.c.reason != ONLY_COMMANDS)
    yield Rule.NO_MESSAGE, _entries(applied, ~has_message)
    yield Rule.UNDUE_MESSAGE, _entries(without_effect, has_message)


def _entries(*conditions: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(table_of(JournalEntry).c.id).where(*conditions)


def _items(*conditions: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(table_of(OutboxItem).c.id).where(*conditions)


def _doubled_entries() -> Select[tuple[int]]:
    message = table_of(Message)
    return (
        select(message.c.journal_id)
        .where(message.c.journal_id.is_not(None))
        .group_by(message.c.journal_id, message.c.kind)  # a forward may bring a client's words and a comment
        .having(func.count() > 1)
    )


def _misfiled_entries() -> Select[tuple[int]]:
    entry, message = table_of(JournalEntry), table_of(Message)
    return (
        select(entry.c.id)
        .join_from(entry, message, message.c.journal_id == entry.c.id)
        .where(or_(entry.c.ticket_id.is_(None), entry.c.ticket_id != message.c.ticket_id))
    )


def _messages_without_mail() -> Select[tuple[int]]:
    message = table_of(Message)
    return select(message.c.id).where(message.c.channel == Channel.EMAIL, message.c.journal_id.is_(None))


def _miscounted_tickets() -> Select[tuple[int]]:
    """A message's number is its place, so count and highest number agree, too."""
    ticket, message = table_of(Ticket), table_of(Message)
    return (
        select(ticket.c.id)
        .outerjoin_from(ticket, message, message.c.ticket_id == ticket.c.id)
        .group_by(ticket.c.id, ticket.c.messages)
        .having(
            or_(
                func.count(message.c.id) != ticket.c.messages,
                func.coalesce(func.max(message.c.number), 0) != ticket.c.messages,
            )
        )
    )


def _misopened_tickets() -> Select[tuple[int]]:
    ticket, event = table_of(Ticket), table_of(Event)
    opened = and_(event.c.ticket_id == ticket.c.id, event.c.kind == EventKind.OPENED)
    return (
        select(ticket.c.id)
        .outerjoin_from(ticket, event, opened)
        .group_by(ticket.c.id)
        .having(func.count(event.c.id) != 1)
    )


def _default_topics() -> Select[tuple[int]]:
    """One row with the number of defaults, if there are topics and it is not one."""
    defaults = func.sum(case((table_of(Topic).c.is_default, 1), else_=0))
    return select(defaults).having(and_(func.count() > 0, defaults != 1))


def _hash_of_file(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return None
