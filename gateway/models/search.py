"""What search compares: the words of each request, and what is to be indexed anew.

How they are written and asked: services/search_index and services/search.
"""

from datetime import datetime

from sqlalchemy import DDL, Index, Text, event, text
from sqlmodel import Field, SQLModel

from gateway.models.columns import table_of

ALL_STEMS = "string_to_array(substr(stems || hidden_stems, 2), ' ')"
"""The stems of a request as PostgreSQL indexes them; a query must say it in the very same words."""

SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE search_index USING fts5(stems, hidden_stems, "
    "content='search_document', content_rowid='ticket_id', tokenize='ascii', detail=none, columnsize=0)"
)
"""FTS5 over the same two columns. The words are ours: `ascii` parts them at blanks and leaves them be."""


class SearchDocument(SQLModel, table=True):
    """The words of one request. What is hidden from its requester stands apart, so that they never match it.

    `words` are folded and in order, for phrases, with "|" where one text ends; `stems` are each there
    once, each after a blank.
    """

    __tablename__ = "search_document"
    __table_args__ = (
        Index("ix_search_document_stems", text(ALL_STEMS), postgresql_using="gin").ddl_if(
            dialect="postgresql"
        ),
    )

    ticket_id: int = Field(primary_key=True, foreign_key="ticket.id")
    version: str = Field(max_length=40)  # of the rules that made it (rules/words)
    words: str = Field(sa_type=Text)
    hidden_words: str = Field(default="", sa_type=Text)
    stems: str = Field(sa_type=Text)
    hidden_stems: str = Field(default="", sa_type=Text)


class SearchTask(SQLModel, table=True):
    """Requests to be indexed anew, in order of their numbers, up to which it is done.

    `person_id`: those this person asked for; None: all, once for each version of the rules.
    """

    __tablename__ = "search_task"

    name: str = Field(primary_key=True, max_length=80)
    person_id: int | None = Field(default=None, foreign_key="person.id")
    reached: int = Field(default=0)
    finished_at: datetime | None = Field(default=None)


_create_index = DDL(SQLITE_INDEX).execute_if(dialect="sqlite")  # type: ignore[no-untyped-call]
event.listen(table_of(SearchDocument), "after_create", _create_index)
