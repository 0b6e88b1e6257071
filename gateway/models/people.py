"""Companies, users, their sessions and the tokens that prove who somebody is."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from gateway.models.columns import text_enum
from gateway.rules.people import Role, Theme, UserStatus


class Company(SQLModel, table=True):
    """A company that is served, known by its CUIT (11 digits)."""

    id: int = Field(default=None, primary_key=True)
    name: str = Field(max_length=200)
    cuit: str | None = Field(default=None, max_length=11, unique=True)
    created_at: datetime


class User(SQLModel, table=True):
    """Anyone with an address, in its normal form."""

    __tablename__ = "person"  # `user` is a reserved word of PostgreSQL

    id: int = Field(default=None, primary_key=True)
    email: str = Field(max_length=320, unique=True)
    name: str = Field(default="", max_length=200)
    role: Role = Field(default=Role.CLIENT, sa_type=text_enum(Role, "role"))
    status: UserStatus = Field(default=UserStatus.PROVISIONAL, sa_type=text_enum(UserStatus, "status"))
    company_id: int | None = Field(default=None, foreign_key="company.id", index=True)
    phone: str | None = Field(default=None, max_length=60)
    language: str = Field(default="es", max_length=2)
    theme: Theme = Field(default=Theme.SYSTEM, sa_type=text_enum(Theme, "theme"))
    shortcuts: bool | None = Field(default=None)  # None: as is usual for the role
    password_hash: str | None = Field(default=None, max_length=300)
    silent_until: datetime | None = Field(default=None)  # no automatic mail to them before then (L5, L10)
    created_at: datetime


class WebSession(SQLModel, table=True):
    """A signed-in browser; its id is stored hashed and can be revoked by deleting the row."""

    __tablename__ = "web_session"

    id_hash: str = Field(primary_key=True, max_length=64)
    user_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime
    seen_at: datetime
    confirmed_at: datetime | None = Field(default=None)  # when the password was last given (W6)


class Registration(SQLModel, table=True):
    """What somebody wrote to sign up, apart from all people until its mailed link is used (C11).

    Whoever types a stranger's address changes nothing of that stranger. `browser` is the hash of the
    visit it was made in: elsewhere the link asks for the password as well.
    """

    hash: str = Field(primary_key=True, max_length=64)
    email: str = Field(max_length=320, index=True)
    name: str = Field(max_length=200)
    company: str = Field(max_length=200)
    cuit: str = Field(max_length=11)
    phone: str = Field(max_length=60)
    language: str = Field(max_length=2)
    password_hash: str = Field(max_length=300)
    browser: str = Field(max_length=64)
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = Field(default=None)


class TokenPurpose(StrEnum):
    """What a token is good for."""

    REPLY = "reply"  # a person token: one ticket, one person, one mail of ours
    BOUNCE = "bounce"  # the envelope sender of one mail of ours
    SET_UP = "set_up"  # makes the first administrator
    PASSWORD = "password"  # noqa: S105  a purpose
    VERIFY = "verify"  # an operator says that a held mail is theirs (T9)


class Token(SQLModel, table=True):
    """A random token, by its hash (gateway/tokens), and what it proves."""

    hash: str = Field(primary_key=True, max_length=64)
    purpose: TokenPurpose = Field(sa_type=text_enum(TokenPurpose, "purpose"))
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    user_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    event_id: int | None = Field(default=None, foreign_key="event.id")
    journal_id: int | None = Field(default=None, foreign_key="journal_entry.id")
    created_at: datetime
    expires_at: datetime | None = Field(default=None)
    used_at: datetime | None = Field(default=None)
    revoked_at: datetime | None = Field(default=None)
