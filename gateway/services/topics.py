"""Topics, and who serves them."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.mail.addresses import find_bounce_token, find_token, normal_form
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.people import UserStatus, is_staff

NAME_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class TopicLine:
    """A topic as a list shows it; operators by address, in the order they came."""

    name: str
    address: str | None
    operators: tuple[str, ...]
    default: bool


def add_topic(
    session: Session,
    name: str,
    *,
    address: str | None = None,
    operators: Sequence[str] = (),
    default: bool = False,
    reply_address: str,
    now: datetime,
) -> Topic:
    """Make a topic. The first becomes the default, and there is exactly one default ever after.

    `reply_address` is the template of our tokened addresses, none of which may be a topic's (L7).
    """
    name = _checked_name(session, name)
    address = _checked_address(session, address, reply_address) if address is not None else None
    serving = [_operator(session, email) for email in dict.fromkeys(operators)]
    first = session.execute(select(table_of(Topic).c.id).limit(1)).first() is None
    if default and not first:
        session.execute(update(Topic).values(is_default=False))
    topic = Topic(name=name, address=address, is_default=default or first, created_at=now)
    session.add(topic)
    session.flush()  # gives the topic its id
    session.add_all(TopicOperator(topic_id=topic.id, user_id=user_id) for user_id in dict.fromkeys(serving))
    session.flush()  # so that whoever looks next sees them
    return topic


def list_topics(session: Session) -> list[TopicLine]:
    """Return all topics, oldest first."""
    topic, serving, person = table_of(Topic), table_of(TopicOperator), table_of(User)
    operators: dict[int, list[str]] = {}
    for topic_id, email in session.execute(
        select(serving.c.topic_id, person.c.email)
        .join_from(serving, person, person.c.id == serving.c.user_id)
        .order_by(serving.c.topic_id, person.c.id)
    ):
        operators.setdefault(topic_id, []).append(email)
    rows = session.execute(
        select(topic.c.id, topic.c.name, topic.c.address, topic.c.is_default).order_by(topic.c.id)
    )
    return [
        TopicLine(row.name, row.address, tuple(operators.get(row.id, ())), row.is_default) for row in rows
    ]


def folded(name: str) -> str:
    """Return a topic's name as it is compared: `#tematica facturacion` means Facturación."""
    decomposed = unicodedata.normalize("NFKD", " ".join(name.split()).casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _checked_name(session: Session, raw_name: str) -> str:
    name = " ".join(raw_name.split())
    if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
        raise Invalid(
            "name", _("A topic's name has up to {count} characters on one line."), count=NAME_CHARACTERS
        )
    known = session.execute(select(table_of(Topic).c.name)).scalars()
    if folded(name) in map(folded, known):
        raise Invalid("name", _("There is a topic of this name already."))
    return name


def _checked_address(session: Session, raw_address: str, reply_address: str) -> str:
    """Return the normal form; refused are a person's address and one that looks like our tokens (L7)."""
    address = normal_form(raw_address)
    if address is None:
        raise Invalid("address", _("This is not an e-mail address."))
    if find_token(reply_address, address) or find_bounce_token(reply_address, address):
        raise Invalid("address", _("This address has the form of a reply address."))
    topic, person = table_of(Topic), table_of(User)
    if session.execute(select(topic.c.id).where(topic.c.address == address)).first():
        raise Invalid("address", _("Another topic has this address."))
    if session.execute(select(person.c.id).where(person.c.email == address)).first():
        raise Invalid("address", _("This is the address of a person."))
    return address


def _operator(session: Session, email: str) -> int:
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
