"""Topics, who answers them, and the mailboxes we fetch from."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from gateway.models.columns import text_enum
from gateway.rules.people import Notices


class Topic(SQLModel, table=True):
    """A subject area. At most one is the default, where mail for no other topic goes."""

    __table_args__ = (
        Index(
            "uq_topic_is_default",
            "is_default",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    name: str = Field(max_length=120, unique=True)
    description: str = Field(default="", max_length=200)  # helps who writes to choose
    address: str | None = Field(default=None, max_length=320, unique=True)
    position: int = Field(default=0)  # in lists; those of one position by name
    is_default: bool = Field(default=False)
    enabled: bool = Field(default=True)
    created_at: datetime


class TopicOperator(SQLModel, table=True):
    """An operator who answers a topic, and what they want to be told of it."""

    __tablename__ = "topic_operator"

    topic_id: int = Field(foreign_key="topic.id", primary_key=True)
    user_id: int = Field(foreign_key="person.id", primary_key=True, index=True)
    notices: Notices = Field(default=Notices.ALL, sa_type=text_enum(Notices, "notices"))


class Mailbox(SQLModel, table=True):
    """What we remember of one IMAP folder; its settings stand in the configuration.

    One process at a time fetches from it, under the lease (invariants O10). Everything up to
    `last_uid` is recorded; the few above it that failed are retried by UID.
    """

    id: int = Field(default=None, primary_key=True)
    name: str = Field(max_length=120, unique=True)
    folder: str = Field(max_length=500)
    uidvalidity: int | None = Field(default=None)
    last_uid: int = Field(default=0)
    holder: str | None = Field(default=None, max_length=200)
    lease_until: datetime | None = Field(default=None)
    polled_at: datetime | None = Field(default=None)
    last_error: str | None = Field(default=None, max_length=500)
