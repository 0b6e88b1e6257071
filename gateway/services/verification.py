"""Is this mail yours? Asked of an operator whose mail shows all but a verified sender (T9).

The link holds 24 hours and once, and only for that operator, signed in. Until they say yes nothing
of the mail reaches a client and no command in it runs.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import exists, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.people import Token, TokenPurpose
from gateway.models.queues import JournalEntry
from gateway.models.tickets import Ticket
from gateway.rules import limits
from gateway.rules.admission import Decision, Outcome
from gateway.rules.people import Sender
from gateway.services import counters, held, links, notifications, threads
from gateway.services.desk import Desk
from gateway.services.letters import Letter
from gateway.tokens import hash_token

LIFE = timedelta(hours=24)
EXCERPT = 300
"""Characters of the mail that its operator is shown: enough to know it again."""


class State(StrEnum):
    """What a link can still do."""

    OPEN = "open"
    DECIDED = "decided"  # by this link or by an administrator
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Question:
    """What the page of a link shows."""

    state: State
    entry_id: int
    received_at: datetime
    ticket: int
    subject: str


def ask(
    session: Session, desk: Desk, ticket: Ticket, operator: Sender, letter: Letter, *, now: datetime
) -> None:
    """Mail the operator a link; once for each mail, and only if its one From is theirs.

    Whoever forges many gets the operator no more mails than some an hour: an administrator looks then.
    """
    entry = letter.entry
    if letter.mail.sender is None or _was_asked(session, entry.id):
        return
    if not counters.take(session, f"verify:{operator.user_id}", limits.VERIFICATIONS, now=now):
        return
    about = {"ticket_id": ticket.id, "journal_id": entry.id}
    token = links.issue(session, TokenPurpose.VERIFY, operator.user_id, LIFE, now=now, **about)
    excerpt = letter.mail.text.strip()
    if len(excerpt) > EXCERPT:
        excerpt = f"{excerpt[:EXCERPT].rstrip()} …"
    minutes = int(LIFE.total_seconds() // 60)
    notifications.ask_whether_own(
        session, desk, ticket, operator, token=token, minutes=minutes, excerpt=excerpt, now=now
    )


def question(session: Session, token: str, operator: Sender, *, now: datetime) -> Question:
    """Return what a link asks; NotFound for anybody but its operator, who still answers the ticket (C6)."""
    found = session.get(Token, hash_token(token))
    if found is None or found.purpose is not TokenPurpose.VERIFY or found.user_id != operator.user_id:
        raise NotFound("confirmation link")
    entry, ticket = session.get(JournalEntry, found.journal_id), session.get(Ticket, found.ticket_id)
    if entry is None or ticket is None or not threads.may_act(session, ticket, operator):
        raise NotFound("confirmation link")
    return Question(_state(found, entry, now=now), entry.id, entry.received_at, ticket.id, ticket.subject)


def confirm(session: Session, token: str, operator: Sender, *, now: datetime) -> Question:
    """Let the mail in as its operator's own. Of two who send the form only one does; see `state`."""
    asked = question(session, token, operator, now=now)
    if asked.state is not State.OPEN:
        return asked
    entry = held.lock(session, asked.entry_id)
    if entry.decision is not None or not links.use(session, token, now=now):
        raise NotFound("confirmation link")
    held.let_in(session, entry, Decision.ACCEPT, by=operator, now=now)
    return asked


def _state(token: Token, entry: JournalEntry, *, now: datetime) -> State:
    if token.used_at is not None or entry.decision is not None or entry.outcome is not Outcome.HELD:
        return State.DECIDED
    good = token.revoked_at is None and token.expires_at is not None and token.expires_at > now
    return State.OPEN if good else State.EXPIRED


def _was_asked(session: Session, entry_id: int) -> bool:
    token = table_of(Token)
    asked = exists().where(token.c.journal_id == entry_id, token.c.purpose == TokenPurpose.VERIFY)
    return bool(session.execute(select(asked)).scalar())
