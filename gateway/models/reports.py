"""What reports count: each request that counts, and each of its closings, in numbers that add up fast.

Made of tickets and their events alone (services/counting) and made anew at any time: no truth of their
own. A moment is the number of its quarter of an hour since 1970, in UTC: days of every zone begin with
one, and an index counts them without looking at a row. Minutes are whole, rounded down; `work_…` are
those of the company's working hours. A request that a program opened does not count and has no row.
"""

from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from gateway.models.columns import text_enum
from gateway.rules.lifecycle import Channel

_REOPENED: dict[str, Any] = {
    "sqlite_where": text("reopened IS NOT NULL"),
    "postgresql_where": text("reopened IS NOT NULL"),
}


class CountedRequest(SQLModel, table=True):
    """A request that counts, when it was received and first answered, and in how many minutes."""

    __tablename__ = "counted_request"
    __table_args__ = (
        Index("ix_counted_request_opened", "opened", "topic_id", "channel", "requester_id"),
        Index("ix_counted_request_topic", "topic_id", "channel", "opened"),
        Index("ix_counted_request_requester", "requester_id", "opened"),
        Index(
            "ix_counted_request_answered", "answered", "answered_by", "answer_minutes", "answer_work_minutes"
        ),
        Index("ix_counted_request_answerer", "answered_by", "answered"),
        Index("ix_counted_request_minutes", "answer_minutes", "answered"),
        Index("ix_counted_request_work_minutes", "answer_work_minutes", "answered"),
    )

    ticket_id: int = Field(foreign_key="ticket.id", primary_key=True)
    opened: int
    topic_id: int = Field(foreign_key="topic.id")  # as it is today: a move corrects a mistake
    requester_id: int = Field(foreign_key="person.id")
    channel: Channel = Field(sa_type=text_enum(Channel, "channel"))
    answered: int | None = Field(default=None)
    answered_by: int | None = Field(default=None, foreign_key="person.id")
    answer_minutes: int | None = Field(default=None)
    answer_work_minutes: int | None = Field(default=None)


class CountedClosing(SQLModel, table=True):
    """One closing of a request that counts: by whom, how long after it was received, and what came after.

    The last closing within a period is the one whose `next_closed` is not in it.
    """

    __tablename__ = "counted_closing"
    __table_args__ = (
        Index(
            "ix_counted_closing_closed",
            "closed",
            "closed_by",
            "next_closed",
            "reopened",
            "minutes",
            "work_minutes",
        ),
        Index("ix_counted_closing_closer", "closed_by", "closed", "next_closed", "minutes", "work_minutes"),
        Index("ix_counted_closing_topic", "topic_id", "closed", "next_closed", "minutes", "work_minutes"),
        Index(
            "ix_counted_closing_requester", "requester_id", "closed", "next_closed", "minutes", "work_minutes"
        ),
        Index("ix_counted_closing_minutes", "minutes", "closed", "next_closed"),
        Index("ix_counted_closing_work_minutes", "work_minutes", "closed", "next_closed"),
        Index("ix_counted_closing_reopened", "reopened", "closed_by", **_REOPENED),
    )

    ticket_id: int = Field(foreign_key="ticket.id", primary_key=True)
    number: int = Field(primary_key=True)  # 1, 2, 3 … within the request
    closed: int
    closed_by: int | None = Field(default=None, foreign_key="person.id")  # None: closed by itself
    topic_id: int = Field(foreign_key="topic.id")
    requester_id: int = Field(foreign_key="person.id")
    minutes: int  # since the request was received
    work_minutes: int
    reopened: int | None = Field(default=None)
    next_closed: int | None = Field(default=None)
