"""How many requests an address, or a domain nobody vouches for, may open (B5).

They are counted where a request is opened, and past the rate the mail is held there. A door that can
leave mail for later asks before how many more there may be, so that little comes to that.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import Door, JournalEntry
from gateway.rules import limits
from gateway.rules.people import Verdict
from gateway.services import counters


@dataclass(frozen=True, slots=True)
class Room:
    """How many more requests there may be now, by address and by domain."""

    addresses: dict[str, int]
    domains: dict[str, int]

    def take(self, email: str, *, vouched: bool) -> bool:
        """Take one of them, unless none is left. Who is `vouched` for is not counted with their domain."""
        domain = _domain(email)
        if self.addresses[email] < 1 or (not vouched and self.domains[domain] < 1):
            return False
        self.addresses[email] -= 1
        self.domains[domain] -= 0 if vouched else 1
        return True


def admit(session: Session, entry: JournalEntry, email: str, verdict: Verdict, *, now: datetime) -> bool:
    """Whether a mail may open a request; counts it if so.

    What the administrator hands in, and held mail that somebody decided on, is under no rate.
    """
    if entry.door is Door.INGEST or entry.decision is not None:
        return True
    caps = {_address_key(email): list(limits.TICKETS_PER_ADDRESS)}
    if verdict is not Verdict.PASS:
        caps[_domain_key(_domain(email))] = [limits.PER_UNVERIFIED_DOMAIN]
    if not counters.all_allow(session, caps, now=now):
        return False
    counters.count(session, *caps, now=now)
    return True


def admit_form(session: Session, email: str, *, now: datetime) -> bool:
    """Whether somebody signed in may open one more; counts it if so. It is the rate their mail has."""
    return counters.take(session, _address_key(email), *limits.TICKETS_PER_ADDRESS, now=now)


def admit_reply(session: Session, email: str, *, now: datetime) -> bool:
    """Whether a client may write one more message on the web; counts it if so."""
    return counters.take(session, f"replies:{email}", limits.REPLIES_PER_CLIENT, now=now)


def room(session: Session, emails: Collection[str], *, now: datetime) -> Room:
    """Return how much is left for these addresses, with what waits in the journal counted, too."""
    waiting = _waiting(session, emails)
    left = dict.fromkeys(emails, limits.TICKETS_PER_ADDRESS_DAY.count)
    for rate in limits.TICKETS_PER_ADDRESS:
        so_far = counters.all_so_far(session, [_address_key(email) for email in emails], rate.period, now=now)
        for email in left:
            used = so_far.get(_address_key(email), 0) + waiting.get(email, 0)
            left[email] = min(left[email], rate.count - used)
    rate = limits.PER_UNVERIFIED_DOMAIN
    names = {_domain(email): _domain_key(_domain(email)) for email in emails}
    so_far = counters.all_so_far(session, names.values(), rate.period, now=now)
    return Room(left, {domain: rate.count - so_far.get(key, 0) for domain, key in names.items()})


def _waiting(session: Session, emails: Collection[str]) -> dict[str, int]:
    entry = table_of(JournalEntry).c
    rows = session.execute(
        select(entry.from_address, func.count())
        .where(entry.due_at.is_not(None), entry.outcome.is_(None), entry.from_address.in_(list(emails)))
        .group_by(entry.from_address)
    )
    return {row[0]: row[1] for row in rows}


def _domain(email: str) -> str:
    return email.rpartition("@")[2]


def _address_key(email: str) -> str:
    return f"tickets:{email}"


def _domain_key(domain: str) -> str:
    return f"tickets-domain:{domain}"
