"""The installation itself: what administrators set, who did what, which forms were used."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from gateway.models.columns import text_enum


class Setting(SQLModel, table=True):
    """One thing administrators set on a page and not in the configuration: the site's name, its hours."""

    name: str = Field(primary_key=True, max_length=60)
    value: str = Field(max_length=2000)
    updated_at: datetime


class Deed(StrEnum):
    """What an administrator, or the command line, did that somebody may ask about later."""

    SET_UP = "set_up"
    SITE_CHANGED = "site_changed"
    TOPIC_ADDED = "topic_added"
    TOPIC_CHANGED = "topic_changed"
    USER_ADDED = "user_added"
    USER_CHANGED = "user_changed"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    RESET_STARTED = "reset_started"
    COMPANY_CHANGED = "company_changed"
    COMPANIES_MERGED = "companies_merged"
    MAIL_ACCEPTED = "mail_accepted"
    MAIL_DISCARDED = "mail_discarded"
    MAIL_RETRIED = "mail_retried"
    MAIL_GIVEN_UP = "mail_given_up"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  a deed
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"


class AuditEntry(SQLModel, table=True):
    """Who did what to whom or what, append-only. Never a text, a password or a token (C7)."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_at", "at", "id"),)

    id: int = Field(default=None, primary_key=True)
    at: datetime
    actor_id: int | None = Field(default=None, foreign_key="person.id")  # None: the command line
    deed: Deed = Field(sa_type=text_enum(Deed, "deed"))
    subject: str = Field(max_length=320)  # an address, a name, the number of a mail
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class UsedForm(SQLModel, table=True):
    """The one-time key of a form that was sent, and where its answer led: a second click goes there (E10)."""

    __tablename__ = "used_form"

    key: str = Field(primary_key=True, max_length=64)
    location: str = Field(default="", max_length=2000)
    notice: str = Field(default="", max_length=500)
    created_at: datetime = Field(index=True)
