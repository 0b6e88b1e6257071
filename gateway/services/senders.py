"""Finding or enrolling who wrote a mail."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from gateway.mail.addresses import Address
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.rules.people import Role, Sender, UserStatus, Verdict
from gateway.services.desk import Desk
from gateway.services.statements import run

PERSON = table_of(User).c
KNOWN = select(PERSON.id, PERSON.email, PERSON.name, PERSON.role, PERSON.status).where(
    PERSON.email.in_(bindparam("emails", expanding=True))
)


def identify(session: Session, address: Address, verdict: Verdict) -> Sender | None:
    """Return who a mail is from, or None for somebody unknown. From is its only identity (T7)."""
    known = _known(session, [address.email]).get(address.email)
    return known.with_verdict(verdict) if known else None


def enrol(session: Session, desk: Desk, addresses: Iterable[Address], *, now: datetime) -> list[Sender]:
    """Return the users of these addresses, in order; the unknown become provisional clients."""
    wanted = {address.email: address for address in addresses}
    found = _known(session, wanted)
    unknown = [email for email in wanted if email not in found]
    if unknown:
        rows = [_provisional(desk, wanted[email], now=now) for email in unknown]
        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        session.execute(insert(User).on_conflict_do_nothing(), rows)  # another worker may be quicker
        found |= _known(session, unknown)
    return [found[email] for email in wanted]


def _provisional(desk: Desk, address: Address, *, now: datetime) -> dict[str, object]:
    return {
        "email": address.email,
        "name": address.name[:200],
        "role": Role.CLIENT,
        "status": UserStatus.PROVISIONAL,
        "language": desk.site.language,
        "created_at": now,
    }


def _known(session: Session, emails: Iterable[str]) -> dict[str, Sender]:
    rows = run(session, KNOWN, emails=list(emails))
    return {row.email: Sender(row.id, row.email, row.name, row.role, row.status) for row in rows}
