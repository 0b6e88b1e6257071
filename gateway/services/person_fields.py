"""What administrators may write about a person, checked; and finding the person they mean."""

from sqlmodel import Session

from gateway.catalogue import LANGUAGES, _
from gateway.errors import Invalid, NotFound
from gateway.mail.one_line import one_line
from gateway.models.people import User

NAME_CHARACTERS = 200
PHONE_CHARACTERS = 60
LARGEST_ID = 2**31 - 1


def checked_name(raw_name: str) -> str:
    """Return a name on one line; there has to be one."""
    name = one_line(raw_name, NAME_CHARACTERS)
    if not name:
        raise Invalid("name", _("Write the name."))
    return name


def checked_phone(raw_phone: str) -> str | None:
    """Return a telephone number as it was written; None for none. Letters may tell an extension."""
    phone = one_line(raw_phone, PHONE_CHARACTERS + 1)
    if len(phone) > PHONE_CHARACTERS:
        raise Invalid("phone", _("The phone has up to {count} characters."), count=PHONE_CHARACTERS)
    return phone or None


def checked_language(language: str) -> str:
    """Return a language we speak."""
    if language not in LANGUAGES:
        raise Invalid("language", _("Choose one of the languages."))
    return language


def found(session: Session, user_id: int) -> User:
    """Return a person, held until the end of the transaction so that nobody changes them meanwhile."""
    if not 0 < user_id <= LARGEST_ID:
        raise NotFound("person")
    user = session.get(User, user_id, populate_existing=True, with_for_update={"key_share": True})
    if user is None:
        raise NotFound("person")
    return user
