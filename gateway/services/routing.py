"""Which topic a new request belongs to: the address written to, else the mailbox's, else the default."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.models.queues import JournalEntry
from gateway.models.topics import Topic
from gateway.services.desk import Desk

ENABLED = select(Topic).where(col(Topic.enabled).is_(True)).order_by(col(Topic.id))


def topic_for(
    session: Session, desk: Desk, entry: JournalEntry, written_to: Sequence[str], *, now: datetime
) -> Topic:
    """Return the topic of a mail.

    `written_to` are the addresses of To and Cc, which count when the door knew no recipient (IMAP).
    """
    topics: list[Topic] = list(session.execute(ENABLED).scalars())
    by_address = {topic.address: topic for topic in topics if topic.address}
    for address in (*entry.recipients, *written_to):
        if address in by_address:
            return by_address[address]
    mailbox = desk.mailboxes.get(entry.mailbox or "")
    if mailbox is not None:
        for topic in topics:
            if topic.name == mailbox.topic or (topic.address and topic.address == mailbox.address):
                return topic
    default = next((topic for topic in topics if topic.is_default), None)
    return default or (topics[0] if topics else _first_topic(session, desk, now=now))


def _first_topic(session: Session, desk: Desk, *, now: datetime) -> Topic:
    """A mail that comes before the first topic was made is no reason to keep it waiting."""
    topic = Topic(name="General", is_default=True, created_at=now)
    session.add(topic)
    session.flush()  # gives the topic its id
    return topic
