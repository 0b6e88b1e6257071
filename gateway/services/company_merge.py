"""Two companies that are one: its people come together under the one that stays."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.site import Deed
from gateway.rules.people import Sender
from gateway.services import audit, companies, search_upkeep

TWO_CUITS = _(
    "These two have different CUITs, so they are not one company. Correct the wrong CUIT first if they are."
)


@dataclass(frozen=True, slots=True)
class Merged:
    """What stayed and how many people came to it."""

    name: str
    people: int


def are_one(cuit: str | None, other_cuit: str | None) -> bool:
    """Whether two companies may be one: two CUITs are two companies."""
    return cuit is None or other_cuit is None or cuit == other_cuit


def merge(session: Session, kept_id: int, gone_id: int, *, by: Sender, now: datetime) -> Merged:
    """Give the people of one company, and its CUIT when the other has none, to the other; it is gone then."""
    if kept_id == gone_id:
        raise NotFound("company")
    held = {each: companies.found(session, each) for each in sorted((kept_id, gone_id))}
    kept, gone = held[kept_id], held[gone_id]
    if not are_one(kept.cuit, gone.cuit):
        raise Invalid("otra", TWO_CUITS)
    person, company = table_of(User).c, table_of(Company).c
    name, cuit = gone.name, kept.cuit or gone.cuit
    people = session.execute(
        select(func.count()).select_from(table_of(User)).where(person.company_id == gone_id)
    ).scalar_one()
    session.execute(update(User).where(person.company_id == gone_id).values(company_id=kept_id))
    session.expunge(gone)
    session.execute(delete(Company).where(company.id == gone_id))
    kept.cuit = cuit
    session.flush()  # so that whoever looks next sees it
    search_upkeep.stale_company(session, kept_id)
    audit.note(
        session, Deed.COMPANIES_MERGED, kept.name, by=by, now=now, gone=name, people=int(people), cuit=cuit
    )
    return Merged(kept.name, int(people))
