"""What people set about themselves on the page of their account; operators also what they are told of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session

from gateway.catalogue import LANGUAGES, _
from gateway.errors import Invalid, NotFound
from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.people import Notices, Sender, Theme
from gateway.services import person_fields, search_upkeep

_PHONE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody as their own page shows them; the address and the company are not theirs to change."""

    email: str
    name: str
    phone: str
    language: str
    theme: Theme
    company: str
    cuit: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an operator is told of in one topic."""

    topic_id: int
    topic: str
    notices: Notices


def profile(session: Session, person: Sender) -> Profile:
    """Return a person's own data."""
    user, company = table_of(User).c, table_of(Company).c
    row = session.execute(
        select(
            user.email, user.name, user.phone, user.language, user.theme, company.name, company.cuit,
            user.created_at,
        )
        .select_from(table_of(User))
        .outerjoin(table_of(Company), company.id == user.company_id)
        .where(user.id == person.user_id)
    ).one()  # fmt: skip
    email, name, phone, language, theme, firm, cuit, created_at = row
    return Profile(email, name, phone or "", language, theme, firm or "", cuit or "", created_at)


def change(
    session: Session,
    person: Sender,
    *,
    name: str,
    phone: str,
    language: str,
    theme: str,
    shortcuts: bool,
) -> Theme:
    """Set what somebody wrote about themselves; return the theme. Invalid for what cannot be."""
    if language not in LANGUAGES or theme not in set(Theme):
        raise NotFound("language or theme")
    chosen = Theme(theme)
    values = {
        "name": person_fields.checked_name(name),
        "phone": checked_phone(phone) if phone.strip() else None,
        "language": language,
        "theme": chosen,
        "shortcuts": shortcuts,
    }
    user = table_of(User)
    session.execute(update(user).where(user.c.id == person.user_id).values(values))
    if values["name"] != person.name:
        search_upkeep.stale_person(session, person.user_id)
    return chosen


def set_language(session: Session, person: Sender, language: str) -> None:
    """Set in which language somebody reads our pages and mails."""
    user = table_of(User)
    session.execute(update(user).where(user.c.id == person.user_id).values(language=language))


def notices(session: Session, person: Sender) -> list[Chosen]:
    """Return what an operator is told of, topic by topic; the topics are those they answer."""
    topic, serving = table_of(Topic).c, table_of(TopicOperator).c
    rows = session.execute(
        select(topic.id, topic.name, serving.notices)
        .join_from(table_of(TopicOperator), table_of(Topic), topic.id == serving.topic_id)
        .where(serving.user_id == person.user_id)
        .order_by(topic.position, topic.name)
    )
    return [Chosen(*row) for row in rows]


def choose_notices(session: Session, person: Sender, chosen: Mapping[int, Notices]) -> None:
    """Set what an operator is told of, in topics they answer; others are left as they are."""
    serving = table_of(TopicOperator)
    for kind in Notices:
        topics = [topic for topic, wanted in chosen.items() if wanted is kind]
        session.execute(
            update(serving)
            .where(serving.c.user_id == person.user_id, serving.c.topic_id.in_(topics))
            .values(notices=kind)
        )


def checked_phone(raw_phone: str) -> str:
    """Return a telephone number as it was written; Invalid when it has too few digits to be one."""
    phone = person_fields.checked_phone(raw_phone) or ""
    if sum(character.isdigit() for character in phone) < _PHONE_DIGITS:
        raise Invalid("phone", _("Write a telephone number with its area code."))
    return phone
