"""The team as the pages of administration show it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.people import User, WebSession
from gateway.models.topics import TopicOperator
from gateway.rules.people import Role, UserStatus
from gateway.services import handover, topic_lists


@dataclass(frozen=True, slots=True)
class Member:
    """An operator or administrator; `seen_at`: when a browser of theirs that is signed in was last here."""

    id: int
    email: str
    name: str
    role: Role
    status: UserStatus
    has_password: bool
    topics: Sequence[str]
    topic_ids: frozenset[int]
    open: int
    seen_at: datetime | None

    @property
    def shown(self) -> str:
        return self.name or self.email


def every(session: Session) -> list[Member]:
    """Return the team: who is active first, administrators first, by name."""
    found = _members(session)
    order = {Role.ADMIN: 0, Role.OPERATOR: 1}
    return sorted(
        found,
        key=lambda each: (
            each.status is UserStatus.DISABLED,
            order.get(each.role, 2),
            each.shown.casefold(),
            each.id,
        ),
    )


def one(session: Session, user_id: int) -> Member:
    """Return one of the team."""
    found = next((each for each in _members(session) if each.id == user_id), None)
    if found is None:
        raise NotFound("operator")
    return found


def _members(session: Session) -> list[Member]:
    person = table_of(User).c
    rows = session.execute(
        select(
            person.id,
            person.email,
            person.name,
            person.role,
            person.status,
            person.password_hash.is_not(None).label("has_password"),
        ).where(person.role != Role.CLIENT)
    ).all()
    ids = [row.id for row in rows]
    serving, waiting, seen = _serving(session), handover.open_of(session, ids), last_seen(session, ids)
    names = {each.id: each.name for each in topic_lists.names(session)}
    return [
        Member(
            id=row.id,
            email=row.email,
            name=row.name,
            role=row.role,
            status=row.status,
            has_password=row.has_password,
            topics=[name for topic, name in names.items() if topic in serving.get(row.id, ())],
            topic_ids=frozenset(serving.get(row.id, ())),
            open=waiting.get(row.id, 0),
            seen_at=seen.get(row.id),
        )
        for row in rows
    ]


def last_seen(session: Session, user_ids: Iterable[int]) -> dict[int, datetime]:
    """Return when each of these people last used a browser that is signed in still."""
    row = table_of(WebSession).c
    found = session.execute(
        select(row.user_id, func.max(row.seen_at))
        .where(row.user_id.in_(list(user_ids)))
        .group_by(row.user_id)
    )
    return {each[0]: each[1] for each in found}


def _serving(session: Session) -> dict[int, set[int]]:
    table = table_of(TopicOperator).c
    found: dict[int, set[int]] = {}
    for row in session.execute(select(table.topic_id, table.user_id)):
        found.setdefault(row.user_id, set()).add(row.topic_id)
    return found
