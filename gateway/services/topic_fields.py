"""What a topic may be called, which address it may have (L7), who may serve it."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.mail.addresses import find_bounce_token, find_token, normal_form
from gateway.mail.one_line import one_line
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.topics import Topic
from gateway.rules.people import UserStatus, is_staff
from gateway.rules.words import fold

NAME_CHARACTERS = 120
DESCRIPTION_CHARACTERS = 200


def checked_name(raw_name: str, others: Iterable[str]) -> str:
    """Return the name on one line; refused is one that only case or accents tell from another's."""
    name = " ".join(raw_name.split())
    if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
        raise Invalid(
            "name", _("Write a name of up to {count} characters on one line."), count=NAME_CHARACTERS
        )
    if fold(name) in map(fold, others):
        raise Invalid("name", _("There is a topic of this name already."))
    return name


def checked_description(raw_description: str) -> str:
    """Return what helps who writes to choose, on one line."""
    description = one_line(raw_description, DESCRIPTION_CHARACTERS + 1)
    if len(description) > DESCRIPTION_CHARACTERS:
        raise Invalid(
            "description", _("The description has up to {count} characters."), count=DESCRIPTION_CHARACTERS
        )
    return description


def checked_address(session: Session, raw_address: str, reply_address: str, own: str | None = None) -> str:
    """Return the normal form; refused are a person's address and one that looks like our tokens (L7)."""
    address = normal_form(raw_address)
    if address is None:
        raise Invalid("address", _("This is not an e-mail address. Write it like name@company.com."))
    if address == own:
        return address
    if find_token(reply_address, address) or find_bounce_token(reply_address, address):
        raise Invalid("address", _("This address has the form of a reply address."))
    topic, person = table_of(Topic), table_of(User)
    if session.execute(select(topic.c.id).where(topic.c.address == address)).first():
        raise Invalid("address", _("Another topic has this address."))
    if session.execute(select(person.c.id).where(person.c.email == address)).first():
        raise Invalid("address", _("This is the address of a person."))
    return address


def operator(session: Session, email: str) -> int:
    """Return the id of a confirmed operator or administrator."""
    person = table_of(User)
    found = session.execute(
        select(person.c.id, person.c.role, person.c.status).where(person.c.email == normal_form(email))
    ).first()
    if found is None:
        raise NotFound(email)
    if not is_staff(found.role) or found.status is not UserStatus.ACTIVE:
        raise Invalid("operator", _("This is not the address of a confirmed operator."))
    return int(found.id)
