"""Who is meant exactly: an address names one client, a CUIT or a name in quotes one company.

What is typed into these filters is looked for word by word (services/search). Another who has the same words
is left out here, so that a link can lead to what this client or this company asked, and nobody else.
"""

from sqlalchemy import ColumnElement, select

from gateway.errors import Invalid
from gateway.mail.addresses import normal_form
from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.tickets import Ticket
from gateway.services.companies import checked_cuit

_REQUESTER, _PERSON, _COMPANY = table_of(Ticket).c.requester_id, table_of(User).c, table_of(Company).c
_PEOPLE = select(_PERSON.id)
_OF_COMPANIES = _PEOPLE.join_from(table_of(User), table_of(Company), _COMPANY.id == _PERSON.company_id)


def conditions(client: str, company: str) -> list[ColumnElement[bool]]:
    """Return what the requester of a ticket must fulfil besides the words of both filters."""
    found: list[ColumnElement[bool]] = []
    address = normal_form(client)
    if address is not None and "." in address.partition("@")[2]:  # half an address is words
        found.append(_REQUESTER.in_(_PEOPLE.where(_PERSON.email == address)))
    if (number := _cuit(company)) is not None:
        found.append(_REQUESTER.in_(_OF_COMPANIES.where(_COMPANY.cuit == number)))
    elif (name := company[1:-1]) and company == quoted(name) and name.isprintable():
        found.append(_REQUESTER.in_(_OF_COMPANIES.where(_COMPANY.name == name)))
    return found


def quoted(name: str) -> str:
    """The name of a company that is known by no CUIT, as a filter that finds that very name."""
    return f'"{name}"'


def _cuit(text: str) -> str | None:
    try:
        return checked_cuit(text)
    except Invalid:
        return None
