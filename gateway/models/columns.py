"""Column kinds that every table uses the same way: text enums and the Leased mixin.

Times are plain `datetime` fields, which SQLModel stores as UTC and refuses when naive.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Enum, MetaData, Table
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention


def text_enum(kind: type[StrEnum], name: str) -> Any:
    """An enum kept as its text under a CHECK, refused at flush when unknown.

    Without the CHECK, SQLite takes any text and every later listing of the row fails.
    """
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class Leased(SQLModel):
    """A row that one worker at a time may hold (services/leases).

    `fence` grows with each claim: a holder whose lease ran out shows an old number and can no
    longer write its result.
    """

    due_at: datetime | None = Field(default=None)  # None: nothing to do any more
    attempts: int = Field(default=0)
    holder: str | None = Field(default=None, max_length=200)
    lease_until: datetime | None = Field(default=None)
    fence: int = Field(default=0)


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a model: its columns are typed as columns, for queries that select many."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table
