"""For whom the files of a report are made, and what is said of it above its figures."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlmodel import Session

from gateway.catalogue import Translator, _, translator
from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.topics import Topic
from gateway.services.reporting.report import NO_COMPANY, Filters
from gateway.services.reporting.words import ReportWords


@dataclass(frozen=True, slots=True)
class Named:
    """What a report is filtered by, in words; None: by nothing of the kind. `site`: whose report it is."""

    site: str
    topic: str | None = None
    operator: str | None = None
    company: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom files are made: their language, the clock of the site, the time of making."""

    language: str
    zone: ZoneInfo
    now: datetime

    @property
    def say(self) -> Translator:
        return translator(self.language)

    @property
    def words(self) -> ReportWords:
        return ReportWords(self.language, self.say)

    def clock(self, moment: datetime | None) -> datetime | None:
        """What the clock of the site said, without its zone: files know none."""
        if moment is None:
            return None
        return moment.astimezone(self.zone).replace(tzinfo=None, second=0, microsecond=0)


def named(session: Session, filters: Filters, reader: Reader, site: str) -> Named:
    """Look up what filters are called; NotFound when there is none of that number."""
    topic, person, company = table_of(Topic).c, table_of(User).c, table_of(Company).c
    shown = func.coalesce(func.nullif(person.name, ""), person.email)
    wanted = (
        (filters.topic, topic.id, topic.name),
        (filters.operator, person.id, shown),
        (filters.company or None, company.id, company.name),
    )
    columns = [select(name).where(key == number).scalar_subquery() for number, key, name in wanted]
    found = list(session.execute(select(*columns)).one())
    if any(name is None for (number, *_of), name in zip(wanted, found, strict=True) if number is not None):
        raise NotFound("filter of a report")
    if filters.company == NO_COMPANY:
        found[2] = reader.say(_("No company"))
    return Named(site, *found)
