"""Mail that claims to come from our own people, and does not prove it (invariants T15)."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.topics import TopicOperator
from gateway.rules.people import UserStatus
from gateway.services.statements import run

PUBLIC = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "outlook.com.ar", "outlook.es", "hotmail.com",
    "hotmail.com.ar", "hotmail.es", "live.com", "live.com.ar", "msn.com", "yahoo.com", "yahoo.com.ar",
    "yahoo.es", "ymail.com", "icloud.com", "me.com", "mac.com", "aol.com", "proton.me", "protonmail.com",
    "gmx.com", "gmx.net", "gmx.es", "zoho.com", "mail.com", "yandex.com", "tutanota.com", "fastmail.com",
    "fibertel.com.ar", "speedy.com.ar", "arnet.com.ar", "ciudad.com.ar", "telecentro.com.ar",
    "uolsinectis.com.ar",
})  # fmt: skip
"""Domains where anybody gets an address: an operator's address there says nothing of the others."""

PERSON, SERVING = table_of(User).c, table_of(TopicOperator).c
ADDRESSES = (
    select(PERSON.email)
    .join(table_of(TopicOperator), SERVING.user_id == PERSON.id)
    .where(PERSON.status == UserStatus.ACTIVE)
    .distinct()
)


def claimed(session: Session, addresses: Iterable[str]) -> frozenset[str]:
    """Return those of these addresses that are of a domain our operators write from; one query at most."""
    possible = {each for each in addresses if each and _domain(each) not in PUBLIC}
    ours = {_domain(each) for each in run(session, ADDRESSES).scalars()} if possible else set()
    return frozenset(each for each in possible if _domain(each) in ours)


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
