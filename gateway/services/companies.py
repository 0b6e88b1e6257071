"""Companies that are served, known by their CUIT."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session
from stdnum.ar import cuit as cuit_number
from stdnum.exceptions import ValidationError

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.mail.one_line import one_line
from gateway.models.columns import table_of
from gateway.models.people import Company
from gateway.models.site import Deed
from gateway.rules.people import Sender
from gateway.rules.words import fold
from gateway.services import audit, folded_search, search_upkeep

NAME_CHARACTERS = 200
LARGEST_ID = 2**31 - 1


def find_or_make(session: Session, raw_name: str | None, cuit: str | None, *, now: datetime) -> int | None:
    """Return the company of that CUIT, made when it is new; None when no company was given."""
    name = one_line(raw_name or "", NAME_CHARACTERS)
    if not name and not cuit:
        return None
    number = checked_cuit(cuit) if cuit else None
    if number is not None:
        company = table_of(Company)
        found = session.execute(select(company.c.id).where(company.c.cuit == number)).scalar()
        if found is not None:
            return int(found)
    if not name:
        raise Invalid("company", _("Write the name of the company."))
    if number is not None:
        return _of_cuit(session, name, number, now=now)
    made = Company(name=name, cuit=None, created_at=now)
    session.add(made)
    session.flush()  # gives the company its id
    return made.id


def _of_cuit(session: Session, name: str, number: str, *, now: datetime) -> int:
    """Make the company of a CUIT; another transaction may be quicker, then it is theirs."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {"name": name, "cuit": number, "created_at": now}
    session.execute(insert(Company).values(row).on_conflict_do_nothing())
    company = table_of(Company)
    return int(session.execute(select(company.c.id).where(company.c.cuit == number)).scalar_one())


def meant(
    session: Session, raw_name: str, raw_cuit: str, *, current: int | None, now: datetime
) -> int | None:
    """Return the company an administrator means: that of the CUIT, else the one of that very name.

    Made when there is none; None when both are empty. A name that several have says too little,
    unless one of them is the `current`.
    """
    name = one_line(raw_name, NAME_CHARACTERS)
    if name and not raw_cuit.strip():
        company = table_of(Company).c
        words = folded_search.words_of(name)
        rows = session.execute(
            select(company.id, company.name)
            .where(folded_search.may_match(words, (company.name,)))
            .limit(folded_search.LOOKED_AT)
        )
        same = [row.id for row in rows if fold(row.name) == fold(name)]
        if current in same:
            return current
        if len(same) > 1:
            raise Invalid("company", _("Several companies have this name. Give its CUIT."))
        if same:
            return int(same[0])
    return find_or_make(session, name, raw_cuit.strip(), now=now)


def change(session: Session, company_id: int, *, name: str, cuit: str, by: Sender, now: datetime) -> Company:
    """Correct the name and the CUIT of a company."""
    company = found(session, company_id)
    new_name = one_line(name, NAME_CHARACTERS)
    if not new_name:
        raise Invalid("name", _("Write the name of the company."))
    number = checked_cuit(cuit) if cuit.strip() else None
    table = table_of(Company).c
    other = select(table.id).where(table.cuit == number, table.id != company.id)
    if number is not None and session.execute(other).first():
        raise Invalid("cuit", _("Another company has this CUIT. If they are the same one, merge them."))
    if (new_name, number) != (company.name, company.cuit):
        company.name, company.cuit = new_name, number
        session.flush()  # so that whoever looks next sees it
        search_upkeep.stale_company(session, company.id)
        audit.note(session, Deed.COMPANY_CHANGED, new_name, by=by, now=now, cuit=number)
    return company


def found(session: Session, company_id: int) -> Company:
    """Return a company, held until the end of the transaction."""
    if not 0 < company_id <= LARGEST_ID:
        raise NotFound("company")
    company = session.get(Company, company_id, populate_existing=True, with_for_update={"key_share": True})
    if company is None:
        raise NotFound("company")
    return company


def checked_cuit(raw_cuit: str) -> str:
    """Return the 11 digits of a CUIT whose check digit is right."""
    try:
        return cuit_number.validate(raw_cuit)
    except ValidationError:
        shown = one_line(raw_cuit, 20)
        raise Invalid("cuit", _("The CUIT {cuit} is not valid. Check its 11 numbers."), cuit=shown) from None
