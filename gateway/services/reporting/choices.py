"""What a report can be narrowed to: topics, who is or was of the team, and companies, by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import Session

from gateway.errors import Invalid, InvalidForm
from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.topics import Topic
from gateway.rules.people import Role
from gateway.rules.words import fold
from gateway.services import company_lists, topic_lists
from gateway.services.reporting.report import NO_COMPANY, Filters

OFFERED = 200
"""Companies offered by name, the newest; any other is found when its name is typed in."""

NAMED = 5
"""Companies named when a name is that of several."""

TOPIC, PERSON, COMPANY = table_of(Topic).c, table_of(User).c, table_of(Company).c


@dataclass(frozen=True, slots=True)
class Named:
    """One of several to choose from."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form of a report offers."""

    topics: Sequence[Named]
    operators: Sequence[Named]
    companies: Sequence[str]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The names of the filters that are on; None: it is off. Of no company the name is empty."""

    topic: str | None = None
    operator: str | None = None
    company: str | None = None


def choices(session: Session) -> Choices:
    """Return what can be chosen."""
    team = session.execute(select(PERSON.id, PERSON.name, PERSON.email).where(PERSON.role != Role.CLIENT))
    newest = session.execute(select(COMPANY.name).order_by(COMPANY.id.desc()).limit(OFFERED)).scalars()
    return Choices(
        topics=[Named(each.id, each.name) for each in topic_lists.names(session)],
        operators=sorted((Named(row.id, row.name or row.email) for row in team), key=_order),
        companies=sorted(newest, key=fold),
    )


def chosen(session: Session, filters: Filters) -> Chosen:
    """Return the names of the filters that are on; raises InvalidForm for what is not there."""
    problems: list[Invalid] = []

    def name(field: str, number: int | None, statement: Select[Any]) -> str | None:
        if number is None:
            return None
        row = session.execute(statement).first()
        if row is None:
            problems.append(Invalid(field, "Choose one from the list."))
            return None
        return next((text for text in row if text), "")

    found = Chosen(
        topic=name("tematica", filters.topic, select(TOPIC.name).where(TOPIC.id == filters.topic)),
        operator=name(
            "operador",
            filters.operator,
            select(PERSON.name, PERSON.email).where(PERSON.id == filters.operator),
        ),
        company=""
        if filters.company == NO_COMPANY
        else name("empresa", filters.company, select(COMPANY.name).where(COMPANY.id == filters.company)),
    )
    if problems:
        raise InvalidForm(problems)
    return found


def company_named(session: Session, text: str) -> int:
    """Return the one company that has a name, or holds its words in name or CUIT; raises Invalid."""
    found = company_lists.page(session, text)
    same = [each for each in found.lines if fold(each.name) == fold(text)] or found.lines
    if not same:
        raise Invalid("empresa", "There is no company with this name. Choose one from the list.")
    if len(same) > 1:
        names = ", ".join(dict.fromkeys(each.name for each in same[:NAMED]))
        raise Invalid(
            "empresa",
            "Several companies are called like this: {names}. Write the whole name or the CUIT.",
            names=names,
        )
    return same[0].id


def _order(named: Named) -> tuple[str, int]:
    return fold(named.name), named.id
