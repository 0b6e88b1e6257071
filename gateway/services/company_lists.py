"""Companies as the pages of administration show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.tickets import Ticket
from gateway.rules.lifecycle import Status
from gateway.services import companies, folded_search

PAGE = 25

COMPANY, PERSON, TICKET = table_of(Company).c, table_of(User).c, table_of(Ticket).c


@dataclass(frozen=True, slots=True)
class CompanyShown:
    """A company with how many people it has and how many of their requests are open."""

    id: int
    name: str
    cuit: str | None
    people: int
    open: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `after` leads on: to the next page, or, when the search stopped, further."""

    lines: Sequence[CompanyShown]
    after: int | None


def page(session: Session, query: str, *, after: int | None = None) -> Page:
    """Return a page of the companies whose name or CUIT hold all words, the newest first."""
    words = folded_search.words_of(query)
    conditions = [COMPANY.id < after] if after is not None else []
    if words:
        conditions.append(folded_search.may_match(words, (COMPANY.name, COMPANY.cuit)))
    limit = folded_search.LOOKED_AT if words else PAGE + 1
    rows = session.execute(
        select(COMPANY.id, COMPANY.name, COMPANY.cuit)
        .where(*conditions)
        .order_by(COMPANY.id.desc())
        .limit(limit)
    )
    chosen: list[tuple[int, str, str | None]] = []
    looked_at, last, more = 0, None, None
    for row in rows:
        if folded_search.matches(words, row.name, row.cuit):
            if len(chosen) == PAGE:
                more = chosen[-1][0]
                break
            chosen.append((row.id, row.name, row.cuit))
        looked_at, last = looked_at + 1, row.id
    if more is None and words and looked_at == limit:
        more = last
    return Page(_counted(session, chosen), more)


def one(session: Session, company_id: int) -> CompanyShown:
    """Return one company."""
    if not 0 < company_id <= companies.LARGEST_ID:
        raise NotFound("company")
    row = session.execute(
        select(COMPANY.id, COMPANY.name, COMPANY.cuit).where(COMPANY.id == company_id)
    ).first()
    if row is None:
        raise NotFound("company")
    return _counted(session, [(row.id, row.name, row.cuit)])[0]


def _counted(session: Session, rows: Iterable[tuple[int, str, str | None]]) -> list[CompanyShown]:
    chosen = list(rows)
    ids = [each[0] for each in chosen]
    counted = select(PERSON.company_id, func.count()).where(PERSON.company_id.in_(ids))
    people = {row[0]: int(row[1]) for row in session.execute(counted.group_by(PERSON.company_id))}
    waiting = session.execute(
        select(PERSON.company_id, func.count())
        .join_from(table_of(User), table_of(Ticket), TICKET.requester_id == PERSON.id)
        .where(PERSON.company_id.in_(ids), TICKET.status != Status.CLOSED)
        .group_by(PERSON.company_id)
    )
    still_open = {row[0]: int(row[1]) for row in waiting}
    return [CompanyShown(*each, people.get(each[0], 0), still_open.get(each[0], 0)) for each in chosen]
