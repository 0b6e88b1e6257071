"""The activity log: who did what, the newest first, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.site import AuditEntry, Deed
from gateway.rules.people import Role

PAGE = 50
BY_COMMAND = 0
"""What stands for the command line where a person's id would."""

ENTRY, PERSON = table_of(AuditEntry).c, table_of(User).c


@dataclass(frozen=True, slots=True)
class Done:
    """One deed. `actor` None: the command line."""

    id: int
    at: datetime
    actor_id: int
    actor: str | None
    deed: Deed
    subject: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """A page of deeds; `before` is the key of the next one."""

    lines: tuple[Done, ...]
    before: int | None


def page(
    session: Session, *, by: int | None = None, deed: Deed | None = None, before: int | None = None
) -> ActivityPage:
    """Return what was done, all of it or by one person (BY_COMMAND: the command line) or of one kind."""
    query = (
        select(
            ENTRY.id,
            ENTRY.at,
            ENTRY.actor_id,
            ENTRY.deed,
            ENTRY.subject,
            ENTRY.detail,
            PERSON.name,
            PERSON.email,
        )
        .outerjoin(table_of(User), PERSON.id == ENTRY.actor_id)
        .order_by(ENTRY.id.desc())
        .limit(PAGE + 1)
    )
    if by is not None:
        query = query.where(ENTRY.actor_id.is_(None) if by == BY_COMMAND else ENTRY.actor_id == by)
    if deed is not None:
        query = query.where(ENTRY.deed == deed)
    if before is not None:
        query = query.where(ENTRY.id < before)
    rows = session.execute(query).all()
    lines = tuple(
        Done(
            row.id,
            row.at,
            row.actor_id or BY_COMMAND,
            row.name or row.email,
            row.deed,
            row.subject,
            row.detail,
        )
        for row in rows[:PAGE]
    )
    return ActivityPage(lines, lines[-1].id if len(rows) > PAGE else None)


def actors(session: Session) -> list[tuple[int, str]]:
    """Return who may have done anything, by name: the administrators there are or were, and operators."""
    shown = func.coalesce(func.nullif(PERSON.name, ""), PERSON.email)
    staff = PERSON.role.in_((Role.OPERATOR, Role.ADMIN))
    rows = session.execute(select(PERSON.id, shown).where(staff).order_by(shown, PERSON.id))
    return [(row[0], row[1]) for row in rows]
