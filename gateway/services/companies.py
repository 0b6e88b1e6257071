"""Companies that are served, known by their CUIT."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session
from stdnum.ar import cuit as cuit_number
from stdnum.exceptions import ValidationError

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.mail.one_line import one_line
from gateway.models.columns import table_of
from gateway.models.people import Company

NAME_CHARACTERS = 200


def find_or_make(session: Session, raw_name: str | None, cuit: str | None, *, now: datetime) -> int | None:
    """Return the company of that CUIT, made when it is new; None when no company was given."""
    name = one_line(raw_name or "", NAME_CHARACTERS)
    if not name and not cuit:
        return None
    number = _checked_cuit(cuit) if cuit else None
    if number is not None:
        company = table_of(Company)
        found = session.execute(select(company.c.id).where(company.c.cuit == number)).scalar()
        if found is not None:
            return int(found)
    if not name:
        raise Invalid("company", _("Write the name of the company."))
    made = Company(name=name, cuit=number, created_at=now)
    session.add(made)
    session.flush()  # gives the company its id
    return made.id


def _checked_cuit(raw_cuit: str) -> str:
    try:
        return cuit_number.validate(raw_cuit)
    except ValidationError:
        shown = one_line(raw_cuit, 20)
        raise Invalid("cuit", _("The CUIT {cuit} is not valid. Check its 11 numbers."), cuit=shown) from None
