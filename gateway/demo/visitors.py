"""The three accounts a visitor is told of, with passwords that are new each time the demo starts."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from gateway.demo.fill import SignIn
from gateway.errors import NotFound
from gateway.services import accounts, passwords, topics

WORDS = (
    "alero", "bandurria", "calden", "damajuana", "empanada", "fogata", "gorrion", "hornero", "isleta",
    "jagua", "lapacho", "mazamorra", "nandubay", "omboe", "pejerrey", "quebracho", "rancho", "surubi",
    "tacuara", "urraca", "vidala", "yacare", "zamba", "algarrobo", "boleadora", "churrasco", "delta",
    "estancia", "frutilla", "guitarra", "hamaca", "ladera", "lechuza", "milonga", "nogal", "palenque",
    "querencia", "rebenque", "senda", "tormenta",
)  # fmt: skip
WORDS_EACH = 4


@dataclass(frozen=True, slots=True)
class Pass:
    """An account with a password of its own. The password is shown once, and only its hash is kept."""

    account: SignIn
    password: str
    hashed: str


def make_passes(wanted: Sequence[SignIn]) -> tuple[Pass, ...]:
    """Make a password for each account; hashing takes a while on purpose, so no transaction is open."""
    made = []
    for each in wanted:
        password = (
            "-".join(secrets.choice(WORDS) for _ in range(WORDS_EACH)) + f"-{secrets.randbelow(900) + 100}"
        )
        made.append(Pass(each, password, passwords.hash_password(password)))
    return tuple(made)


def is_filled(session: Session, wanted: Sequence[SignIn]) -> bool:
    """Whether this is the database of a demo; False for an empty one. NotFound where something else is."""
    known = [accounts.find_by_email(session, each.email) is not None for each in wanted]
    if not any(known) and (accounts.list_users(session) or topics.list_topics(session)):
        raise NotFound(wanted[0].email)
    return all(known)


def let_in(session: Session, passes: Sequence[Pass], *, now: datetime) -> None:
    """Give each account its password as a forgotten one is given: sessions of the last visit end."""
    for each in passes:
        user = accounts.find_by_email(session, each.account.email)
        if user is None:
            raise NotFound(each.account.email)
        token, _ = accounts.start_reset(session, user, now=now)
        accounts.set_password(session, token, each.hashed, now=now)
